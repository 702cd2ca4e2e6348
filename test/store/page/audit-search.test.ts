import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditFilter, listAudit } from '../../../src/store/page/audit.ts';
import { type Db, poolOf } from '../../../src/store/postgres/database.ts';
import { writeStraight } from '../../bench/write-straight.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

const ENTRIES = 120_000;
const PEOPLE = 4_000;
/** A search that reads so many entries has looked through the audit. */
const MANY = ENTRIES / 10;

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await fill();
}, 240_000);
afterAll(() => fresh?.close());

const id = (kind: string, n = 'n') =>
  `('${kind}0000000-0000-4000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;

/**
 * Each person has a change, and thirty entries about it by others. Person 7 did something once, long ago; of person 8 an
 * entry of no change tells, the very first.
 */
async function fill(): Promise<void> {
  const people = `generate_series(1, ${PEOPLE}) n`;
  await writeStraight(poolOf(db), [
    `insert into people (id, email, login, name, status, title, department, manager, time_zone, idp)
       select ${id('a')}, 'p' || n || '.@acme.example', 'p' || n, 'Person ' || n || '.', 'active', null, null, null, null, 'okta' from ${people}`,
    `insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id, requester_id, requested_at, doc)
       select ${id('b')}, 'k' || n, 'denied', 1, 'grant', 'orders-api-read', ${id('a')}, ${id('a')}, now(), '{}' from ${people}`,
    `insert into audit (at, type, change_id, actor, data)
       select now() - interval '92 days', 'offboardingStarted', null, '{"part": "okta"}', jsonb_build_object('personId', ${id('a', '8')})`,
    `insert into audit (at, type, change_id, actor, data)
       select now() - interval '91 days', 'webSignedIn', null, jsonb_build_object('person', ${id('a', '7')}, 'name', 'Person 7.'), '{}'`,
    `insert into audit (at, type, change_id, actor, data)
       select now() - interval '90 days' + n * interval '60 seconds', 'changeReceived', ${id('b', `1 + n % ${PEOPLE}`)},
         jsonb_build_object('person', ${id('a', `1000 + n % ${PEOPLE - 1000}`)}, 'name', 'x'), '{}'
       from generate_series(1, ${ENTRIES}) n order by n`,
  ]);
  await sql`analyze`.execute(db);
}

/** Entries that a search reads, whether one after the other or through an index. */
async function entriesRead(work: (on: Db) => Promise<unknown>): Promise<number> {
  const tx = await db.startTransaction().execute();
  const look = async () => {
    const { rows } = await sql<{ rows: string }>`
      select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows from pg_stat_xact_user_tables
      where relname = 'audit'`.execute(tx);
    return Number(rows[0]?.rows ?? 0);
  };
  try {
    const before = await look();
    await work(tx as unknown as Db);
    return (await look()) - before;
  } finally {
    await tx.rollback().execute();
  }
}

const portion = { limit: 50, after: null };

test('a look through the whole audit is noticed', async () => {
  const whole = (on: Db) => sql`select count(*) from audit where data->>'nothing' = 'x'`.execute(on);
  expect(await entriesRead(whole)).toBeGreaterThanOrEqual(ENTRIES);
});

describe('a search of the audit reads what it shows, and little more', () => {
  const searches: [string, AuditFilter][] = [
    ['somebody whom entries of a change are about', { person: 'p5.@acme.example' }],
    ['somebody who did something once, long ago', { person: 'Person 7.' }],
    ['somebody of whom an entry of no change tells', { person: 'Person 8.' }],
    ['many of a name', { person: 'Person 1' }],
    ['nobody', { person: 'nobody at all' }],
    ['somebody, and a kind that they never did', { person: 'Person 5.', type: 'webSignedIn' }],
    ['a kind that is rare', { type: 'webSignedIn' }],
    ['a kind that never was', { type: 'evidenceMade' }],
    ['one change', { change: 'b0000000-0000-4000-8000-000000000005' }],
    [
      'a day',
      {
        from: new Date(Date.now() - 50 * 86_400_000).toISOString().slice(0, 10),
        to: new Date(Date.now() - 50 * 86_400_000).toISOString().slice(0, 10),
      },
    ],
  ];
  test.each(searches)('%s', async (_what, filter) => {
    expect(await entriesRead((on) => listAudit(on, filter, portion))).toBeLessThan(MANY);
  });

  test('and finds what was done by somebody, and what is told of them', async () => {
    const types = async (person: string) =>
      (await listAudit(db, { person }, portion)).rows.map(({ type }) => type);
    expect((await types('Person 7.')).at(-1)).toBe('webSignedIn');
    expect((await types('Person 8.')).at(-1)).toBe('offboardingStarted');
    expect(await types('Person 5.')).toHaveLength(ENTRIES / PEOPLE);
  });
});
