import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../../core/name-key.ts';
import { keptOut } from '../offboardings.ts';
import type { Tx } from '../postgres/database.ts';
import { openChange } from '../states.ts';
import { hasNoRecord, idOf, isAnothersRecord } from '../whose-record.ts';
import type { Place } from './runs.ts';

/** In whose directory, at what time, and how many ids are named. */
export type Look = { system: string; now: Date; limit: number };

/** `systems`: of the identity providers whose groups give the team. */
export type TeamLook = Omit<Look, 'system'> & {
  systems: readonly string[];
  /** Ids of the groups that something else carries to the team; left out: none. */
  elsewhere?: readonly string[];
};

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
  const { rows } = await sql<GroupRow>`
    with seen as materialized (
      select distinct person_id, external_id from reconcile_members where place_id = ${place.id}
    ), wanted as materialized (
      select person_id from grants
      where group_id = ${place.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
      union select person_id from baseline_members where group_id = ${place.externalId} and ended_at is null
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
      select u.external_id, u.user_name_key from scim_members m cross join lateral (
        select external_id, user_name_key from scim_users u where u.id = m.user_id and u.active limit 1
      ) u where m.group_id = ${scimGroupId}::uuid
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

/**
 * The rule of `teamMembership` (core/membership/team-membership.ts) set by set; a property test holds the two together.
 * `shown`: the team as staged, with the persons. `should`: pushed, and wanted or so in the IdP. `kept`: wanted;
 * `kept_by_us`: in a group that Latchkey carries.
 * Who is in a group that something else carries is left as they are.
 * `excess`: shown although nothing gives it, or excluded by policy: on hold, left, or switched off. Where all that SCIM
 * has of somebody is another account's, they are left as they are.
 */
function apartOfTeam(
  place: Place,
  groups: readonly Place[],
  { systems, now, elsewhere = [] }: Omit<TeamLook, 'limit'>,
) {
  const isOurs = (group: Place) => !elsewhere.includes(group.externalId);
  const placeIds = groups.filter(isOurs).map((group) => group.id);
  const elsewhereIds = groups.filter((group) => !isOurs(group)).map((group) => group.id);
  const groupIds = groups.map((group) => group.externalId);
  const ourGroupIds = groups.filter(isOurs).map((group) => group.externalId);
  const ofPlaces = sql`place_id = any(${placeIds}::bigint[])`;
  return sql`shown as materialized (
      select distinct on (t.user_id) t.user_id, t.is_maintainer, t.is_claimed, l.person_id
      from reconcile_team_members t left join lateral (
        select person_id from person_links where system = 'anypoint' and external_id = t.user_id limit 1
      ) l on true
      where t.place_id = ${place.id}
    ), kept as materialized (
      select person_id from grants
      where team_id = ${place.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
      union
      select person_id from baseline_members where group_id = any(${groupIds}::text[]) and ended_at is null
    ), kept_by_us as materialized (
      select person_id from grants
      where team_id = ${place.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
        and group_id <> all(${elsewhere}::text[])
      union
      select person_id from baseline_members where group_id = any(${ourGroupIds}::text[]) and ended_at is null
    ), apart_in_groups as materialized (
      select person_id, why from reconcile_apart where ${ofPlaces}
    ), should as materialized (
      select person_id from (
        select place_id, person_id from reconcile_members where ${ofPlaces}
        except
        select place_id, person_id from reconcile_apart where ${ofPlaces} and why = 'unpushed'
      ) pushed
      union
      (select person_id from apart_in_groups where why = 'pushedOnly' intersect select person_id from kept_by_us)
      union
      select a.person_id from apart_in_groups a where why <> 'unpushed'
        and exists (select from reconcile_members m where ${ofPlaces} and m.person_id = a.person_id)
    ), loose as materialized (
      select person_id from shown where person_id is not null
        except (select person_id from should union select person_id from kept
          union select person_id from reconcile_members where place_id = any(${elsewhereIds}::bigint[]))
    ), vague as materialized (
      ${atEach(systems, vagueAt)}
    ), kept_out as materialized (
      ${keptOut}
    ), suspects as materialized (
      select person_id from shown where person_id is not null except select person_id from should
    ), ${excluded(systems)}, excess_ids as materialized (
      select person_id, false as is_excluded from (
        select person_id from loose except select person_id from vague except select person_id from excluded
      ) l
      union all select person_id, true from excluded
    ), excess as materialized (
      select s.*, i.is_excluded from excess_ids i join shown s on s.person_id = i.person_id
    )`;
}

type OfIdp = (system: string) => RawBuilder<unknown>;

function atEach(systems: readonly string[], of: OfIdp): RawBuilder<unknown> {
  return sql.join(systems.map(of), sql` union `);
}

/** All that SCIM has of them is another account's. */
function vagueAt(system: string): RawBuilder<unknown> {
  return sql`select l.person_id from loose l join people p on p.id = l.person_id
    join scim_users u on u.source = ${system} and u.user_name_key = lower(p.login)
    where exists (select from apart_in_groups a where a.person_id = l.person_id and why = 'unpushed')
      and ${isAnothersRecord(system, sql`u.external_id`, sql`p.id`)} and ${hasNoRecord(sql`p.id`, system)}`;
}

/** Switched off by SCIM, on hold, or left, as one IdP has them. */
function offAt(system: string): RawBuilder<unknown> {
  return sql`select k.person_id, ${system}::text as system from suspects k
    cross join lateral (select ${idOf(sql`k.person_id`, system)} as external_id) i
    join scim_users u on u.source = ${system} and u.external_id = i.external_id where not u.active
    union
    select p.id, ${system} from suspects k join people p on p.id = k.person_id
    join scim_users u on u.source = ${system} and u.user_name_key = lower(p.login)
    where not u.active and not ${isAnothersRecord(system, sql`u.external_id`, sql`p.id`)} and ${hasNoRecord(sql`p.id`, system)}
    union
    select p.id, ${system} from shown s join people p on p.id = s.person_id
    join person_links l on l.person_id = p.id and l.system = ${system}
    where coalesce(l.status, p.status) in ('suspended', 'deprovisioned')`;
}

/** Those who are kept out, or off at each IdP that gives the team and has confirmed them. */
function excluded(systems: readonly string[]): RawBuilder<unknown> {
  return sql`off as materialized (
      ${atEach(systems, offAt)}
    ), excluded as materialized (
      (select person_id from shown intersect select person_id from kept_out)
      union (select person_id from off except (
        select l.person_id from off o join person_links l on l.person_id = o.person_id
        where l.system = any(${[...systems]}::text[]) and not l.is_unconfirmed
          and not exists (select from off there where there.person_id = l.person_id and there.system = l.system)))
    )`;
}
