import { sql } from 'kysely';
import type { Job } from '../core/jobs/reactions.ts';
import { takingIn } from './intake.ts';
import { keyOf, LEASE_MS, type OutboxRow, priorityOf } from './outbox.ts';
import { dueSince } from './outbox-due.ts';
import { dueOf, type Portion, portionValues } from './outbox-portion.ts';
import type { Db } from './postgres/database.ts';
import { arrayText, type Bound, statement } from './postgres/statement.ts';
import { batchAtOnce } from './postgres/transaction.ts';

const leased = takingIn<Job, OutboxRow>({
  keyOf,
  insertion: (jobs) =>
    insertLeased(
      arrayText(jobs.map(keyOf)),
      arrayText(jobs.map(({ job }) => job)),
      arrayText(jobs.map((job) => JSON.stringify(job))),
      arrayText(jobs.map((job) => String(priorityOf(job)))),
    ),
  async alone(db, job) {
    const { rows } = await sql<OutboxRow>`
      insert into outbox (key, job, payload, priority, leases, leased, taken, next_at)
      values (${keyOf(job)}, ${job.job}, ${JSON.stringify(job)}, ${priorityOf(job)}, 1, true, true,
        clock_timestamp() + ${LEASE_MS} * interval '1 ms')
      on conflict (key) where done_at is null do nothing
      returning id, job, payload, priority, generation, leases, attempts`.execute(db);
    return rows[0] ?? null;
  },
});

const insertLeased = statement(
  'leased from the start',
  `insert into outbox (key, job, payload, priority, leases, leased, taken, next_at)
   select key, job, payload, priority, 1, true, true, clock_timestamp() + ${LEASE_MS} * interval '1 ms'
   from unnest($1::text[], $2::text[], $3::jsonb[], $4::int[]) as given (key, job, payload, priority)
   on conflict (key) where done_at is null do nothing
   returning key as intake_key, id, job, payload, priority, generation, leases, attempts`,
);

/** Adds work that this process does at once: leased from the start. Null when the same work is open already. */
export async function addLeased(db: Db, job: Job): Promise<OutboxRow | null> {
  return await leased(db, job);
}

/**
 * Begins rows that were handed out with these leases, by whomever; their leases count from now. Those are left out that
 * were begun, taken back or leased again meanwhile, or are no longer owed.
 */
export async function takeDeliveries(
  db: Db,
  given: readonly { id: string; delivery: number }[],
): Promise<OutboxRow[]> {
  if (given.length === 0) return [];
  const { rows } = await sql<OutboxRow>`
    update outbox o set leased = true, taken = true, next_at = clock_timestamp() + ${LEASE_MS} * interval '1 ms'
    from unnest(${given.map((g) => g.id)}::bigint[], ${given.map((g) => g.delivery)}::int[]) as g (id, delivery)
    where o.id = g.id and o.leases = g.delivery and not o.taken and o.done_at is null
    returning o.id, o.job, o.payload, o.priority, o.generation, o.leases, o.attempts`.execute(db);
  return rows;
}

/**
 * Of rows that are being run: their leases count from now. Those are left out that were leased again, put back or closed
 * meanwhile. Rows are locked in the order of their keys.
 */
export async function renewLeases(
  db: Db,
  running: readonly { id: string; delivery: number }[],
): Promise<void> {
  if (running.length === 0) return;
  await sql`
    with mine as materialized (
      select o.id
      from unnest(${running.map((r) => r.id)}::bigint[], ${running.map((r) => r.delivery)}::int[])
        as r (id, delivery)
      join outbox o on o.id = r.id and o.leases = r.delivery and o.leased and o.done_at is null
      order by o.key collate "C" for update of o)
    update outbox o set next_at = clock_timestamp() + ${LEASE_MS} * interval '1 ms'
    from mine where o.id = mine.id`.execute(db);
}

/** Takes back what the queue was given and nobody has begun: due at once. Answers how many that were. */
export async function takeBack(db: Db, given: readonly { id: string; delivery: number }[]): Promise<number> {
  if (given.length === 0) return 0;
  const { numAffectedRows } = await sql`
    update outbox set leased = false, next_at = clock_timestamp()
    from unnest(${given.map((g) => g.id)}::bigint[], ${given.map((g) => g.delivery)}::int[]) as g (id, delivery)
    where outbox.id = g.id and outbox.leases = g.delivery and leased and not taken and done_at is null`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}

/** Puts leased rows back at once, e.g. when the queue could not take them. */
export async function unlease(db: Db, ids: readonly string[], afterMs: number): Promise<void> {
  if (ids.length === 0) return;
  await sql`update outbox set leased = false, taken = false,
      next_at = clock_timestamp() + ${afterMs}::float8 * interval '1 ms'
    where id = any(${ids}::bigint[]) and done_at is null`.execute(db);
}

/**
 * How the run of a row ended. `afterMs`: it is due again after that; null: it is done. `fault`: why it failed.
 * `generation`, `leases`: as they were when the run began. What another process has leased since is closed if it is done; a
 * run that wants to look again leaves it to that process.
 */
export type Closing = Pick<OutboxRow, 'id' | 'generation' | 'leases'> & {
  afterMs: number | null;
  fault: string | null;
};

