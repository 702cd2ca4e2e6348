import { sql } from 'kysely';
import { nameKey } from '../../core/name-key.ts';
import type { Tx } from '../postgres/database.ts';
import { openChange } from '../states.ts';
import { hasNoRecord, idOf, isAnothersRecord } from '../whose-record.ts';
import { groupThatAgrees, mirroredIn, teamThatAgrees, wantedIn } from './agree.ts';
import type { Place } from './runs.ts';
import { apartOfTeam, type Look, type TeamLook } from './team-rule.ts';

/** One who is in a group without being wanted there, or the other way round. */
export type Apart = { personId: string; externalId: string };

/** How a group as the IdP showed it differs from who is wanted in it, and from what SCIM has pushed. */
export type GroupDifference = {
  members: number;
  /** In the group, and nothing wants them there. */
  finding: Apart[];
  /** Wanted in the group, and not there. */
  lost: Apart[];
  /** Differences that a change is about already. */
  inHand: number;
  /** Whether SCIM has pushed a group of this name. */
  isPushed: boolean;
  /** In the IdP's group and not in the pushed one: a push was lost, or the person is not assigned to the app. */
  unpushed: number;
  unpushedIds: string[];
  /** In the pushed group and no longer in the IdP's: the push of a removal was lost. */
  pushedOnly: number;
  pushedOnlyIds: string[];
};

type GroupRow = {
  what: 'members' | 'finding' | 'lost' | 'inHand' | 'unpushed' | 'pushedOnly';
  n: number;
  ids: string[] | null;
  externalIds: string[] | null;
};

/**
 * Compares set with set what was staged of a group. Of those SCIM has otherwise, `limit` ids are named; all of them
 * are noted for the comparison of the teams. EXCEPT and not joins: it sorts or hashes whatever the sizes.
 */
// Long: it is one statement, whose parts build on one another, so that all of them see one moment.
export async function compareGroup(
  tx: Tx,
  place: Place,
  { system, now, limit }: Look,
): Promise<GroupDifference> {
  const group = await sql<{ id: string }>`
    select id from scim_groups where source = ${system} and display_name_key = ${nameKey(place.name)}`.execute(
    tx,
  );
  const scimGroupId = group.rows[0]?.id ?? null;
  const agreeing = await groupThatAgrees(tx, place, { scimGroupId, now });
  if (agreeing !== null)
    return differenceIn(
      [{ what: 'members', n: agreeing, ids: null, externalIds: null }],
      scimGroupId !== null,
    );
  const { rows } = await sql<GroupRow>`
    with seen as materialized (
      select distinct person_id, external_id from reconcile_members where place_id = ${place.id}
    ), wanted as materialized (
      ${wantedIn(place, now)}
    ), apart as materialized (
      select 'finding' as what, person_id from (select person_id from seen except select person_id from wanted) u
      union all
      select 'lost', person_id from (select person_id from wanted except select person_id from seen) l
    ), judged as materialized (
      select a.person_id, case when exists (
          select from changes c where c.person_id = a.person_id and c.group_id = ${place.externalId}
            and c.state in ${openChange}
        ) then 'inHand' else a.what end as what,
        ${idOf(sql`a.person_id`, system)} as external_id
      from apart a
    ), mirrored as materialized (
      ${mirroredIn(scimGroupId)}
    ), unpushed as materialized (
      select s.person_id from (select external_id from seen except select external_id from mirrored) x
      cross join lateral (select person_id from seen where seen.external_id = x.external_id limit 1) s
      where not exists (
        select from people p join scim_users u on u.source = ${system} and u.user_name_key = lower(p.login)
        join scim_members m on m.user_id = u.id and m.group_id = ${scimGroupId}::uuid
        where p.id = s.person_id and u.active
          and not exists (select from scim_users known
            where known.source = ${system} and known.external_id = x.external_id)
      )
    ), strays as materialized (
      select external_id from mirrored except select external_id from seen
    ), by_name as materialized (
      select external_id, user_name_key from mirrored where external_id is null
      union all
      select m.external_id, m.user_name_key from mirrored m join strays on strays.external_id = m.external_id
    ), pushed as materialized (
      select l.person_id, false as is_anothers from strays cross join lateral (
        select person_id from person_links where system = ${system} and external_id = strays.external_id limit 1
      ) l where strays.external_id = ${idOf(sql`l.person_id`, system)}
      union
      select p.id, ${isAnothersRecord(system, sql`m.external_id`, sql`p.id`)} from by_name m
      join people p on lower(p.login) = m.user_name_key where ${hasNoRecord(sql`p.id`, system)}
    ), pushed_only as materialized (
      select person_id, is_anothers from pushed
      where not exists (select from seen where seen.person_id = pushed.person_id)
    ), noted as (
      insert into reconcile_apart (place_id, person_id, why)
      select ${place.id}::bigint, person_id, 'unpushed' from unpushed
      union all
      select ${place.id}::bigint, person_id, case when is_anothers then 'pushedByAnother' else 'pushedOnly' end from pushed_only
    )
    select 'members' as what, count(*)::int as n, null::text[] as ids, null::text[] as "externalIds" from seen
    union all
    select what, count(*)::int, array_agg(person_id::text order by person_id),
      array_agg(coalesce(external_id, '') order by person_id) from judged group by what
    union all
    select 'unpushed', count(*)::int, (array_agg(person_id::text order by person_id))[:${limit}::int], null from unpushed
    union all
    select 'pushedOnly', count(*)::int, (array_agg(person_id::text order by person_id))[:${limit}::int], null
    from pushed_only where not is_anothers`.execute(tx);
  return differenceIn(rows, scimGroupId !== null);
}

