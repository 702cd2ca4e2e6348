import { type RawBuilder, sql } from 'kysely';
import { canaryRounds } from './other-lists.ts';
import type { Period } from './populations.ts';

/** Rounds are kept for so long: whether there was one before can't be said. */
const KEPT = sql`interval '400 days'`;

/** Days in UTC, one after the other, on which no round of the canary began. */
export type CanaryGap = { firstDay: string; lastDay: string; days: number };

/**
 * Of whole days of the period that are over, since the record began. Empty also where there has never been a round: it
 * was not switched on.
 */
export function canaryGaps(period: Period, now: Date): RawBuilder<CanaryGap> {
  const utcDay = (at: RawBuilder<unknown>) => sql`date_trunc('day', (${at}) at time zone 'UTC')::date`;
  return sql`
    with days as (
      select day::date from generate_series(
        ${utcDay(sql`greatest(${period.from}::timestamptz, (select min(at) from audit), ${now}::timestamptz - ${KEPT}) + interval '1 day' - interval '1 microsecond'`)},
        ${utcDay(sql`least(${period.to}::timestamptz, ${now}::timestamptz)`)} - 1, interval '1 day') as day
      where exists (select from canary_runs where started_at < ${period.to})
    ),
    without as (
      select day, day - (row_number() over (order by day))::int as stretch from days
      where day not in (select ${utcDay(sql`"startedAt"`)} from (${canaryRounds(period)}) r)
    )
    select min(day)::text as "firstDay", max(day)::text as "lastDay", count(*)::int as days from without group by stretch order by 1`;
}
