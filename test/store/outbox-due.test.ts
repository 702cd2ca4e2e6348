import { sql } from 'kysely';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLanes } from '../../src/flow/queue/lanes.ts';
import { steps } from '../../src/flow/steps.ts';
import { addJobs } from '../../src/store/outbox.ts';
import { dueSince } from '../../src/store/outbox-due.ts';
import { exchange, leasing, type ToLease } from '../../src/store/outbox-leases.ts';
import { connectDatabase, type Db, poolOf } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

const DONE = 20_000;

let fresh: FreshDatabase;
let db: Db;
let backup: pg.PoolClient;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  // given a backup that lasts, while much is done that was due a few minutes ago
  backup = await poolOf(db).connect();
  await backup.query('begin isolation level repeatable read');
  await backup.query('select count(*) from outbox');
  await sql`insert into outbox (key, job, payload, priority, next_at)
    select 'k' || n, 'updateMessages', '{"job": "updateMessages"}', 1 + n % 7, clock_timestamp() - interval '5 minutes'
    from generate_series(1, ${DONE}::int) n`.execute(db);
  await sql`update outbox set leased = true, next_at = next_at + interval '15 s'`.execute(db);
  await sql`update outbox set leased = false, done_at = clock_timestamp()`.execute(db);
  await sql`analyze outbox`.execute(db);
});
afterAll(async () => {
  await backup.query('rollback');
  backup.release();
  await fresh.close();
});

/** Pages that are touched to find what is due. */
async function pagesFor(toLease: ToLease): Promise<number> {
  const { text, values } = leasing(toLease);
  const client = await poolOf(db).connect();
  try {
    await client.query('begin');
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
    const [{ Plan: plan }] = rows[0]['QUERY PLAN'];
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  } finally {
    await client.query('rollback');
    client.release();
  }
}

// river #59, que #297, recollect #917, awa #169: a queue that grows slower while a transaction beside it lasts.
describe('while a backup lasts, and thousands of rows are done meanwhile', () => {
  const some = createLanes(['okta'], steps).allBut(['mulesoft']);

  test.each([
    ['any lane', null],
    ['some lanes', some],
  ])('what is due of %s is found without a look at them', async (_, of) => {
    const since = await dueSince(db);
    expect(await pagesFor({ limit: 40, of })).toBeGreaterThan(1_000);
    expect(await pagesFor({ limit: 40, of, since })).toBeLessThan(300);
  });

  test('nothing that is due is passed over: not what is due for long, and not what is added now', async () => {
    // given a row that has waited for an hour when a process starts
    await addJobs(db, [{ job: 'updateMessages', changeId: 'c1' }]);
    await sql`update outbox set next_at = clock_timestamp() - interval '1 hour' where done_at is null`.execute(
      db,
    );
    const other = connectDatabase(fresh.url);
    try {
      // when
      const first = await exchange(other.db, [], { limit: 40 });
      await addJobs(other.db, [{ job: 'updateMessages', changeId: 'c2' }]);
      const second = await exchange(other.db, [], { limit: 40, of: some });

      // then
      expect(first.leased.map(({ payload }) => payload)).toEqual([{ job: 'updateMessages', changeId: 'c1' }]);
      expect(second.leased.map(({ payload }) => payload)).toEqual([
        { job: 'updateMessages', changeId: 'c2' },
      ]);
    } finally {
      await other.close();
    }
  });
});