function differenceIn(rows: readonly GroupRow[], isPushed: boolean): GroupDifference {
  const of = (what: GroupRow['what']) => rows.find((row) => row.what === what);
  const named = (what: 'finding' | 'lost'): Apart[] => {
    const row = of(what);
    return (row?.ids ?? []).map((personId, n) => ({ personId, externalId: row?.externalIds?.[n] ?? '' }));
  };
  return {
    members: of('members')?.n ?? 0,
    finding: named('finding'),
    lost: named('lost'),
    inHand: of('inHand')?.n ?? 0,
    isPushed,
    unpushed: of('unpushed')?.n ?? 0,
    unpushedIds: of('unpushed')?.ids ?? [],
    pushedOnly: of('pushedOnly')?.n ?? 0,
    pushedOnlyIds: of('pushedOnly')?.ids ?? [],
  };
}

/** How a team as Anypoint showed it differs from who should be in it. */
export type TeamDifference = {
  members: number;
  /** Should be in the team, has an Anypoint user, and is not shown. */
  missing: number;
  missingIds: string[];
  /** In the team, and nothing gives it to them. */
  extra: number;
  extraIds: string[];
  /** In the team without anything that gives it, but not to be taken away silently. */
  maintainers: number;
  /** Of the extra: from a group claim at sign-in, so that a removal does not last. */
  claimed: number;
  claimedIds: string[];
  /** In the team before Latchkey, though no group gave it. */
  foundThere: number;
  /** Anypoint users whom nobody is linked to. */
  unlinked: number;
  unlinkedIds: string[];
  isFirstLook: boolean;
};

const nobodyApart: Omit<TeamDifference, 'members' | 'isFirstLook'> = {
  missing: 0,
  missingIds: [],
  extra: 0,
  extraIds: [],
  maintainers: 0,
  claimed: 0,
  claimedIds: [],
  foundThere: 0,
  unlinked: 0,
  unlinkedIds: [],
};

/**
 * Compares set with set what was staged of a team with its groups, which were compared before. On the first look, a
 * member to whom nothing gives the team is recorded, and never counted as extra. A member who is linked to no person is
 * recorded too, for they may be linked one day. All extra members are named; of the others `limit` are.
 */
export async function compareTeam(
  tx: Tx,
  place: Place,
  groups: readonly Place[],
  look: TeamLook,
): Promise<TeamDifference> {
  const { now, limit } = look;
  const first = await sql`
    insert into team_baselines (team_id, taken_at) values (${place.externalId}, ${now})
    on conflict do nothing returning 1`.execute(tx);
  const isFirstLook = first.rows.length > 0;
  const agreeing = (look.elsewhere ?? []).length > 0 ? null : await teamThatAgrees(tx, place, groups);
  if (agreeing !== null) return { ...nobodyApart, members: agreeing, isFirstLook };
  // Not one statement with the comparison, which must see what this one records.
  const apart = apartOfTeam(place, groups, look);
  if (isFirstLook)
    await sql`
      with ${apart}
      insert into baseline_in_team (team_id, user_id, recorded_at)
      select ${place.externalId}, user_id, ${now}::timestamptz from excess where not is_maintainer
      union select ${place.externalId}, user_id, ${now}::timestamptz from shown where person_id is null
      on conflict do nothing`.execute(tx);
  const { rows } = await sql<Omit<TeamDifference, 'isFirstLook'>>`
    with ${apart}, extra as materialized (
      select s.* from excess s where not is_maintainer and (is_excluded or not exists (
        select from baseline_in_team e join person_links l on l.system = 'anypoint' and l.external_id = e.user_id
        where e.team_id = ${place.externalId} and l.person_id = s.person_id
      ))
    ), missing as materialized (
      select m.person_id from (select person_id from should except select person_id from shown where person_id is not null) m
      where exists (select from person_links l where l.person_id = m.person_id and l.system = 'anypoint')
        and not exists (select from people p where p.id = m.person_id and p.status in ('suspended', 'deprovisioned'))
        and not exists (select from kept_out k where k.person_id = m.person_id)
    )
    select (select count(*) from shown)::int as members,
      (select count(*) from missing)::int as missing,
      (select coalesce((array_agg(distinct person_id::text))[:${limit}::int], '{}') from missing) as "missingIds",
      (select count(*) from extra)::int as extra,
      (select coalesce(array_agg(distinct person_id::text), '{}') from extra) as "extraIds",
      (select count(*) from excess where is_maintainer)::int as maintainers,
      (select count(*) from extra where is_claimed)::int as claimed,
      (select coalesce((array_agg(user_id order by user_id))[:${limit}::int], '{}') from extra where is_claimed) as "claimedIds",
      (select count(*) from excess where not is_maintainer)::int - (select count(*) from extra)::int as "foundThere",
      (select count(*) from shown where person_id is null)::int as unlinked,
      (select coalesce((array_agg(user_id order by user_id))[:${limit}::int], '{}') from shown where person_id is null) as "unlinkedIds"
  `.execute(tx);
  return { ...(rows[0] as Omit<TeamDifference, 'isFirstLook'>), isFirstLook };
}
