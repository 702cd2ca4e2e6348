import { type RawBuilder, sql } from 'kysely';

/** Somebody who was in a group or a team at a moment, as the log of another system last had it. */
export type HeldByLog = {
  personId: string | null;
  name: string | null;
  email: string | null;
  /** Anypoint's own id of them. */
  account: string | null;
  groupId: string | null;
  group: string | null;
  teamId: string | null;
  team: string | null;
  entitlement: string | null;
  since: Date;
  source: string;
  madeBy: string | null;
};

/**
 * Those whom nothing that Latchkey gave had put there: no grant of the pair stood then, and they were not there before
 * Latchkey. The record may have them all the same, as found: who asks looks. `teams`: those of the catalogue, by name.
 */
export function heldByLogs(at: Date, teams: readonly string[]): RawBuilder<HeldByLog> {
  return sql`
    with in_groups as (
      select * from (
        select distinct on (o.person_id, o.group_id) o.person_id, o.group_id, o.payload->>'direction' as direction, o.occurred_at,
          o.event_source, o.actor
        from observed o where o.payload->>'kind' = 'membership' and o.person_id is not null and o.group_id is not null
          and o.occurred_at <= ${at} and o.outcome is distinct from 'not ours' and o.event_source <> 'reconcile'
        order by o.person_id, o.group_id, o.occurred_at desc, o.id desc
      ) last where direction = 'added'
    ),
    in_teams as (
      select last.*, l.person_id from (
        select distinct on (t.account, t.team_id) t.account, t.team_id, t.team_name, t.direction, t.at, t.actor
        from team_events t where t.at <= ${at}
          and (t.team_name = any(${[...teams]}::text[]) or t.team_id in (select team_id from changes where team_id is not null))
        order by t.account, t.team_id, t.at desc, t.id desc
      ) last left join person_links l on l.system = 'anypoint' and l.external_id = last.account where last.direction = 'added'
    ),
    given as materialized (
      select g.person_id, g.group_id, g.team_id from grants g where g.starts_at <= ${at} and (g.ended_at is null or g.ended_at > ${at})
    ),
    names_of_groups as (
      select distinct on (c.group_id) c.group_id, c.entitlement_key, c.doc->'target'->>'groupName' as group_name
      from changes c where c.group_id in (select n.group_id from in_groups n left join given v using (person_id, group_id) where v.person_id is null)
      order by c.group_id, c.requested_at desc
    ),
    keys_of_teams as (
      select distinct on (c.team_id) c.team_id, c.entitlement_key
      from changes c where c.team_id in (select n.team_id from in_teams n left join given v using (person_id, team_id) where v.person_id is null)
      order by c.team_id, c.requested_at desc
    )
    select n.person_id as "personId", p.name, p.email, null as account, n.group_id as "groupId", coalesce(k.group_name, b.group_name) as "group",
      null as "teamId", null as team, k.entitlement_key as entitlement, n.occurred_at as since, n.event_source as source,
      n.actor->>'name' as "madeBy"
    from in_groups n left join given v using (person_id, group_id) left join people p on p.id = n.person_id
    left join names_of_groups k on k.group_id = n.group_id
    left join (select group_id, min(group_name) as group_name from baselines group by group_id) b on b.group_id = n.group_id
    where v.person_id is null
    union all
    select n.person_id, p.name, p.email, n.account, null, null, n.team_id, n.team_name, k.entitlement_key, n.at, 'anypointAudit',
      nullif(n.actor->>'name', '')
    from in_teams n left join given v using (person_id, team_id) left join people p on p.id = n.person_id
    left join keys_of_teams k on k.team_id = n.team_id
    where v.person_id is null
    order by since, "personId"`;
}
