import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCheckpoints } from '../../src/audit/checkpoints.ts';
import { type LogKeys, logKeysOf } from '../../src/audit/log-keys.ts';
import { newSigningKey } from '../../src/audit/note.ts';
import { scan as scanRows } from '../../src/audit/scan.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { verifyAtOnce } from '../../src/audit/verify-at-once.ts';
import { lastCheckpoint } from '../../src/store/audit-tree.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { tamper } from './tamper.ts';

/** More than two blocks of the tree, and a rest. */
const ENTRIES = 600;
const ORIGIN = 'latchkey.example/audit';

let fresh: FreshDatabase;
let db: Db;
let ours: () => LogKeys;
const keys = () => ours();
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());
beforeEach(async () => {
  await tamper(
    db,
    'delete from audit_checkpoints; delete from audit_tree; delete from audit_seals; delete from audit; alter table audit alter column id restart',
  );
  ours = logKeysOf(newSigningKey(ORIGIN));
});

/** Entries, each in a transaction of its own. */
async function write(from: number, to: number): Promise<void> {
  await sql
    .raw(
      `do $$ begin for n in ${from}..${to} loop
         insert into audit (at, type, actor, data) values (now(), 'changeApproved', '{"part":"slack"}', jsonb_build_object('n', n));
         commit; end loop; end $$`,
    )
    .execute(db);
}

async function seal(): Promise<void> {
  for (;;) {
    await sealAudit(db);
    const { rows } = await sql<{ left: number }>`select count(*)::int as left from audit
      where not exists (select from audit_seals s where s.audit_id = audit.id)`.execute(db);
    if (rows[0]?.left === 0) return;
    await sleep(5);
  }
}

/** A trail with a checkpoint after 200, 400 and 600 entries. */
async function given(make = createCheckpoints(keys)): Promise<void> {
  for (let size = 0; size < ENTRIES; size += 200) {
    await write(size + 1, size + 200);
    await seal();
    expect(await make(db)).toMatchObject({ made: { size: size + 200 } });
  }
}

/** All hashes over the entries as they are now, by somebody who can do all but sign. */
async function sealAnew(): Promise<void> {
  await tamper(db, 'delete from audit_tree; delete from audit_seals');
  const kept = await sql<{ id: string }>`select * from audit_checkpoints`.execute(db);
  await tamper(db, 'delete from audit_checkpoints');
  await seal();
  for (const row of kept.rows as Record<string, unknown>[])
    await sql`insert into audit_checkpoints (size, root, note) values (${row.size}, ${row.root}, ${row.note})`.execute(
      db,
    );
}

const nth = (seq: number) => `(select audit_id from audit_seals where seq = ${seq})`;
const check = (more: Parameters<typeof verifyAudit>[1] = {}) => verifyAudit(db, { keys: keys(), ...more });

describe('a trail as it was sealed', () => {
  test('is sound as a whole, in a part, and since a checkpoint that was kept', async () => {
    await given();
    expect(await check()).toMatchObject({ entries: 600, signed: 600, computed: { from: 1, to: 600 } });
    expect(await check({ from: 300, to: 310 })).toMatchObject({ computed: { from: 257, to: 310 } });
    const { note = '' } = (await lastCheckpoint(db)) ?? {};
    await write(601, 650);
    await seal();
    expect(await check({ known: [note], from: 601 })).toMatchObject({ entries: 650, signed: 600 });
  });

  test('is sound while it grows, however much is sealed meanwhile', async () => {
    const make = createCheckpoints(keys);
    await given(make);
    const scan = async (stretch: [number, number]) => {
      const scanned = await scanRows(fresh.database.pool, stretch);
      await write(601, 900);
      await seal();
      await make(db);
      return scanned;
    };
    expect(await check({ scan })).toMatchObject({ entries: 600, signed: 600 });
  });

  test('is sound without a key, and is then covered by no signature', async () => {
    ours = logKeysOf(null);
    await given();
    expect(await check()).toMatchObject({ entries: 600, signed: 0 });
  });

  test('is sound after a key was changed, with the newest checkpoint by both', async () => {
    const [before, now] = [newSigningKey(ORIGIN), newSigningKey(ORIGIN)];
    ours = logKeysOf(before);
    await given();
    const changing = {
      name: 'AUDIT_SIGNING_KEY',
      current: () => now,
      refused: async () => false,
      renew: async () => false,
      fits: (isSent: (value: string) => boolean) => [now, before].map(isSent).includes(true),
      onChange: () => () => {},
    };
    ours = logKeysOf(changing);
    expect(await createCheckpoints(keys)(db)).toMatchObject({ made: { size: 600 } });
    for (const one of [before, now]) {
      ours = logKeysOf(one);
      expect(await check()).toMatchObject({ entries: 600, signed: 600 });
    }
  });

  test('old seals, chained by a hash, are sound beside those of the tree', async () => {
    const { chain } = await import('../../src/audit/entry.ts');
    const { sealedBetween } = await import('../../src/store/audit-seals.ts');
    await write(1, 300);
    await seal();
    let hash: Buffer = Buffer.alloc(32);
    const chained: string[] = [];
    for (const row of await sealedBetween(db, 1, 300)) {
      hash = chain(hash, row.seq, row as Parameters<typeof chain>[2]);
      chained.push(
        `update audit_seals set hash = '\\x${hash.toString('hex')}', format = 1 where seq = ${row.seq}`,
      );
    }
    await tamper(db, `delete from audit_tree; ${chained.join(';')}`);
    await write(301, 600);
    await seal();
    expect(await createCheckpoints(keys)(db)).toMatchObject({ made: { size: 600 } });
    expect(await check()).toMatchObject({ entries: 600, signed: 600 });
    await tamper(db, `update audit set data = '{"n": -1}' where id = ${nth(120)}`);
    expect(await check()).toMatchObject({ brokenAt: 120, damage: 'changed' });
  });
});

