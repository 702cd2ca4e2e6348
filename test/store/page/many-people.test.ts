import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placesNamed } from '../../../src/store/evidence/places.ts';
import { reachAt } from '../../../src/store/evidence/reach.ts';
import { listHeld } from '../../../src/store/page/access.ts';
import { listChanges } from '../../../src/store/page/changes.ts';
import { peopleLike } from '../../../src/store/page/sight.ts';
import { type Db, poolOf } from '../../../src/store/postgres/database.ts';
import { writeStraight } from '../../bench/write-straight.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';

/** Each has a change and a live grant. */
const PEOPLE = 20_000;
/** Whoever reads so many rows of a table one after the other has looked through it. */
const MANY = PEOPLE / 4;

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await fill();
}, 240_000);
afterAll(() => fresh?.close());

const id = (kind: string) => `('${kind}0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid`;
/** Of these there is one each. */
const named = [
  'Åsa Öberg',
  'Wu Li',
  'Ann_Lee',
  '100% Percy',
  'Back\\Slash',
  '李小龍',
  'Jean-Luc Picard',
  "O'Neil Ó",
];

/** Fifty groups and teams; group 3 was renamed. */
async function fill(): Promise<void> {
  const each = `generate_series(1, ${PEOPLE}) n`;
  const names = named.map((name) => `'${name.replaceAll("'", "''")}'`).join(',');
  await writeStraight(poolOf(db), [
    `insert into people (id, email, login, name, status, title, department, manager, time_zone, idp)
       select ${id('a')}, 'mail' || n || '@acme.example', 'p' || n, coalesce((array[${names}])[n], 'Person Number' || n), 'active', null, null, null, null, 'okta'
       from ${each}`,
    `insert into changes (id, idempotency_key, state, version, kind, entitlement_key, person_id, requester_id, group_id, team_id, requested_at, doc)
       select ${id('b')}, 'k' || n, 'inEffect', 1, 'grant', 'e' || n % 50, ${id('a')}, ${id('a')}, 'g' || n % 50, 't' || n % 50,
         now() - n * interval '1 minute', jsonb_build_object('cause', 'request', 'target',
           jsonb_build_object('groupName', case n when 3 then 'Its old name' else 'Group ' || n % 50 end, 'teamName', 'Team ' || n % 50))
       from ${each}`,
    `insert into grants (id, change_id, person_id, entitlement_key, group_id, team_id, starts_at, ends_at)
       select ${id('c')}, ${id('b')}, ${id('a')}, 'e' || n % 50, 'g' || n % 50, 't' || n % 50, now() - n * interval '1 minute', now() + interval '9 days'
       from ${each}`,
  ]);
  await sql`analyze`.execute(db);
}

/** Rows that this reads by looking through tables, whole or in part. */
async function lookedThrough(work: (on: Db) => Promise<unknown>): Promise<number> {
  const tx = await db.startTransaction().execute();
  const look = async () => {
    const { rows } = await sql<{ rows: string }>`
      select sum(seq_tup_read) as rows from pg_stat_xact_user_tables where relname in ('people', 'changes', 'grants')`.execute(
      tx,
    );
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

test('a look through all people is noticed', async () => {
  const all = (on: Db) =>
    sql`select count(*) from people where name ilike '%nobody%' or title = 'x'`.execute(on);
  expect(await lookedThrough(all)).toBeGreaterThanOrEqual(PEOPLE);
});

describe('what the page asks of many people is found without a look through all of them', () => {
  const all = 'all' as const;
  const portion = { limit: 50, after: null };
  const groups = new Map<string, string>();
  const searches: [string, (on: Db) => Promise<unknown>][] = [
    ['a part of a name', (on) => peopleLike(on, 'umber1234')],
    ['a part of an address', (on) => peopleLike(on, 'ail777@')],
    ['a name that nobody has', (on) => peopleLike(on, 'zzz')],
    ['letters that all have', (on) => peopleLike(on, 'acme')],
    ['two letters', (on) => peopleLike(on, 'wu')],
    ['a group by its name', (on) => placesNamed(on, 'group', 'Its old name')],
    ['a team that never was', (on) => placesNamed(on, 'team', 'nothing')],
    [
      'who had something of a group',
      (on) => first(reachAt(on, new Date(), { groupId: 'g7' }, { part: { after: null, atOnce: 50 } })),
    ],
    [
      'an entitlement that nobody has',
      (on) => listHeld(on, all, { entitlement: 'nothing', groups }, portion),
    ],
    ['what failed', (on) => listChanges(on, all, { states: ['failed'] }, portion)],
    [
      'what was denied to somebody called so',
      (on) => listChanges(on, all, { states: ['denied'], person: 'Jean-L' }, portion),
    ],
  ];
  test.each(searches)('%s', async (_what, search) => {
    expect(await lookedThrough(search)).toBeLessThan(MANY);
  });
});

async function first(reaches: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of reaches) return;
}

test.each([
  ['åsa', 'Åsa Öberg'],
  ['berg', 'Åsa Öberg'],
  ['li', 'Wu Li'],
  ['WU', 'Wu Li'],
  ['n_l', 'Ann_Lee'],
  ['0% p', '100% Percy'],
  ['k\\s', 'Back\\Slash'],
  ['小龍', null],
  ['李小', '李小龍'],
  ['luc pic', 'Jean-Luc Picard'],
  ["o'n", "O'Neil Ó"],
])('%s finds %s, and nobody else', async (text, name) => {
  const expected =
    name === null ? [] : [`a0000000-0000-4000-8000-${String(named.indexOf(name) + 1).padStart(12, '0')}`];
  expect(await peopleLike(db, text)).toEqual(expected);
});

test('a group is found by each name that it had, and by its id', async () => {
  for (const name of ['Its old name', 'Group 3', 'g3'])
    expect(await placesNamed(db, 'group', name), name).toEqual(['g3']);
  expect(await placesNamed(db, 'team', 'Team 49')).toEqual(['t49']);
  expect(await placesNamed(db, 'team', '')).toEqual([]);
});
