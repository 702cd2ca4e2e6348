import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PersonId } from '../../src/core/ids.ts';
import type { IdpPerson } from '../../src/ports/identity-provider.ts';
import { readChange, underwayIds } from '../../src/store/changes.ts';
import { lockingChanges } from '../../src/store/changes-held.ts';
import { readersDue } from '../../src/store/digest-making.ts';
import { unendedGrants } from '../../src/store/grants.ts';
import { addJobs } from '../../src/store/outbox.ts';
import { identityOf, peopleWithAccounts, personByLink, readPerson } from '../../src/store/people.ts';
import { possibleDuplicatesOf } from '../../src/store/possible-duplicates.ts';
import { sendBatch } from '../../src/store/postgres/batch.ts';
import type { Db, Tx } from '../../src/store/postgres/database.ts';
import { poolOf } from '../../src/store/postgres/database.ts';
import type { Bound } from '../../src/store/postgres/statement.ts';
import { transact } from '../../src/store/postgres/transaction.ts';
import { compareGroup, compareTeam } from '../../src/store/reconcile/compare.ts';
import type { Place } from '../../src/store/reconcile/runs.ts';
import { SeenPeople } from '../../src/store/reconcile/seen-people.ts';
import { linkUsers, stageMembers, stageTeamMembers } from '../../src/store/reconcile/staging.ts';
import { memberMoves } from '../../src/store/scim/member-moves.ts';
import {
  addMembers,
  groupIdsOf,
  groupsOf,
  lockGroupsOf,
  membersAmong,
  removeMembers,
  removeOtherMembers,
} from '../../src/store/scim/members.ts';
import { deleteUser, holdersOf, userInsertion } from '../../src/store/scim/users.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';

/** Everybody has a row in each table; a hot query is about some of them. */
const PEOPLE = 20_000;
const GROUPS = 200;
const IN_GROUP = 100;
const MANAGERS = 20;
/** The fewest rows of a table that is large here: of so many, read by a sequential scan, a query has read them all. */
const WHOLE = PEOPLE;

let fresh: FreshDatabase;
let db: Db;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database.db;
  await fill(db);
}, 120_000);
afterAll(() => fresh.close());

/** Ids by number, so that what belongs together is found without a look. */
const id = (kind: string, n: number) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const user = (n: number) => id('b', n);
const group = (n: number) => id('c', n);
const idOf = (kind: string) => sql.raw(`('${kind}0000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid`);

/** Group `g` has the people from `100 g` on; one of them is switched off, and one on hold. */
async function fill(on: Db): Promise<void> {
  await on.transaction().execute(async (tx) => {
    for (const filling of [
      sql`insert into people (id, email, login, name, status, manager, idp)
        select ${idOf('a')}, 'p' || n || '@a.example', 'p' || n || '@a.example', 'P ' || n,
          case when n % 100 = 1 then 'suspended' else 'active' end, 'P' || n % ${MANAGERS}::int || '@a.example', 'okta' from generate_series(0, ${PEOPLE - 1}::int) n`,
      sql`insert into person_links (system, external_id, person_id)
        select 'okta', '00u' || n, ${idOf('a')} from generate_series(0, ${PEOPLE - 1}::int) n
        union all select 'anypoint', 'any' || n, ${idOf('a')} from generate_series(0, ${PEOPLE - 1}::int) n`,
      sql`insert into scim_users (id, source, user_name, user_name_key, external_id, active, resource, created_at, updated_at)
        select ${idOf('b')}, 'okta', 'p' || n || '@a.example', 'p' || n || '@a.example', '00u' || n, n % 100 <> 0, '{}', now(), now()
        from generate_series(0, ${PEOPLE - 1}::int) n`,
      sql`insert into scim_groups (id, source, display_name, display_name_key, created_at, updated_at)
        select ${idOf('c')}, 'okta', 'group ' || n, 'group ' || n, now(), now() from generate_series(0, ${GROUPS - 1}::int) n`,
      sql`insert into scim_members (group_id, user_id)
        select ('c0000000-0000-4000-8000-' || lpad((n / ${IN_GROUP}::int)::text, 12, '0'))::uuid, ${idOf('b')}
        from generate_series(0, ${PEOPLE - 1}::int) n`,
      sql`insert into baseline_members (person_id, group_id, group_name, recorded_at)
        select ${idOf('a')}, '00g' || n / ${IN_GROUP}::int, 'group ' || n / ${IN_GROUP}::int, now()
        from generate_series(0, ${PEOPLE - 1}::int) n`,
    ])
      await filling.execute(tx);
  });
  await sql`analyze`.execute(on);
}

