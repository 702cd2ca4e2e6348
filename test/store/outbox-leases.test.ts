import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLanes } from '../../src/flow/queue/lanes.ts';
import { steps } from '../../src/flow/steps.ts';
import { addJobs, type OutboxRow } from '../../src/store/outbox.ts';
import { leasing } from '../../src/store/outbox-leases.ts';
import { sendBatch } from '../../src/store/postgres/batch.ts';
import { type Db, poolOf } from '../../src/store/postgres/database.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

const MANY = 20_000;
const LIMIT = 40;

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await sql`insert into outbox (key, job, payload, priority, next_at)
    select 'of okta ' || n, 'applyToIdp', jsonb_build_object('job', 'applyToIdp', 'idp', 'okta', 'n', n), 4,
      now() - interval '1 minute' from generate_series(1, ${MANY}::int) n`.execute(db);
  await addJobs(db, [
    { job: 'updateMessages', changeId: 'c1' },
    { job: 'assessRequest', changeId: 'c1' },
    { job: 'applyToIdp', personId: 'p1', groupId: 'g1', idp: 'entra', urgency: 'grant' },
  ]);
}, 60_000);
afterAll(() => fresh.close());

/** What is leased, and how many rows of the outbox were read for it. */
async function leaseOf(of: ReturnType<ReturnType<typeof createLanes>['allBut']>) {
  const client = await poolOf(db).connect();
  const read = async () => {
    const { rows } = await client.query<{ n: number }>(
      `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_xact_user_tables where relname = 'outbox'`,
    );
    return rows[0]?.n ?? 0;
  };
  try {
    await client.query('begin');
    const before = await read();
    const [answer] = await sendBatch(client, [leasing({ limit: LIMIT, of })]);
    return { leased: (answer?.rows ?? []) as OutboxRow[], read: (await read()) - before };
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('behind the full lane of one identity provider all others’ work is found without a look at what waits there', async () => {
  const lanes = createLanes(['okta'], steps);
  const { leased, read } = await leaseOf(lanes.allBut(['idp-okta']));
  expect(leased.map(({ job }) => job)).toEqual(['assessRequest', 'updateMessages']);
  expect(read).toBeLessThan(100);
});

test('of what waits for one that is not full no more is read than is leased', async () => {
  const lanes = createLanes(['okta', 'entra'], steps);
  const { leased, read } = await leaseOf(lanes.allBut(['slack', 'idp-entra']));
  expect(leased).toHaveLength(LIMIT);
  expect(leased[0]?.job).toBe('assessRequest');
  expect(read).toBeLessThan(10 * LIMIT);
});

test('with two identity providers the other’s work is found', async () => {
  const lanes = createLanes(['okta', 'entra'], steps);
  const { leased } = await leaseOf(lanes.allBut(['idp-okta']));
  expect(leased.map(({ job }) => job)).toEqual(['assessRequest', 'applyToIdp', 'updateMessages']);
});
