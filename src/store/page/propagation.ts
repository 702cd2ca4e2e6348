import { sql } from 'kysely';
import type { LegTimes } from '../../core/change/legs.ts';
import type { Db } from '../postgres/database.ts';

/** How long a leg of the way took in a week that begins on this Monday (UTC). Times in milliseconds. */
export type LegWeek = {
  /** A day, as text. */
  week: string;
  leg: keyof LegTimes;
  n: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  overObjective: number;
};

// `statement_timestamp()` is the same within a statement, so that the index by time can be used.

/** A change is counted in the week in which it was seen; the last hour of a week may still be on its way into the audit. */
const SETTLED = sql`interval '1 hour'`;

const since = (from: string, to: string) =>
  sql.raw(`extract(epoch from (l->>'${to}')::timestamptz - (l->>'${from}')::timestamptz) * 1000`);

/** Weeks and legs of changes seen within a time; the canary's are left out. */
const figures = (of: { from: unknown; to: unknown; objectiveMs: number }) => sql`
  select date_trunc('week', s.at at time zone 'utc')::date as week, v.leg, count(*)::int as n,
    percentile_cont(0.5) within group (order by v.ms) as p50,
    percentile_cont(0.95) within group (order by v.ms) as p95,
    percentile_cont(0.99) within group (order by v.ms) as p99,
    (count(*) filter (where v.ms > ${of.objectiveMs}::int))::int as over_objective
  from (
    select a.at, c.doc->'legs' as l, c.doc->>'signedInAt' as signed_in
    from audit a join changes c on c.id = a.change_id
    where a.type = 'changeSeen' and a.at >= ${of.from} and a.at < ${of.to} and c.doc->>'cause' <> 'canary'
    offset 0
  ) s cross join lateral (values
    ('decisionToIdp', ${since('decidedAt', 'idpWrittenAt')}),
    ('idpToScim', ${since('idpWrittenAt', 'scimPushedAt')}),
    ('scimToDelivery', ${since('scimPushedAt', 'deliveredAt')}),
    ('deliveryToSeen', extract(epoch from (l->>'seenAt')::timestamptz
      - coalesce(l->>'deliveredAt', l->>'scimPushedAt', l->>'idpWrittenAt')::timestamptz) * 1000),
    ('total', extract(epoch from (l->>'seenAt')::timestamptz - coalesce(signed_in, l->>'decidedAt')::timestamptz) * 1000)
  ) v (leg, ms)
  where v.ms >= 0 group by 1, 2`;

/**
 * So many weeks, the newest last, each with every leg that was travelled. A week that is over is read once, and kept.
 */
export async function propagationByWeek(
  db: Db,
  { weeks, objectiveMs }: { weeks: number; objectiveMs: number },
): Promise<LegWeek[]> {
  const monday = sql`date_trunc('week', statement_timestamp() at time zone 'utc')`;
  const { rows: missing } = await sql<{ week: string }>`
    select w::date::text as week from generate_series(${monday} - ${weeks - 1} * interval '7 days', ${monday} - interval '7 days', interval '7 days') w
    where (w + interval '7 days') at time zone 'utc' < statement_timestamp() - ${SETTLED}
      and not exists (select from propagation_weeks p where p.week = w::date and p.leg = 'total' and p.objective_ms = ${objectiveMs}::int)`.execute(
    db,
  );
  for (const { week } of missing) await keepWeek(db, week, objectiveMs);
  const now = figures({
    from: sql`${monday} at time zone 'utc'`,
    to: sql`statement_timestamp() + interval '1 day'`,
    objectiveMs,
  });
  const { rows } = await sql<LegWeek>`
    select week::text as week, leg, n, p50, p95, p99, over_objective as "overObjective" from propagation_weeks
    where week >= (${monday} - ${weeks - 1} * interval '7 days')::date and n > 0 and objective_ms = ${objectiveMs}::int
    union all
    select week::text, leg, n, p50, p95, p99, over_objective from (${now}) f where week = (${monday})::date
    order by 1, 2`.execute(db);
  return rows;
}

async function keepWeek(db: Db, week: string, objectiveMs: number): Promise<void> {
  const of = figures({
    from: sql`${week}::date::timestamp at time zone 'utc'`,
    to: sql`(${week}::date + 7)::timestamp at time zone 'utc'`,
    objectiveMs,
  });
  await sql`
    insert into propagation_weeks (week, leg, n, p50, p95, p99, over_objective, objective_ms)
    select week, leg, n, p50, p95, p99, over_objective, ${objectiveMs}::int from (${of}) f
    union all
    select ${week}::date, 'total', 0, null, null, null, 0, ${objectiveMs}::int where not exists (select from (${of}) f where leg = 'total')
    on conflict do nothing`.execute(db);
}
