import { sql } from 'kysely';
import { archivedSegments } from '../audit-archives.ts';
import type { Db, Tx } from '../postgres/database.ts';
import { canaryRounds } from './other-lists.ts';
import type { Period } from './populations.ts';

/** Who told of memberships, and how far. A time that is null is not known. */
export type TellingSource = {
  source: string;
  /** Null: it told of nothing. */
  firstAt: Date | null;
  lastAt: Date | null;
  /** It is a log that is read; others send by themselves. */
  isLog: boolean;
  /** Of a log that is read: from then on nothing of it was missed. */
  readFrom: Date | null;
  /** Of a log that is read: a look that began then read it to its end. */
  readTo: Date | null;
  /** Since when it can't be read. */
  refusedAt: Date | null;
};

/** Also a log that was read and told of nothing. */
export async function sourcesTelling(tx: Tx): Promise<TellingSource[]> {
  const { rows } = await sql<TellingSource>`
    select event_source as source, o.first_at as "firstAt", o.last_at as "lastAt", event_source like '%Log' or c.covered_to is not null or c.refused_at is not null as "isLog",
      c.covered_from as "readFrom", c.covered_to as "readTo", c.refused_at as "refusedAt"
    from (select event_source, min(received_at) as first_at, max(received_at) as last_at from observed group by event_source) o
    full join event_source_coverage c using (event_source) order by event_source`.execute(tx);
  return rows;
}

/** When the record begins: the first entry of the audit that is at hand; null: there is none. */
export async function recordBegan(tx: Db | Tx): Promise<Date | null> {
  const { rows } = await sql<{ at: Date }>`select at from audit order by at, id limit 1`.execute(tx);
  return rows[0]?.at ?? null;
}

/**
 * Entries of the audit from before this moment are in a file, and not in the database: what they tell is not known
 * here. Null: all are at hand.
 */
export async function archivedBefore(db: Db): Promise<Date | null> {
  let before: Date | null = null;
  for (const { first, last } of await archivedSegments(db)) {
    const { rows } = await sql<{ next: Date | null; now: Date }>`
      select (select a.at from audit_seals s join audit a on a.id = s.audit_id where s.seq > ${last} order by s.seq limit 1) as next, now() as now
      where exists (
        select from audit_seals s where s.seq between ${first} and ${last} and not exists (select from audit a where a.id = s.audit_id))`.execute(
      db,
    );
    const [missing] = rows;
    if (missing === undefined) continue;
    const next = missing.next ?? missing.now;
    if (before === null || next > before) before = next;
  }
  return before;
}

/** Whether the canary's rounds went on through the whole period, or as much of it as is over. */
export type CanaryDays = {
  /** Days of the period, in UTC, and those on which a round began. */
  days: number;
  withRound: number;
  /** The longest time in which no round began, its first and its last moment. */
  pauseFrom: Date;
  pauseTo: Date;
};

export async function canaryDays(tx: Tx, period: Period, now: Date): Promise<CanaryDays | null> {
  const end = new Date(Math.min(period.to.getTime(), now.getTime()));
  const { rows } = await sql<CanaryDays>`
    with r as (select "startedAt" as at from (${canaryRounds(period)}) c),
    pauses as (
      select coalesce(lag(at) over (order by at), ${period.from}) as began, at as ended
      from (select at from r union all select ${end}::timestamptz) x)
    select ceil(extract(epoch from ${end}::timestamptz - ${period.from}::timestamptz) / 86400)::int as days,
      (select count(distinct (at at time zone 'UTC')::date)::int from r) as "withRound", began as "pauseFrom", ended as "pauseTo"
    from pauses where exists (select from r) order by ended - began desc, began limit 1`.execute(tx);
  return rows[0] ?? null;
}
