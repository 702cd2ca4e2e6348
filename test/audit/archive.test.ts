import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArchive } from '../../src/audit/archive-file.ts';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { proofOfEntry, proofOfGrowth } from '../../src/audit/proof.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { archiveBefore, restoreArchive } from '../../src/flow/audit/archive.ts';
import { beginExport, restartExport } from '../../src/store/audit-exports.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { tamper } from './tamper.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-archive-'));
const key = newSigningKey('latchkey.example/audit');
const keys = logKeysOf(key)();
const before = new Date('2025-01-01T00:00:00Z');

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await write(600, '2024-05-05T05:05:05.123Z');
  await write(300, '2025-05-05T05:05:05Z');
});
afterAll(async () => {
  await fresh.close();
  rmSync(folder, { recursive: true });
});

async function write(count: number, at: string): Promise<void> {
  await sql`insert into audit (at, type, change_id, actor, data)
    select ${at}, 'changeApproved', gen_random_uuid(), '{"part":"slack"}', jsonb_build_object('why', 'Zoë 🚀 said "so"', 'n', n / 7.0)
    from generate_series(1, ${count}::int) n`.execute(db);
  await seal();
}

async function seal(): Promise<void> {
  for (;;) {
    await sealAudit(db);
    const { rows } = await sql<{ all: string }>`select count(*) as all from audit where not exists
      (select from audit_seals s where s.audit_id = audit.id)`.execute(db);
    if (rows[0]?.all === '0') break;
    await sleep(5);
  }
  await createCheckpoints(() => keys)(db);
}

const count = async () =>
  Number((await sql<{ n: string }>`select count(*) as n from audit`.execute(db)).rows[0]?.n);
const file = () => join(folder, readdirSync(folder)[0] ?? '');
const check = () => verifyAudit(db, { keys });

describe('a segment of the audit', () => {
  test('that was tampered with does not leave', async () => {
    await tamper(db, `update audit set type = 'x' where id = 77`);
    expect(await archiveBefore(db, { before, folder, keys })).toMatchObject({
      archived: [],
      why: /not as it was/,
    });
    await tamper(db, `update audit set type = 'changeApproved' where id = 77`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that a SIEM has not got does not leave', async () => {
    await beginExport(db, 'https', 511);
    expect(await archiveBefore(db, { before, folder, keys })).toMatchObject({
      archived: [],
      why: expect.stringMatching(
        /^https has been sent the audit up to entry 511 only.*resend --from 513 https/,
      ),
    });
    expect(readdirSync(folder)).toEqual([]);
    await restartExport(db, 'https', 512);
  });

  test('leaves whole blocks at a time, and the audit says so', async () => {
    const { archived, why } = await archiveBefore(db, { before, folder, keys });
    expect(why).toBeUndefined();
    expect(archived).toEqual([
      { first: 1, last: 512, path: join(folder, 'audit-000000000001-000000000512.jsonl') },
    ]);
    expect(await count()).toBe(900 - 512 + 1);
    const { rows } = await sql<{ data: object }>`select data from audit where type = 'auditArchived'`.execute(
      db,
    );
    expect(rows).toEqual([
      { data: { first: 1, last: 512, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ]);
    // Once more nothing is left to do.
    expect(await archiveBefore(db, { before, folder, keys })).toEqual({ archived: [] });
  });

  test('still verifies: what is left in the table, and the file without a database', async () => {
    await seal();
    expect(await check()).toMatchObject({ entries: 901, signed: 901, archived: 512 });
    const read = await readArchive(file(), keys);
    expect(read).toMatchObject({ isSigned: true, head: { first: 1, last: 512 }, tree: { size: 900 } });
    if ('why' in read) throw new Error(read.why);
    expect(await verifyAudit(db, { keys, known: [read.head.checkpoint] })).toMatchObject({ archived: 512 });
  });

  test('leaves the tree as it is: what stays is proven, and that it only grew', async () => {
    expect(await proofOfEntry(db, '700')).toMatchObject({ size: 901 });
    expect(await proofOfGrowth(db, 100, 901)).not.toHaveLength(0);
    await write(300, '2025-06-01T00:00:00Z');
    expect(await check()).toMatchObject({ entries: 1201, signed: 1201, archived: 512 });
  });

  const whole = () => readFileSync(file(), 'utf8');
  test.each([
    ['an entry changed', (text: string) => text.replace('"n":1,', '"n":2,')],
    ['a line gone', (text: string) => text.split('\n').toSpliced(9, 1).join('\n')],
    ['two lines swapped', (text: string) => text.replace(/\n(.*)\n(.*)\n/, '\n$2\n$1\n')],
    ['the end cut', (text: string) => text.slice(0, -20)],
    ['a line more', (text: string) => `${text}{}\n`],
    ['another checkpoint', (text: string) => text.replace('\\n900\\n', '\\n901\\n')],
    ['no signature of ours', (text: string) => text.replace(/— latchkey\.example\/audit \S{20}/, '$&A')],
    ['another hash beside it', (text: string) => text.replace(/"after":\["./, '"after":["B')],
    ['another range', (text: string) => text.replace('"last":512', '"last":513')],
    ['no head', (text: string) => text.slice(text.indexOf('\n') + 1)],
    ['nothing', () => ''],
  ])('is refused with %s, and nothing of it is put back', async (_what, change) => {
    const other = join(folder, 'other.jsonl');
    const text = change(whole());
    expect(text).not.toBe(whole());
    writeFileSync(other, text);
    const at = await count();
    expect(await restoreArchive(db, other, keys)).toEqual({ why: expect.any(String) });
    expect(await count()).toBe(at);
    rmSync(other);
  });

  test('is not put back into another audit', async () => {
    const another = await freshDatabase();
    await expect(restoreArchive(another.database.db, file(), keys)).resolves.toMatchObject({
      why: /entry 1 of it was not sealed in this audit/,
    });
    await another.close();
  });

  test('comes back as it was, once, and is verified from its rows again', async () => {
    const at = await count();
    expect(await restoreArchive(db, file(), keys)).toMatchObject({ restored: 512 });
    expect(await restoreArchive(db, file(), keys)).toMatchObject({ restored: 0 });
    expect(await count()).toBe(at + 512 + 2);
    await seal();
    expect(await check()).toMatchObject({ entries: 1203, archived: 0 });
    expect(await proofOfEntry(db, '77')).not.toBeNull();
  });
});

describe('nobody calls archived what they have deleted', () => {
  test('an entry leaves by no other way, also for the owner of the tables', async () => {
    await expect(sql`delete from audit where id = 1`.execute(db)).rejects.toMatchObject({ code: '42501' });
    const twoSteps = db.transaction().execute(async (tx) => {
      await sql`insert into audit_archives (first, last, sha256) values (1, 2, '')`.execute(tx);
      await sql`delete from audit where id = 600`.execute(tx);
    });
    await expect(twoSteps).rejects.toMatchObject({ code: '42501' });
    await expect(sql`update audit_archives set last = 999`.execute(db)).rejects.toMatchObject({
      code: '42501',
    });
    await expect(sql`delete from audit_archives`.execute(db)).rejects.toMatchObject({ code: '42501' });
  });

  // What tinylabscom/mvm#2412 warns of: a record that covers an edit.
  test('a record that the audit does not know of hides nothing', async () => {
    await db.transaction().execute(async (tx) => {
      await sql`insert into audit_archives (first, last, sha256) values (600, 601, 'x')`.execute(tx);
      await sql`delete from audit where id in (600, 601)`.execute(tx);
    });
    expect(await check()).toMatchObject({ brokenAt: 600, damage: 'deleted' });
  });
});
