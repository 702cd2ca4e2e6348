import { type RawBuilder, sql } from 'kysely';
import { AFTER, SKEW } from './changes-in-short.ts';

/** When Latchkey saw a change, and the first times by which other systems' own logs have it. */
export type LogTimes = { id: string; seenAt: Date | null; anypointAt: Date | null; idpAt: Date | null };

/**
 * Of changes: when Anypoint's own log, and the identity provider's, first have them, between the decision (of what was
 * found: when it was) and the moment when Latchkey saw them. A log that has nothing there says nothing. Events and changes are sorted together
 * once: a look for each change would go through its person's events again and again. `which`: a condition on `c`.
 */
export function logTimes(which: RawBuilder<unknown>): RawBuilder<LogTimes> {
  return sql`
    with timed as materialized (
      select c.id, c.person_id, c.group_id, c.team_id, case c.kind when 'grant' then 'added' else 'removed' end as direction,
        case when d.cause = 'finding' then c.requested_at else ${timeOf('decidedAt')} end - ${SKEW} as began, ${timeOf('seenAt')} as seen_at,
        coalesce(${timeOf('seenAt')} + ${AFTER}, 'infinity') as ended
      from changes c cross join lateral (select c.doc->>'cause' as cause, c.doc->'legs' as legs offset 0) d where ${which}
    ),
    since as (select min(began) as at from timed),
    in_teams as (${firstAfter(
      'team_id',
      sql`select l.person_id, t.team_id, t.direction, t.at from team_events t
        join person_links l on l.system = 'anypoint' and l.external_id = t.account where t.at >= (select at from since)`,
    )}),
    in_groups as (${firstAfter(
      'group_id',
      sql`select o.person_id, o.group_id, o.payload->>'direction', o.occurred_at from observed o
        where o.payload->>'kind' = 'membership' and o.event_source not in ('scim', 'reconcile')
          and o.person_id is not null and o.occurred_at >= (select at from since)`,
    )})
    select t.id, t.seen_at, a.at as anypoint_at, i.at as idp_at
    from timed t left join in_teams a on a.id = t.id left join in_groups i on i.id = t.id`;
}

const timeOf = (leg: string) => sql`(d.legs->>${sql.lit(leg)})::timestamptz`;

/** The first event at or after the beginning of each change: the last one that is met when they are read backwards. */
function firstAfter(place: 'team_id' | 'group_id', events: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select id, first_at as at from (
      select id, ended, min(event_at) over (partition by person_id, place, direction order by at desc, id nulls first
        rows unbounded preceding) as first_at
      from (
        select id, person_id, ${sql.ref(place)} as place, direction, began as at, ended, null::timestamptz as event_at from timed
        union all
        select null, e.person_id, e.place, e.direction, e.at, null, e.at from (${events}) e (person_id, place, direction, at)
      ) both_kinds
    ) walked where id is not null and first_at <= ended`;
}
