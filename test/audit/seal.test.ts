import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { unsealedAudit } from '../../src/store/audit-seals.ts';
import type { Db } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { tamper } from './tamper.ts';

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
});
afterAll(() => fresh.close());
beforeEach(() =>
  tamper(
    db,
    `delete from audit_checkpoints; delete from audit_tree; delete from audit_seals; delete from audit`,
  ),
);

function note(data: Record<string, unknown>) {
  return commit(db, async ({ now }) => ({
    result: null,
    notes: [{ type: 'baselineTaken', at: now, actor: { part: 'latchkey' }, changeId: null, data }],
  }));
}

/** Until nothing is left; transactions of other databases on the same server hold the sealer up as well. */
async function sealAll(): Promise<number> {
  for (let sealed = 0; ; await sleep(10)) {
    sealed += await sealAudit(db);
    const { rows } = await sql<{ left: number }>`select count(*)::int as left from audit
      where not exists (select from audit_seals s where s.audit_id = audit.id)`.execute(db);
    if (rows[0]?.left === 0) return sealed;
  }
}

describe('the audit trail is append-only', () => {
  test.each([
    ['an entry', `update audit set data = '{}'`],
    ['an entry', `delete from audit`],
    ['the trail', `truncate audit cascade`],
    ['a seal', `update audit_seals set seq = seq + 1000`],
    ['a seal', `delete from audit_seals`],
    ['the seals', `truncate audit_seals`],
  ])('%s can’t be rewritten: %s', async (_what, statement) => {
    await note({ n: 1 });
    await sealAll();
    await expect(sql.raw(statement).execute(db)).rejects.toMatchObject({ code: '42501' });
    expect(await verifyAudit(db)).toMatchObject({ entries: 1 });
  });
});

describe('sealing', () => {
  test('chains every entry once, in one unbroken row of numbers', async () => {
    for (let n = 0; n < 20; n++) await note({ n, nested: { b: 1, a: [n, { z: 1, y: 2 }] } });
    expect(await sealAll()).toBe(20);
    expect(await sealAll()).toBe(0);
    const check = await verifyAudit(db);
    expect(check).toMatchObject({ entries: 20 });
    expect('head' in check && check.head).toMatch(/^[0-9a-f]{64}$/);
  });

  test('an empty trail is sound', async () => {
    expect(await sealAll()).toBe(0);
    expect(await verifyAudit(db)).toMatchObject({ entries: 0 });
  });

  test('waits for the oldest transaction still open, and loses nothing of what committed out of order', async () => {
    const slow = new pg.Client({ connectionString: fresh.url });
    await slow.connect();
    const insert = `insert into audit (at, type, actor, data) values (now(), 'late', '{}', '{}')`;
    await slow.query('begin');
    await slow.query(insert);
    await note({ n: 'committed later, decided earlier' });
    for (let look = 0; look < 10; look++) expect(await sealAudit(db)).toBe(0);
    await slow.query('commit');
    await slow.end();
    expect(await sealAll()).toBe(2);
    expect(await verifyAudit(db)).toMatchObject({ entries: 2 });
  });

  test('an entry of a transaction that was rolled back leaves no gap', async () => {
    await note({ n: 1 });
    await commit(db, async ({ tx, now }) => {
      await sql`insert into audit (at, type, actor, data) values (${now}, 'x', '{}', '{}')`.execute(tx);
      throw new Error('rolled back');
    }).catch(() => {});
    await note({ n: 2 });
    expect(await sealAll()).toBe(2);
    expect(await verifyAudit(db)).toMatchObject({ entries: 2 });
  });

  test('goes on strictly while many write and several seal at once', async () => {
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let n = 0; n < 15; n++) await note({ w, n });
    });
    let isOver = false;
    const sealers = Array.from({ length: 3 }, async () => {
      while (!isOver) {
        await sealAudit(db);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    });
    await Promise.all(writers);
    isOver = true;
    await Promise.all(sealers);
    await sealAll();
    expect(await verifyAudit(db)).toMatchObject({ entries: 120 });
    const { rows } = await sql<{
      numbers: number;
      last: string;
    }>`select count(distinct seq)::int as numbers, max(seq) as last from audit_seals`.execute(db);
    expect(rows[0]).toEqual({ numbers: 120, last: '120' });
  });
});

