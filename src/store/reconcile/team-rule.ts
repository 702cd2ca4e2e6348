import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../../core/name-key.ts';
import { keptOut } from '../offboardings.ts';
import { offCounts } from '../scim-mirror.ts';
import { hasNoRecord, idOf, isAnothersRecord } from '../whose-record.ts';
import { shownIn } from './agree.ts';
import type { Place } from './runs.ts';

/** In whose directory, at what time, and how many ids are named. */
export type Look = { system: string; now: Date; limit: number };

/** `systems`: of the identity providers whose groups give the team; `membersAlone`: which of them carry members alone. */
export type TeamLook = Omit<Look, 'system'> & {
  systems: readonly string[];
  membersAlone?: readonly string[];
  /** Ids of the groups that something else carries to the team; left out: none. */
  elsewhere?: readonly string[];
};

/**
 * The rule of `teamMembership` (core/membership/team-membership.ts) set by set; a property test holds the two together.
 * `shown`: the team as staged, with the persons. `should`: pushed, and wanted or so in the IdP. `kept`: wanted;
 * `kept_by_us`: in a group that Latchkey carries.
 * Who is in a group that something else carries is left as they are.
 * `excess`: shown although nothing gives it, or excluded by policy: on hold, left, or switched off. Where all that SCIM
 * has of somebody is another account's, they are left as they are.
 */
export function apartOfTeam(
  place: Place,
  groups: readonly Place[],
  { systems, membersAlone = [], now, elsewhere = [] }: Omit<TeamLook, 'limit'>,
) {
  const isOurs = (group: Place) => !elsewhere.includes(group.externalId);
  const placeIds = groups.filter(isOurs).map((group) => group.id);
  const elsewhereIds = groups.filter((group) => !isOurs(group)).map((group) => group.id);
  const ourNames = groups.filter(isOurs).map((group) => nameKey(group.name));
  const ofPlaces = sql`place_id = any(${placeIds}::bigint[])`;
  return sql`shown as materialized (
      ${shownIn(place)}
    ), kept as materialized (
      ${keptIn(place, now, groups, [])}
    ), kept_by_us as materialized (
      ${elsewhere.length === 0 ? sql`select person_id from kept` : keptIn(place, now, groups.filter(isOurs), elsewhere)}
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
      union
      ${atEach(systems, (system) => byAnothersAt(system, ourNames))}
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
    ), ${excluded(systems, membersAlone)}, excess_ids as materialized (
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

/** Whom a live grant of the team, but for those of other groups, or a record from before wants in one of these groups. */
function keptIn(
  team: Place,
  now: Date,
  groups: readonly Place[],
  others: readonly string[],
): RawBuilder<unknown> {
  const groupIds = groups.map((group) => group.externalId);
  return sql`select person_id from grants
    where team_id = ${team.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
      and group_id <> all(${[...others]}::text[])
    union
    select person_id from baseline_members where group_id = any(${groupIds}::text[]) and ended_at is null`;
}

/** In one of our groups at the IdP; what SCIM has pushed of it under their login is another account's record. */
function byAnothersAt(system: string, names: readonly string[]): RawBuilder<unknown> {
  return sql`select a.person_id from apart_in_groups a join people p on p.id = a.person_id
    join scim_users u on u.source = ${system} and u.user_name_key = lower(p.login)
    where a.why = 'unpushed' and u.active and exists (
        select from scim_members m join scim_groups g on g.id = m.group_id
        where m.user_id = u.id and g.display_name_key = any(${[...names]}::text[]))
      and ${isAnothersRecord(system, sql`u.external_id`, sql`p.id`)} and ${hasNoRecord(sql`p.id`, system)}`;
}

/** Switched off by SCIM, on hold, or left, as one IdP has them. */
function offAt(system: string, carriesMembersAlone: boolean): RawBuilder<unknown> {
  const isOff = sql`not u.active and ${offCounts(carriesMembersAlone, sql`u.id`)}`;
  return sql`select k.person_id, ${system}::text as system from suspects k
    cross join lateral (select ${idOf(sql`k.person_id`, system)} as external_id) i
    join scim_users u on u.source = ${system} and u.external_id = i.external_id where ${isOff}
    union
    select p.id, ${system} from suspects k join people p on p.id = k.person_id
    join scim_users u on u.source = ${system} and u.user_name_key = lower(p.login)
    where ${isOff} and not ${isAnothersRecord(system, sql`u.external_id`, sql`p.id`)} and ${hasNoRecord(sql`p.id`, system)}
    union
    select p.id, ${system} from shown s join people p on p.id = s.person_id
    join person_links l on l.person_id = p.id and l.system = ${system}
    where coalesce(l.status, p.status) in ('suspended', 'deprovisioned')`;
}

/** Those who are kept out, or off at each IdP that gives the team and has confirmed them. */
function excluded(systems: readonly string[], membersAlone: readonly string[]): RawBuilder<unknown> {
  return sql`off as materialized (
      ${atEach(systems, (system) => offAt(system, membersAlone.includes(system)))}
    ), excluded as materialized (
      (select person_id from shown intersect select person_id from kept_out)
      union (select person_id from off except (
        select l.person_id from off o join person_links l on l.person_id = o.person_id
        where l.system = any(${[...systems]}::text[]) and not l.is_unconfirmed
          and not exists (select from off there where there.person_id = l.person_id and there.system = l.system)))
    )`;
}