describe('what the owner of the database does to it is named', () => {
  test.each([
    ['changed', `update audit set data = '{"n": 0}' where id = ${nth(333)}`, 333, 333],
    ['changed', `update audit_seals set hash = sha256('x') where seq = 333`, 333, 333],
    ['deleted', `delete from audit where id = ${nth(333)}`, 333, 333],
    [
      'deleted',
      `delete from audit where id = ${nth(333)}; delete from audit_seals where seq = 333`,
      333,
      333,
    ],
    [
      'reordered',
      `create temp table t on commit drop as select seq, audit_id from audit_seals where seq in (333, 444);
       update audit_seals set audit_id = -seq where seq in (333, 444);
       update audit_seals s set audit_id = t.audit_id from t where t.seq = 777 - s.seq`,
      333,
      333,
    ],
    // The seals go with the entries, so that each fits its own.
    [
      'reordered',
      `update audit_seals set seq = -seq where seq in (333, 334); update audit_seals set seq = 667 + seq where seq < 0`,
      333,
      334,
    ],
    ['cut', `delete from audit where id >= ${nth(501)}; delete from audit_seals where seq > 500`, 501, 600],
    ['cut', `delete from audit_seals where seq > 500`, 501, 600],
  ])('%s: %s', async (damage, statement, brokenAt, upTo) => {
    await given();
    await tamper(db, statement);
    const found = await check();
    expect(found).toMatchObject({ damage });
    if ('damage' in found) {
      expect(found.brokenAt).toBeGreaterThanOrEqual(brokenAt);
      expect(found.brokenAt).toBeLessThanOrEqual(upTo);
    }
  });

  test('on all processors as on one', async () => {
    await given();
    const atOnce = () => verifyAtOnce(db, fresh.url, { keys: keys() });
    expect(await atOnce()).toEqual(await check());
    await tamper(db, `update audit set data = '{"n": 0}' where id = ${nth(333)}`);
    expect(await atOnce()).toMatchObject({ damage: 'changed', brokenAt: 333 });
  });

  test('among entries whose ids are far apart, as where a backup went on in another cluster', async () => {
    await write(1, 300);
    await tamper(db, 'alter table audit alter column id restart with 5000000000');
    await write(301, 600);
    await seal();
    await createCheckpoints(keys)(db);
    expect(await check()).toMatchObject({ entries: 600, signed: 600 });
    await tamper(db, `delete from audit where id = ${nth(444)}`);
    expect(await check()).toMatchObject({ damage: 'deleted', brokenAt: 444 });
    await tamper(db, `update audit set type = 'changeDenied' where id = ${nth(222)}`);
    expect(await check()).toMatchObject({ damage: 'changed', brokenAt: 222 });
  });

  test.each([
    ['a seal that is no hash', `update audit_seals set hash = '\\x00' where seq = 333`],
    [
      'a number that is there twice',
      `alter table audit_seals drop constraint audit_seals_pkey, drop constraint audit_seals_audit_id_key;
       insert into audit_seals (seq, audit_id, hash) select seq, audit_id, hash from audit_seals where seq = 333`,
    ],
  ])('%s', async (_what, statement) => {
    await given();
    await tamper(db, statement);
    expect(await check()).toMatchObject({ damage: 'changed', brokenAt: 333 });
    await tamper(
      db,
      `delete from audit_seals; alter table audit_seals drop constraint if exists audit_seals_pkey,
       drop constraint if exists audit_seals_audit_id_key, add primary key (seq), add unique (audit_id)`,
    );
  });

  test('cut at the end with its checkpoints: by one that was kept elsewhere', async () => {
    await given();
    const { note = '' } = (await lastCheckpoint(db)) ?? {};
    await tamper(
      db,
      'delete from audit where id > 400; delete from audit_seals where seq > 400; delete from audit_checkpoints where size > 400',
    );
    expect(await check()).toMatchObject({ entries: 400, signed: 400 });
    expect(await check({ known: [note] })).toMatchObject({ damage: 'cut', brokenAt: 401, upTo: 600 });
  });

  test('rewritten with all hashes made anew: between the checkpoints that tell', async () => {
    await given();
    await tamper(db, `update audit set data = '{"n": 0}' where id = ${nth(333)}`);
    await sealAnew();
    expect(await check()).toMatchObject({ damage: 'rewritten', brokenAt: 201, upTo: 400 });
  });

  test('rewritten with all hashes and checkpoints made anew, and signed with another key', async () => {
    await given();
    const { note = '' } = (await lastCheckpoint(db)) ?? {};
    await tamper(db, `update audit set data = '{"n": 0}' where id = ${nth(333)}`);
    await tamper(db, 'delete from audit_tree; delete from audit_seals; delete from audit_checkpoints');
    await seal();
    await createCheckpoints(logKeysOf(newSigningKey(ORIGIN)))(db);
    expect(await check()).toMatchObject({ damage: 'unsigned' });
    expect(await check({ known: [note] })).toMatchObject({ damage: 'rewritten' });
  });

  test('rewritten, with a signature of ours taken from another checkpoint', async () => {
    await given();
    const { note = '', root = Buffer.alloc(0) } = (await lastCheckpoint(db)) ?? {};
    await tamper(db, `update audit set data = '{"n": 0}' where id = ${nth(333)}`);
    await tamper(db, 'delete from audit_tree; delete from audit_seals; delete from audit_checkpoints');
    await seal();
    const made = await verifyAudit(db);
    const now = Buffer.from('head' in made ? made.head : '', 'hex');
    const forged = note.replace(root.toString('base64'), now.toString('base64'));
    await sql`insert into audit_checkpoints (size, root, note) values (600, ${now}, ${forged})`.execute(db);
    expect(await check()).toMatchObject({
      damage: 'rewritten',
      why: expect.stringMatching(/bears a signature that the key of this log did not make/),
    });
  });
});