/** Rows that this connection has read by sequential scans, of each table that is large here. */
const scans = `select relname as table, seq_tup_read::int as rows from pg_stat_xact_user_tables
  where relname in ('people', 'person_links', 'scim_users', 'scim_members', 'baseline_members')`;
type Scans = { table: string; rows: number }[];

function wholeBetween(before: Scans, after: Scans): Scans {
  const known = new Map(before.map(({ table, rows }) => [table, rows]));
  return after
    .map(({ table, rows }) => ({ table, rows: rows - (known.get(table) ?? 0) }))
    .filter(({ rows }) => rows >= WHOLE);
}

/** Which tables were read as a whole, within a transaction that is then rolled back. */
async function readWhole(work: (tx: Tx) => Promise<unknown>): Promise<Scans> {
  const tx = await db.startTransaction().execute();
  const look = async () => (await sql.raw<Scans[number]>(scans).execute(tx)).rows;
  try {
    const before = await look();
    await work(tx);
    return wholeBetween(before, await look());
  } finally {
    await tx.rollback().execute();
  }
}

async function readWholeBy(bound: Bound): Promise<Scans> {
  const client = await poolOf(db).connect();
  const look = async () => (await client.query<Scans[number]>(scans)).rows;
  try {
    await client.query('begin');
    const before = await look();
    await sendBatch(client, [bound]);
    return wholeBetween(before, await look());
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const numbers = (from: number, length: number) => Array.from({ length }, (_, n) => from + n);
const given = { actor: { part: 'okta' }, observedKeys: null, source: 'okta' } as const;

test('a look at everybody is noticed', async () => {
  const noticed = await readWhole((tx) => sql`select count(*) from people where name = 'nobody'`.execute(tx));
  expect(noticed).toEqual([{ table: 'people', rows: PEOPLE }]);
});

describe('SCIM reads no table as a whole', () => {
  const some = numbers(5_000, 100).map(user);
  test.each([
    ['one', some.slice(0, 1)],
    ['a hundred', some],
  ])('to move %s', async (_, userIds) => {
    const groupIds = userIds.map(() => group(1));
    for (const direction of ['add', 'remove'] as const)
      for (const onLocked of ['wait', 'pass'] as const)
        expect(await readWholeBy(memberMoves(direction, onLocked, { groupIds, userIds, ...given }))).toEqual(
          [],
        );
  });

  test('to insert users', async () => {
    const newcomers = numbers(PEOPLE, 30).map((n) => ({
      user: {
        ...{ id: user(n), user_name: `p${n}`, user_name_key: `p${n}`, external_id: `00u${n}` },
        ...{ active: true, email: `p${n}@a.example`, display_name: null, resource: '{}' },
      },
      entry: { did: 'created' },
    }));
    for (const onTaken of ['refuse', 'pass'] as const)
      expect(await readWholeBy(userInsertion(newcomers, given, onTaken))).toEqual([]);
  });

  test.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['whose a name is', (tx) => holdersOf(tx, { key: 'p7@a.example', externalId: '00u8' }, ['okta'])],
    ['members in', (tx) => addMembers(tx, { id: group(2), source: 'okta' }, some)],
    ['members out', (tx) => removeMembers(tx, group(10), some)],
    ['other members out', (tx) => removeOtherMembers(tx, group(11), some)],
    ['members among some', (tx) => membersAmong(tx, group(3), some)],
    ['the ids of groups', (tx) => groupIdsOf(tx, user(7))],
    ['a user who goes', (tx) => deleteUser(tx, user(9), new Date())],
    ['the groups of somebody', (tx) => lockGroupsOf(tx, 'okta', user(7), 'to change')],
    ['groups to show', (tx) => groupsOf(tx as unknown as Db, some)],
  ])('for %s', async (_, work) => {
    expect(await readWhole(work)).toEqual([]);
  });
});