/**
 * Which rows are leased: how many at most, for how long, and of which portion; null or left out: of all. `since`: none is
 * due since earlier (a PostgreSQL time); left out: nothing is known of that.
 */
export type ToLease = { limit: number; leaseMs?: number; of?: Portion | null; since?: string };

export type Exchange = {
  /** Of the closed rows, those that were called for again meanwhile: they are due at once. */
  calledAgain: Set<string>;
  /** The most urgent first. */
  leased: OutboxRow[];
  /** Milliseconds until the next open row is due; null: there is none, or not all rows were asked for. */
  nextMs: number | null;
};

/**
 * Closes rows whose run has ended, and takes due rows, the most urgent first, all in one trip. A lease that runs out (a
 * killed worker, an emptied Redis) makes its row due again.
 */
export async function exchange(
  db: Db,
  closings: readonly Closing[],
  toLease: ToLease | null,
): Promise<Exchange> {
  const asked = [
    ...(closings.length === 0 ? [] : [closing(closings)]),
    ...(toLease === null ? [] : [leasing({ since: await dueSince(db), ...toLease })]),
  ];
  if (asked.length === 0) return { calledAgain: new Set(), leased: [], nextMs: null };
  const answers = await batchAtOnce<Record<string, unknown>>(db, asked);
  const closed = closings.length === 0 ? [] : (answers[0] as { id: string; isCalledAgain: boolean }[]);
  const due = toLease === null ? [] : (answers.at(-1) as (OutboxRow & { nextMs: number | null })[]);
  return {
    calledAgain: new Set(closed.filter((row) => row.isCalledAgain).map(({ id }) => String(id))),
    nextMs: due[0]?.nextMs ?? null,
    leased: due.filter(({ id }) => id !== null).map(({ nextMs: _, ...row }) => row),
  };
}

/** Rows are locked in the order of their keys, as those who add them do: none waits for another in a circle. */
const close = statement(
  'close rows',
  `with ended as materialized (
     select o.id, e.generation, e.after_ms, nullif(e.fault, '') as fault
     from unnest($1::bigint[], $2::int[], $3::float8[], $4::text[], $5::int[])
       as e (id, generation, after_ms, fault, leases)
     join outbox o on o.id = e.id and o.done_at is null and (e.after_ms < 0 or o.leases = e.leases)
     order by o.key collate "C" for update of o)
   update outbox o set leased = false, taken = false,
     done_at = case when e.after_ms < 0 and o.generation = e.generation then clock_timestamp() end,
     next_at = case when o.generation <> e.generation then clock_timestamp()
       when e.after_ms < 0 then o.next_at
       else clock_timestamp() + e.after_ms * interval '1 ms' end,
     attempts = case when e.after_ms < 0 then o.attempts when e.fault is null then 0 else o.attempts + 1 end,
     last_fault = coalesce(e.fault, o.last_fault)
   from ended e where o.id = e.id
   returning o.id, o.generation <> e.generation as "isCalledAgain"`,
);

function closing(closings: readonly Closing[]): Bound {
  return close(
    closings.map(({ id }) => id),
    closings.map(({ generation }) => String(generation)),
    closings.map(({ afterMs }) => String(afterMs ?? -1)),
    closings.map(({ fault }) => fault ?? ''),
    closings.map(({ leases }) => String(leases)),
  );
}

const LEASED = `update outbox o set leases = leases + 1, leased = true, taken = false,
    next_at = statement_timestamp() + $2::float8 * interval '1 ms'
  from due where o.id = due.id
  returning o.id, o.job, o.payload, o.priority, o.generation, o.leases, o.attempts`;

const lease = statement(
  'lease rows',
  `with due as materialized (
     select id from outbox where done_at is null and next_at >= $3::timestamptz and next_at <= statement_timestamp()
     order by priority, next_at limit $1 for update skip locked),
   leased as (${LEASED}),
   later as (
     select min(next_at) as at from outbox
     where done_at is null and next_at >= $3::timestamptz and id not in (select id from due))
   select (extract(epoch from later.at - statement_timestamp()) * 1000)::float8 as "nextMs", leased.id, leased.job,
     leased.payload, leased.priority, leased.generation, leased.leases, leased.attempts
   from later left join leased on true order by leased.priority`,
);

/**
 * Of some lanes, while others have enough. Not prepared: a plan from when there were few rows would read the whole table
 * for each job.
 */
const leaseOfSome = statement(
  '',
  `with found as materialized (${dueOf(4, '$1::int', '$3::timestamptz')} order by priority, next_at limit $1::int),
   due as materialized (
     select o.id from found cross join lateral (
       select id from outbox
       where id = found.id and done_at is null and next_at <= statement_timestamp() for update skip locked) o),
   leased as (${LEASED})
   select null::float8 as "nextMs", leased.id, leased.job, leased.payload, leased.priority, leased.generation,
     leased.leases, leased.attempts
   from leased order by leased.priority`,
);

/** The statement alone. */
export function leasing({ limit, leaseMs = LEASE_MS, of = null, since = '-infinity' }: ToLease): Bound {
  return of === null
    ? lease(limit, leaseMs, since)
    : leaseOfSome(limit, leaseMs, since, ...portionValues(of));
}