describe('after a dump was restored into another cluster', () => {
  const now = async () =>
    Number((await sql<{ x: string }>`select pg_current_xact_id() as x`.execute(db)).rows[0]?.x);

  /** Five entries as another cluster left them, three of them sealed. */
  async function restored(firstXid: number): Promise<void> {
    for (let n = 1; n <= 3; n++) await note({ n });
    await sealAll();
    for (let n = 4; n <= 5; n++) await note({ n });
    await tamper(
      db,
      `update audit set xid = (${firstXid} + (data->>'n')::int)::text::xid8; update audit_seals set cluster = 'another'`,
    );
  }

  test('what the old cluster had not sealed is sealed, then what is new', async () => {
    await restored((await now()) + 1_000_000_000);
    expect(await sealAll()).toBe(2);
    for (let n = 6; n <= 10; n++) {
      await note({ n });
      expect(await sealAll()).toBe(1);
    }
    expect(await verifyAudit(db)).toMatchObject({ entries: 10 });
    expect(await unsealedAudit(db)).toEqual({ entries: 0, oldestSeconds: 0 });
  });

  test('also when the new cluster has caught up with the old ids before the first seal', async () => {
    await restored((await now()) + 12);
    for (let n = 6; n <= 60; n++) await note({ n });
    expect(await sealAll()).toBe(57);
    expect(await verifyAudit(db)).toMatchObject({ entries: 60 });
  });

  test('and when it catches up later, among old sealed entries', async () => {
    await restored((await now()) + 20);
    for (let n = 6; n <= 60; n++) {
      await note({ n });
      await sealAudit(db);
    }
    await sealAll();
    expect(await verifyAudit(db)).toMatchObject({ entries: 60 });
  });
});

test('what is not sealed yet is counted, with its age', async () => {
  await note({ n: 1 });
  await sealAll();
  await note({ n: 2 });
  await sql`insert into audit (at, type, actor, data) values (now() - interval '2 minutes', 'x', '{}', '{}')`.execute(
    db,
  );
  const { entries, oldestSeconds } = await unsealedAudit(db);
  expect(entries).toBe(2);
  expect(oldestSeconds).toBeGreaterThan(119);
});

describe('verification finds', () => {
  beforeEach(async () => {
    for (let n = 1; n <= 5; n++) await note({ n });
    await sealAll();
    expect(await verifyAudit(db)).toMatchObject({ entries: 5 });
  });

  const nth = (seq: number) => `(select audit_id from audit_seals where seq = ${seq})`;
  test.each([
    ['changed data', `update audit set data = '{"n": 99}' where id = ${nth(3)}`, 3],
    ['a changed actor', `update audit set actor = '{"part": "slack"}' where id = ${nth(2)}`, 2],
    ['a changed time', `update audit set at = at + interval '1 ms' where id = ${nth(4)}`, 4],
    ['a changed type', `update audit set type = 'x' where id = ${nth(1)}`, 1],
    [
      'an entry hung on another change',
      `update audit set change_id = gen_random_uuid() where id = ${nth(5)}`,
      5,
    ],
    ['a seal taken out of the middle', `delete from audit_seals where seq = 3`, 3],
    ['a seal rewritten', `update audit_seals set hash = sha256('x') where seq = 3`, 3],
    [
      'two entries swapped',
      `update audit a set data = b.data from audit b where a.id in (${nth(2)}, ${nth(3)}) and b.id in (${nth(2)}, ${nth(3)}) and a.id <> b.id`,
      2,
    ],
    ['an entry taken away with its seal kept', `delete from audit where id = ${nth(4)}`, 4],
  ])('%s', async (_what, statement, brokenAt) => {
    await tamper(db, statement);
    expect(await verifyAudit(db)).toMatchObject({ brokenAt });
  });
});