describe('a comparison reads no table as a whole', () => {
  const place = (n: number, kind: Place['kind'], externalId: string, name: string): Place => ({
    ...{ id: String(n), kind, externalId, name, position: null, pages: 0, seen: 0 },
    ...{ isListed: false, isCompared: false, trouble: null },
  });
  const theGroup = place(1, 'group', '00g3', 'group 3');
  const theTeam = place(2, 'team', 'team', 'Team');
  const stretch = { from: null, next: null };
  const look = { system: 'okta', systems: ['okta'], now: new Date(), limit: 100 };

  /** Of those in group 3 `missing` are not shown; as many strangers to it are. */
  async function stage(tx: Tx, missing: number): Promise<void> {
    const shown = numbers(3 * IN_GROUP + missing, IN_GROUP);
    await sql`insert into reconcile_runs (id, cause) overriding system value values (1, 'everything')`.execute(
      tx,
    );
    await sql`insert into reconcile_places (id, run_id, kind, external_id, name) overriding system value
      values (1, 1, 'group', '00g3', 'group 3'), (2, 1, 'team', 'team', 'Team')`.execute(tx);
    const seen = new SeenPeople();
    const people = shown.map(
      (n): IdpPerson => ({
        ...{ id: `00u${n}`, login: `p${n}@a.example`, email: `p${n}@a.example`, displayName: `P ${n}` },
        ...{ status: n % 100 === 1 ? 'suspended' : 'active', title: null, department: null },
        ...{ manager: null, timeZone: null },
      }),
    );
    const page = { system: 'okta', place: { ...theGroup }, stretch };
    const listed = people.map((person) => seen.listed(person));
    await stageMembers(tx as unknown as Db, page, listed, seen);
    await stageTeamMembers(
      tx as unknown as Db,
      { ...theTeam },
      shown.map((n) => ({
        userId: `any${n}`,
        membershipType: 'member' as const,
        isAssignedViaExternalGroups: false,
      })),
      stretch,
    );
  }

  test.each([
    ['that agrees but for the switched off', 0],
    ['that differs in some', 20],
  ])('of a group and a team %s', async (_, missing) => {
    let found: unknown;
    const whole = await readWhole(async (tx) => {
      await stage(tx, missing);
      const inGroup = await compareGroup(tx, theGroup, look);
      const inTeam = await compareTeam(tx, theTeam, [theGroup], look);
      found = [inGroup.members, inGroup.finding.length, inGroup.lost.length, inTeam.members];
    });
    expect(found).toEqual([IN_GROUP, missing, missing, IN_GROUP]);
    // With differences the planner may join the hundred with all people by a hash: that is once, and not at each member.
    expect(missing === 0 ? whole : whole.filter(({ rows }) => rows > PEOPLE)).toEqual([]);
  });

  test('to link users', async () => {
    const users = numbers(100, 100).map((n) => ({
      id: `other${n}`,
      username: `p${n}@a.example`,
      isFederated: true,
    }));
    const links = (tx: Tx) =>
      linkUsers(
        tx as unknown as Db,
        { systems: ['okta'], place: place(3, 'users', '', 'users'), stretch },
        users,
      );
    expect(await readWhole(links)).toEqual([]);
  });
});

