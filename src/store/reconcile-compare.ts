import { sql } from 'kysely';
import { nameKey } from '../core/name-key.ts';
import type { Tx } from './database.ts';
import type { Place } from './reconcile-runs.ts';

/** One who is in a group without being wanted there, or the other way round. */
export type Apart = { personId: string; externalId: string };

/** How a group as the IdP showed it differs from who is wanted in it, and from what SCIM has pushed. */
export type GroupDifference = {
  members: number;
  /** In the group, and nothing wants them there. */
  unrequested: Apart[];
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
  what: 'members' | 'unrequested' | 'lost' | 'inHand' | 'unpushed' | 'pushedOnly';
  n: number;
  ids: string[] | null;
  externalIds: string[] | null;
};

/**
 * Compares set with set what was staged of a group. Of those SCIM has otherwise, `limit` ids are named; all of them
 * are noted for the comparison of the teams. EXCEPT and not joins: it sorts or hashes whatever the sizes.
 */
export async function compareGroup(
  tx: Tx,
  place: Place,
  system: 'okta' | 'entra',
  now: Date,
  limit: number,
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
      union select person_id from preexisting where group_id = ${place.externalId} and ended_at is null
    ), apart as materialized (
      select 'unrequested' as what, person_id from (select person_id from seen except select person_id from wanted) u
      union all
      select 'lost', person_id from (select person_id from wanted except select person_id from seen) l
    ), judged as materialized (
      select a.person_id, case when exists (
          select from changes c where c.person_id = a.person_id and c.group_id = ${place.externalId}
            and c.state in ('received', 'asking', 'applying', 'verifying', 'awaitingSignIn', 'late')
        ) then 'inHand' else a.what end as what,
        (select external_id from person_links l where l.person_id = a.person_id and l.system = ${system}
          order by verified_at desc, external_id limit 1) as external_id
      from apart a
    ), mirrored as materialized (
      select u.external_id from scim_members m cross join lateral (
        select external_id from scim_users u where u.id = m.user_id and u.active and u.external_id is not null limit 1
      ) u where m.group_id = ${scimGroupId}::uuid
    ), unpushed as materialized (
      select s.person_id from (select external_id from seen except select external_id from mirrored) x
      cross join lateral (select person_id from seen where seen.external_id = x.external_id limit 1) s
      where not exists (
        select from people p join scim_users u on u.source = ${system}
          and u.user_name_key in (lower(normalize(p.login, NFC)), lower(normalize(p.email, NFC)))
        join scim_members m on m.user_id = u.id and m.group_id = ${scimGroupId}::uuid
        where p.id = s.person_id and u.active
          and not exists (select from scim_users known
            where known.source = ${system} and known.external_id = x.external_id)
      )
    ), pushed_only as materialized (
      select l.person_id from (select external_id from mirrored except select external_id from seen) x
      cross join lateral (
        select person_id from person_links where system = ${system} and external_id = x.external_id limit 1
      ) l
    ), noted as (
      insert into reconcile_apart (place_id, person_id, why)
      select ${place.id}::bigint, person_id, 'unpushed' from unpushed
      union all select ${place.id}::bigint, person_id, 'pushedOnly' from pushed_only
    )
    select 'members' as what, count(*)::int as n, null::text[] as ids, null::text[] as "externalIds" from seen
    union all
    select what, count(*)::int, array_agg(person_id::text order by person_id),
      array_agg(coalesce(external_id, '') order by person_id) from judged group by what
    union all
    select 'unpushed', count(*)::int, (array_agg(person_id::text order by person_id))[:${limit}::int], null from unpushed
    union all
    select 'pushedOnly', count(*)::int, (array_agg(person_id::text order by person_id))[:${limit}::int], null from pushed_only`.execute(
    tx,
  );
  const of = (what: GroupRow['what']) => rows.find((row) => row.what === what);
  const named = (what: 'unrequested' | 'lost'): Apart[] => {
    const row = of(what);
    return (row?.ids ?? []).map((personId, n) => ({ personId, externalId: row?.externalIds?.[n] ?? '' }));
  };
  return {
    members: of('members')?.n ?? 0,
    unrequested: named('unrequested'),
    lost: named('lost'),
    inHand: of('inHand')?.n ?? 0,
    isPushed: scimGroupId !== null,
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
 * Compares set with set what was staged of a team with its groups, which were compared before. On the first look
 * whoever is in the team though nothing gives it is recorded, and never counted as extra; so is who is linked to
 * nobody, for they may be one day. Whoever is extra is named; of the others `limit` are.
 */
export async function compareTeam(
  tx: Tx,
  place: Place,
  groups: readonly Place[],
  system: 'okta' | 'entra',
  now: Date,
  limit: number,
): Promise<TeamDifference> {
  const placeIds = groups.map((group) => group.id);
  const groupIds = groups.map((group) => group.externalId);
  const first = await sql`
    insert into team_baselines (team_id, taken_at) values (${place.externalId}, ${now})
    on conflict do nothing returning 1`.execute(tx);
  const isFirstLook = first.rows.length > 0;
  // Not one statement with the comparison, which must see what this one records.
  const apart = apartOfTeam(place, placeIds, groupIds, system, now);
  if (isFirstLook)
    await sql`
      with ${apart}
      insert into preexisting_in_team (team_id, user_id, recorded_at)
      select ${place.externalId}, user_id, ${now}::timestamptz from surplus where not is_maintainer
      union select ${place.externalId}, user_id, ${now}::timestamptz from shown where person_id is null
      on conflict do nothing`.execute(tx);
  const { rows } = await sql<Omit<TeamDifference, 'isFirstLook'>>`
    with ${apart}, extra as materialized (
      select s.* from surplus s where not is_maintainer and not exists (
        select from preexisting_in_team e where e.team_id = ${place.externalId} and e.user_id = s.user_id
      )
    ), missing as materialized (
      select m.person_id from (select person_id from should except select person_id from shown where person_id is not null) m
      where exists (select from person_links l where l.person_id = m.person_id and l.system = 'anypoint')
    )
    select (select count(*) from shown)::int as members,
      (select count(*) from missing)::int as missing,
      (select coalesce((array_agg(distinct person_id::text))[:${limit}::int], '{}') from missing) as "missingIds",
      (select count(*) from extra)::int as extra,
      (select coalesce(array_agg(distinct person_id::text), '{}') from extra) as "extraIds",
      (select count(*) from surplus where is_maintainer)::int as maintainers,
      (select count(*) from extra where is_claimed)::int as claimed,
      (select coalesce((array_agg(user_id order by user_id))[:${limit}::int], '{}') from extra where is_claimed) as "claimedIds",
      (select count(*) from surplus where not is_maintainer)::int - (select count(*) from extra)::int as "foundThere",
      (select count(*) from shown where person_id is null)::int as unlinked,
      (select coalesce((array_agg(user_id order by user_id))[:${limit}::int], '{}') from shown where person_id is null) as "unlinkedIds"
  `.execute(tx);
  return { ...(rows[0] as Omit<TeamDifference, 'isFirstLook'>), isFirstLook };
}

/**
 * `shown`: the team as staged, with the persons. `should`: in it by the rule of desiredTeamMembership. `surplus`: shown
 * although neither that nor a grant or record gives it, or although suspended or switched off.
 */
function apartOfTeam(
  place: Place,
  placeIds: readonly string[],
  groupIds: readonly string[],
  system: 'okta' | 'entra',
  now: Date,
) {
  return sql`shown as materialized (
      select distinct on (t.user_id) t.user_id, t.is_maintainer, t.is_claimed, l.person_id
      from reconcile_team_members t left join lateral (
        select person_id from person_links where system = 'anypoint' and external_id = t.user_id limit 1
      ) l on true
      where t.place_id = ${place.id}
    ), suspended as materialized (
      select person_id from shown intersect select id from people where status = 'suspended'
    ), kept as materialized (
      select person_id from grants
      where team_id = ${place.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
      union
      select person_id from preexisting where group_id = any(${groupIds}::text[]) and ended_at is null
    ), should as materialized (
      select person_id from (
        select place_id, person_id from reconcile_members where place_id = any(${placeIds}::bigint[])
        except
        select place_id, person_id from reconcile_apart where place_id = any(${placeIds}::bigint[]) and why = 'unpushed'
      ) pushed
      union
      (select person_id from reconcile_apart where place_id = any(${placeIds}::bigint[]) and why = 'pushedOnly'
       intersect select person_id from kept)
      except
      select person_id from suspended
    ), suspects as materialized (
      select person_id from reconcile_apart where place_id = any(${placeIds}::bigint[]) and why = 'unpushed'
      union
      (select person_id from kept except select person_id from reconcile_members where place_id = any(${placeIds}::bigint[]))
    ), off as materialized (
      select s.person_id from suspects s where exists (
        select from person_links l join scim_users u on u.external_id = l.external_id and u.source = ${system}
        where l.person_id = s.person_id and l.system in ('okta', 'entra') having bool_and(not u.active)
      )
    ), surplus_ids as materialized (
      (select person_id from shown where person_id is not null
        except (select person_id from should union select person_id from kept))
      union select person_id from suspended
      union (select person_id from off intersect select person_id from shown)
    ), surplus as materialized (
      select s.* from surplus_ids i join shown s on s.person_id = i.person_id
    )`;
}
