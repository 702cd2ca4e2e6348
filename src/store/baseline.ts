import { sql } from 'kysely';
import { textsOfAnyLength, uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether, inPlaces } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';

type Pair = { personId: string; groupId: string };

/** Whether the first look at this group has been taken. */
export async function hasBaseline(db: Db | Tx, groupId: string): Promise<boolean> {
  const row = await db
    .selectFrom('baselines')
    .select('group_id')
    .where('group_id', '=', groupId)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Records the members of a group as they were staged on the first look. Whoever holds a grant of it got it through
 * Latchkey. Answers how many were recorded.
 */
export async function recordBaseline(
  tx: Tx,
  group: { placeId: string; id: string; name: string },
  now: Date,
): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into baseline_members (person_id, group_id, group_name, recorded_at)
    select distinct m.person_id, ${group.id}, ${group.name}, ${now}::timestamptz from reconcile_members m
    where m.place_id = ${group.placeId}
      and not exists (select from grants g where g.person_id = m.person_id and g.group_id = ${group.id})
    on conflict do nothing`.execute(tx);
  const recorded = Number(numAffectedRows ?? 0n);
  await tx
    .insertInto('baselines')
    .values({ group_id: group.id, group_name: group.name, members: recorded, taken_at: now })
    .execute();
  return recorded;
}

/** Records one membership as accepted the way it is; a record that had ended lives again. */
export async function recordBaselineMember(
  tx: Tx,
  pair: Pair & { groupName: string },
  now: Date,
): Promise<void> {
  await sql`
    insert into baseline_members (person_id, group_id, group_name, recorded_at)
    values (${pair.personId}, ${pair.groupId}, ${pair.groupName}, ${now})
    on conflict (person_id, group_id) do update
      set ended_at = null, ended_as = null, recorded_at = excluded.recorded_at`.execute(tx);
}

/** Records many people of one group as baseline. */
export async function recordBaselineMembers(
  tx: Tx,
  group: { groupId: string; groupName: string },
  personIds: readonly string[],
  now: Date,
): Promise<void> {
  await sql`
    insert into baseline_members (person_id, group_id, group_name, recorded_at)
    select p.id, ${group.groupId}, ${group.groupName}, ${now} from unnest(${[...personIds]}::uuid[]) as p (id)
    on conflict (person_id, group_id) do update
      set ended_at = null, ended_as = null, recorded_at = excluded.recorded_at`.execute(tx);
}

export async function isInBaseline(db: Db | Tx, { personId, groupId }: Pair): Promise<boolean> {
  return await inBaseline(db, { personId, groupIds: [groupId] });
}

/** Whether the person was in one of these groups before Latchkey, and that was never ended. */
export async function isInAnyBaseline(
  db: Db | Tx,
  personId: string,
  groupIds: readonly string[],
): Promise<boolean> {
  return groupIds.length > 0 && (await inBaseline(db, { personId, groupIds }));
}

const inBaseline = askedTogether(
  async (db, keys: readonly { personId: string; groupIds: readonly string[] }[]) => {
    const pairs = keys.flatMap(({ personId, groupIds }, n) =>
      groupIds.map((groupId) => ({ n: n + 1, personId, groupId })),
    );
    const { rows } = await sql<{ n: number }>`
      select k.n from unnest(${pairs.map((k) => k.n)}::int[], ${pairs.map((k) => k.personId)}::uuid[],
        ${pairs.map((k) => k.groupId)}::text[]) as k (n, person_id, group_id)
      join baseline_members b on b.person_id = k.person_id and b.group_id = k.group_id and b.ended_at is null`.execute(
      db,
    );
    return inPlaces(keys, rows).map((some) => some.length > 0);
  },
);

/** Whether an Anypoint user of theirs was in the team on the first look at it, though no group gave it. */
export async function wasInTeam(db: Db | Tx, personId: string, teamId: string): Promise<boolean> {
  return await inTeamBefore(db, { personId, teamId });
}

const inTeamBefore = askedTogether(async (db, keys: readonly { personId: string; teamId: string }[]) => {
  const { rows } = await sql<{ n: number }>`
    select k.n::int as n
    from unnest(${uuidsOfAnyLength(keys.map((k) => k.personId))}, ${textsOfAnyLength(keys.map((k) => k.teamId))})
      with ordinality as k (person_id, team_id, n)
    join person_links l on l.person_id = k.person_id and l.system = 'anypoint'
    join baseline_in_team e on e.team_id = k.team_id and e.user_id = l.external_id`.execute(db);
  return inPlaces(keys, rows).map((some) => some.length > 0);
});

/** `gone`: it went as it came, and nobody was asked. */
export async function endBaseline(tx: Tx, pair: Pair, now: Date, as: 'gone' | null = null): Promise<void> {
  await tx
    .updateTable('baseline_members')
    .set({ ended_at: now, ended_as: as })
    .where('person_id', '=', pair.personId)
    .where('group_id', '=', pair.groupId)
    .where('ended_at', 'is', null)
    .execute();
}

/** The people who went from the group as they came since a time, and are not back by a grant. */
export async function goneSince(db: Db | Tx, groupId: string, since: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select person_id as id from baseline_members e
    where group_id = ${groupId} and ended_as = 'gone' and ended_at >= ${since}
      and not exists (select from grants g where g.person_id = e.person_id and g.group_id = e.group_id
        and g.ended_at is null and g.ends_at > clock_timestamp())
    order by person_id`.execute(db);
  return rows.map((row) => row.id);
}

/** They are asked about after all: until that is decided it is as if they had not gone. */
export async function recallGone(tx: Tx, groupId: string, personIds: readonly string[]): Promise<void> {
  await sql`
    update baseline_members set ended_at = null, ended_as = null
    where group_id = ${groupId} and person_id = any(${[...personIds]}::uuid[]) and ended_as = 'gone'`.execute(
    tx,
  );
}