describe('what a change asks again and again, each time about one', () => {
  const one = id('a', 7);
  const pair = { personId: one, id: '00g0' };
  test.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['a person', (tx) => readPerson(tx, one)],
    ['an account', (tx) => identityOf(tx, one, 'okta')],
    ['whose an account is', (tx) => personByLink(tx, 'okta', '00u7')],
    [
      'people by id and e-mail',
      (tx) => peopleWithAccounts(tx, { ids: [one], emails: ['p9@a.example'], system: 'okta' }),
    ],
    ['who may be the same person', (tx) => possibleDuplicatesOf(tx, [one])],
    ['grants', (tx) => unendedGrants(tx, { personId: one })],
    ['a change', (tx) => readChange(tx, one)],
    ['changes under way', (tx) => underwayIds(tx, { personId: one, groupId: pair.id })],
    ['the outbox', (tx) => addJobs(tx, [{ job: 'assessRequest', changeId: one }])],
    [
      'the outbox, with Homes',
      (tx) =>
        addJobs(tx, [{ job: 'assessRequest', changeId: one }], { people: [one as PersonId], admins: false }),
    ],
  ])('is planned once a connection, and reads no table as a whole: %s', async (_, work) => {
    // given its general plan, which PostgreSQL makes when it has planned it five times
    const TIMES = 12;
    const looked = await transact(db, async (tx) => {
      for (let n = 0; n < TIMES; n += 1) {
        await work(tx);
        // What nobody waits for goes out with a read.
        await sql`select 1`.execute(tx);
      }
      const before = (await sql.raw<Scans[number]>(scans).execute(tx)).rows;
      await work(tx);
      const after = (await sql.raw<Scans[number]>(scans).execute(tx)).rows;
      const { rows: planned } = await sql<{ statement: string }>`
          select statement from pg_prepared_statements where custom_plans > 6 and statement <> 'select 1'`.execute(
        tx,
      );
      return { result: { whole: wholeBetween(before, after), planned }, last: [] };
    });

    // then
    expect(looked).toEqual({ whole: [], planned: [] });
  });

  test('is planned once a connection, and reads no table as a whole: changes that a commit locks', async () => {
    const pairs = [
      { personId: one, groupId: pair.id },
      { personId: one, teamId: 'team' },
    ];
    const client = await poolOf(db).connect();
    try {
      for (let n = 0; n < 12; n += 1) await sendBatch(client, lockingChanges([one], pairs));
      await client.query('begin');
      const before = (await client.query<Scans[number]>(scans)).rows;
      await sendBatch(client, lockingChanges([one], pairs));
      const after = (await client.query<Scans[number]>(scans)).rows;
      expect(wholeBetween(before, after)).toEqual([]);
      const { rows } = await client.query(
        `select custom_plans::int as anew from pg_prepared_statements
         where name in ('changes_lock', 'underway_lock_group_id', 'underway_lock_team_id')`,
      );
      expect(rows).toEqual([{ anew: 5 }, { anew: 5 }, { anew: 5 }]);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});

test('a look for digests that are due asks for managers, and for nobody else', async () => {
  const slot = {
    ...{ zone: 'UTC', zoneFrom: 'neither' as const, week: '2026-11-30', dueAt: new Date('2999-01-01') },
    of: { directory: null, chat: null, isAsked: false },
  };
  const fetched = sql<{ n: number }>`select (seq_tup_read + idx_tup_fetch)::int as n
    from pg_stat_xact_user_tables where relname = 'people'`;
  const tx = await db.startTransaction().execute();
  await sql`insert into installation (belongs_to) values ('test')`.execute(tx);
  const before = (await fetched.execute(tx)).rows[0]?.n ?? 0;
  const due = await readersDue(tx as unknown as Db, [slot], [id('a', 9_000)], 100);
  const after = (await fetched.execute(tx)).rows[0]?.n ?? 0;
  await tx.rollback().execute();
  // One of the managers is suspended.
  expect(due.map(({ personId }) => personId)).toEqual(
    [...numbers(0, MANAGERS), 9_000].filter((n) => n !== 1).map((n) => id('a', n)),
  );
  expect(after - before).toBeLessThan(10 * MANAGERS);
});