describe('no checkpoint is made', () => {
  const make = createCheckpoints(keys);

  test('of a trail whose end is gone, nor is what is left numbered anew', async () => {
    await given(createCheckpoints(keys));
    await tamper(db, 'delete from audit_seals where seq > 500');
    expect(await sealAudit(db)).toBe(0);
    expect(await createCheckpoints(keys)(db)).toEqual({
      refused: 'entries 501 to 600 had been sealed, and are gone',
    });
  });

  test('of a trail that was rewritten, even when its checkpoints are gone, by a process that has seen it', async () => {
    await given(make);
    await tamper(db, `update audit set data = '{"n": 0}' where id = ${nth(333)}`);
    await tamper(db, 'delete from audit_tree; delete from audit_seals; delete from audit_checkpoints');
    await seal();
    await write(601, 610);
    await seal();
    expect(await make(db)).toEqual({
      refused: 'of entries 1 to 600, which had been sealed, some have been changed',
    });
  });

  test('after one that somebody else signed', async () => {
    await write(1, 10);
    await seal();
    await createCheckpoints(logKeysOf(newSigningKey(ORIGIN)))(db);
    await write(11, 20);
    await seal();
    expect(await createCheckpoints(keys)(db)).toEqual({ refused: expect.stringMatching(/not known here/) });
  });
});
