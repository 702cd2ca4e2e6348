import { type RawBuilder, sql } from 'kysely';
import { keptOut } from '../offboardings.ts';
import type { Tx } from '../postgres/database.ts';
import type { Place } from './runs.ts';
import type { Look } from './team-rule.ts';

/** The team as staged, each user with the person whom they are linked to. */
export function shownIn(place: Place): RawBuilder<unknown> {
  return sql`select distinct on (t.user_id) t.user_id, t.is_maintainer, t.is_claimed, l.person_id
      from reconcile_team_members t left join lateral (
        select person_id from person_links where system = 'anypoint' and external_id = t.user_id limit 1
      ) l on true
      where t.place_id = ${place.id}`;
}

/** Who is wanted in a group: by a live grant, or by a record from before. */
export function wantedIn(place: Place, now: Date): RawBuilder<unknown> {
  return sql`select person_id from grants
      where group_id = ${place.externalId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
      union select person_id from baseline_members where group_id = ${place.externalId} and ended_at is null`;
}

/** The active members of a group as SCIM has pushed them. */
export function mirroredIn(scimGroupId: string | null): RawBuilder<unknown> {
  return sql`select u.external_id, u.user_name_key from scim_members m cross join lateral (
        select external_id, user_name_key from scim_users u where u.id = m.user_id and u.active limit 1
      ) u where m.group_id = ${scimGroupId}::uuid`;
}

/**
 * How many members a staged group has, if they are just those wanted in it and just those pushed, by the IdP's ids.
 * Null: something differs, or needs the whole comparison to tell. Most groups agree, and this costs a third of that.
 * Sorted lists are compared, and nothing is joined. PostgreSQL knows nothing of rows that were staged a moment ago, and
 * would join them one by one with all the others. What is looked up by many keys is looked up by one walk of the index.
 */
export async function groupThatAgrees(
  tx: Tx,
  place: Place,
  { scimGroupId, now }: { scimGroupId: string | null } & Pick<Look, 'now'>,
): Promise<number | null> {
  const { rows } = await sql<{ members: number }>`
    with seen as materialized (
      select array(select person_id from reconcile_members where place_id = ${place.id} order by person_id) as people
    )
    select cardinality(people) as members from seen
    where people = array(select person_id from (${wantedIn(place, now)}) wanted order by person_id)
      and array(
        select external_id collate "C" as external_id from reconcile_members where place_id = ${place.id}
        order by external_id collate "C"
      ) = array(
        select external_id collate "C" as external_id from scim_users
        where id = any(array(select user_id from scim_members where group_id = ${scimGroupId}::uuid)) and active
        order by external_id collate "C"
      )`.execute(tx);
  return rows[0]?.members ?? null;
}

/**
 * How many members a staged team has, if they are just those in its groups and nothing else is to be said of them.
 * Null: something differs, or needs the whole comparison to tell. What has to hold for that:
 * - each user is linked to a person, and no two to the same
 * - they are just the members of the groups, of which SCIM has none otherwise
 * - none of them is on hold, has left, or is kept out
 */
export async function teamThatAgrees(tx: Tx, place: Place, groups: readonly Place[]): Promise<number | null> {
  const placeIds = groups.map((group) => group.id);
  const { rows } = await sql<{ members: number }>`
    with users as materialized (
      select array(select user_id from reconcile_team_members where place_id = ${place.id}) as ids
    ), shown as materialized (
      select person_id from person_links
      where system = 'anypoint' and external_id = any((select ids from users)::text[])
    )
    select cardinality(ids) as members from users
    where cardinality(ids) = (select count(*) from shown)
      and array(select person_id from shown order by person_id) = array(
        select distinct person_id from reconcile_members where place_id = any(${placeIds}::bigint[]) order by person_id
      )
      and not exists (select from reconcile_apart where place_id = any(${placeIds}::bigint[]))
      and not exists (
        select person_id from shown intersect (
          select person_id from (${keptOut}) k
          union all select id from people where status in ('suspended', 'deprovisioned')
          union all select person_id from person_links where status in ('suspended', 'deprovisioned')
        )
      )`.execute(tx);
  return rows[0]?.members ?? null;
}
