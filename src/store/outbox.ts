import { type RawBuilder, sql } from 'kysely';
import { type ConcernedHomes, nobodysHome } from '../core/home/concerned.ts';
import type { Job, JobName } from '../core/jobs/reactions.ts';
import { isOf, nothing, type Portion } from './outbox-portion.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';

/**
 * Order of work under the vendors' limits. Lower runs first.
 * - decisions
 * - IdP writes that take access away, a leaver's first (`priorityOf`); deliveries beside them
 * - IdP writes that give access, and verification
 * - messages
 * - observations that were merely noticed
 * - advice
 */
const priorities: Record<JobName, number> = {
  settleClick: 1,
  assessRequest: 2,
  beginAccess: 2,
  applyToIdp: 5,
  askForPush: 5,
  deliverToTeam: 4,
  verifyInAnypoint: 5,
  updateMessages: 6,
  processObservations: 3,
  settleCardClick: 1,
  readChatStatus: 3,
  settleStepUp: 1,
  evaluatePerson: 3,
  assessMassChange: 2,
  carryOutMassChange: 3,
  advanceOffboarding: 3,
  prepareCampaign: 7,
  carryOutCampaign: 3,
  adviseLine: 8,
  updateCard: 6,
  // After the messages: who looks at a Home sees it a moment later.
  updateHome: 7,
  checkMembership: 7,
  checkGroup: 7,
  beginReconcile: 7,
  advise: 8,
};

function priorityOf(job: Job): number {
  // A digest waits for every card that somebody is looking at.
  if (job.job === 'updateCard' && job.about === 'digest') return 8;
  if (job.job !== 'applyToIdp') return priorities[job.job];
  return job.urgency === 'leaver' ? 3 : job.urgency === 'revoke' ? 4 : priorities.applyToIdp;
}

export type OutboxRow = {
  id: string;
  job: JobName;
  payload: Job;
  priority: number;
  generation: number;
  leases: number;
  attempts: number;
};

/** The same work called for twice has the same key and is one open row. */
export function keyOf(job: Job): string {
  switch (job.job) {
    case 'applyToIdp':
    case 'checkMembership':
      return `${job.job}:${job.personId}:${job.groupId}`;
    case 'deliverToTeam':
      return `deliverToTeam:${job.personId}:${job.teamId}`;
    case 'settleClick':
    case 'settleCardClick':
      return `${job.job}:${job.clickKey}`;
    case 'settleStepUp':
      return `settleStepUp:${job.stepUpId}`;
    case 'processObservations':
    case 'beginReconcile':
      return job.job;
    case 'evaluatePerson':
      return `evaluatePerson:${job.personId}${job.idp === undefined ? '' : `:${job.idp}`}`;
    case 'updateHome':
      return `updateHome:${job.personId}`;
    case 'readChatStatus':
      return `readChatStatus:${job.accountId}`;
    case 'checkGroup':
    case 'askForPush':
      return `${job.job}:${job.groupId}`;
    case 'assessMassChange':
    case 'carryOutMassChange':
      return `${job.job}:${job.massChangeId}`;
    case 'prepareCampaign':
    case 'carryOutCampaign':
      return `${job.job}:${job.campaignId}`;
    case 'adviseLine':
      return `adviseLine:${job.campaignId}:${job.n}`;
    case 'advanceOffboarding':
      return `advanceOffboarding:${job.offboardingId}`;
    case 'updateCard':
      return `updateCard:${job.about}:${job.id}`;
    default:
      return `${job.job}:${job.changeId}`;
  }
}

/**
 * Adds work, or calls again for work that is open already; and has the Homes published anew that `homes` names. Called
 * by commit (with the state it follows from) and by `acceptClick` (a click is stored before it is answered).
 */
export async function addJobs(
  db: Db | Tx,
  jobs: readonly Job[],
  homes: ConcernedHomes = nobodysHome,
): Promise<void> {
  const isHomeless =
    homes.people.length === 0 &&
    !homes.admins &&
    [homes.emails, homes.campaigns].every((some = []) => some.length === 0);
  if (jobs.length === 0 && isHomeless) return;
  const rows = new Map<string, { job: Job; afterMs: number }>();
  for (const job of jobs) {
    const afterMs = 'afterMs' in job ? (job.afterMs ?? 0) : 0;
    const key = keyOf(job);
    rows.set(key, { job, afterMs: Math.min(afterMs, rows.get(key)?.afterMs ?? afterMs) });
  }
  // Sorted, so that two transactions take the rows' locks in the same order.
  const owed = [...rows]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { job, afterMs }]) => ({
      key,
      job: job.job,
      payload: job,
      priority: priorityOf(job),
      afterMs,
    }));
  const rowsOf = [
    ...(owed.length === 0 ? [] : [rowsOfJobs(JSON.stringify(owed))]),
    ...(isHomeless ? [] : [homesOwed(homes)]),
  ];
  const insert = sql`insert into outbox (key, job, payload, priority, next_at) ${sql.join(rowsOf, sql` union all `)}
    ${sql.raw(onOpenKey)}`;
  await later(db, insert.compile(db));
}

/** One text for any number of jobs, so that it is prepared once. */
function rowsOfJobs(jobs: string): RawBuilder<unknown> {
  return sql`(select key, job, payload, priority, clock_timestamp() + "afterMs" * interval '1 ms'
    from jsonb_to_recordset(${jobs}::jsonb)
      as j (key text, job text, payload jsonb, priority smallint, "afterMs" float8))`;
}

/** A Home is published a moment after the event, so that a burst of events is published once. */
const HOME_AFTER_MS = 300;

/** Rows for those of these people who have opened their Home; everybody else is owed nothing. */
function homesOwed({ people, emails = [], campaigns = [], admins }: ConcernedHomes): RawBuilder<unknown> {
  return sql`(select 'updateHome:' || h.person_id, 'updateHome',
      jsonb_build_object('job', 'updateHome', 'personId', h.person_id), ${priorities.updateHome}::smallint,
      clock_timestamp() + ${HOME_AFTER_MS}::float8 * interval '1 ms'
    from homes h where h.person_id = any(${[...people]}::uuid[]) or (${admins}::boolean and h.is_admin)
      or h.person_id in (select id from people where lower(email) = any(${[...emails]}::text[]))
      or h.person_id in (select person_id from campaign_reviewers where campaign_id = any(${[...campaigns]}::uuid[]))
    order by h.person_id)`;
}

/** For a statement that is a commit of its own: owes a job once if `condition` holds. */
export function owedWhere(job: Job, condition: string): string {
  const payload = JSON.stringify(job).replaceAll("'", "''");
  return `insert into outbox (key, job, payload, priority)
    select '${keyOf(job).replaceAll("'", "''")}', '${job.job}', '${payload}'::jsonb, ${priorityOf(job)} where ${condition}
    ${onOpenKey} returning id`;
}

/**
 * Calling again for work that is open. A run in progress sees the new generation when it ends and is followed by
 * another; two at once are of no use.
 */
const onOpenKey = `on conflict (key) where done_at is null do update set generation = outbox.generation + 1,
  priority = least(outbox.priority, excluded.priority),
  next_at = case when outbox.leased then outbox.next_at else least(outbox.next_at, excluded.next_at) end`;

/** Work not finished by then is handed out again: its worker was killed, or the queue was emptied. */
export const LEASE_MS = 15_000;

/** Adds work that this process does at once: leased from the start. Null when the same work is open already. */
export async function addLeased(db: Db, job: Job): Promise<OutboxRow | null> {
  const { rows } = await sql<OutboxRow>`
    insert into outbox (key, job, payload, priority, leases, leased, taken, next_at)
    values (${keyOf(job)}, ${job.job}, ${JSON.stringify(job)}, ${priorityOf(job)}, 1, true, true,
      clock_timestamp() + ${LEASE_MS} * interval '1 ms')
    on conflict (key) where done_at is null do nothing
    returning id, job, payload, priority, generation, leases, attempts`.execute(db);
  return rows[0] ?? null;
}

/**
 * Takes due rows, the most urgent first, and leases them for the queue. A lease that runs out (a killed worker, an
 * emptied Redis) makes the row due again. `except`: rows left alone for now.
 */
export async function leaseDue(
  db: Db,
  limit: number,
  leaseMs = LEASE_MS,
  except: Portion = nothing,
): Promise<OutboxRow[]> {
  return await lease(db, { limit, leaseMs, which: sql`not ${isOf(except)}`, isTaken: false });
}

/** Leases rows of a portion, which this process runs at once without the queue. The most urgent come first. */
export async function leaseToRun(db: Db, limit: number, of: Portion): Promise<OutboxRow[]> {
  const rows = await lease(db, {
    limit,
    leaseMs: LEASE_MS,
    which: isOf(of),
    isTaken: true,
  });
  return rows.sort((a, b) => a.priority - b.priority);
}

async function lease(
  db: Db,
  {
    limit,
    leaseMs,
    which,
    isTaken,
  }: { limit: number; leaseMs: number; which: RawBuilder<unknown>; isTaken: boolean },
): Promise<OutboxRow[]> {
  const { rows } = await sql<OutboxRow>`
    update outbox set leases = leases + 1, leased = true, taken = ${isTaken},
      next_at = clock_timestamp() + ${leaseMs} * interval '1 ms'
    where id in (
      select id from outbox where done_at is null and next_at <= clock_timestamp() and ${which}
      order by priority, next_at limit ${limit} for update skip locked
    )
    returning id, job, payload, priority, generation, leases, attempts`.execute(db);
  return rows;
}

/**
 * Begins a row that was handed out with this lease, by whomever; its lease counts from now. Null when it was begun,
 * taken back or leased again meanwhile, or is no longer owed.
 */
export async function takeDelivery(db: Db, id: string, delivery: number): Promise<OutboxRow | null> {
  const { rows } = await sql<OutboxRow>`
    update outbox set leased = true, taken = true, next_at = clock_timestamp() + ${LEASE_MS} * interval '1 ms'
    where id = ${id} and leases = ${delivery} and not taken and done_at is null
    returning id, job, payload, priority, generation, leases, attempts`.execute(db);
  return rows[0] ?? null;
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

/** Milliseconds until the next open row is due, but for those of a portion; null when none is open. */
export async function msUntilDue(db: Db, except: Portion = nothing): Promise<number | null> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from min(next_at) - clock_timestamp()) * 1000)::float8 as ms
    from outbox where done_at is null and not ${isOf(except)}`.execute(db);
  return rows[0]?.ms ?? null;
}

/** The row if it is still owed. */
export async function readOpen(db: Db, id: string): Promise<OutboxRow | null> {
  const row = await db
    .selectFrom('outbox')
    .select(['id', 'job', 'payload', 'priority', 'generation', 'leases', 'attempts'])
    .where('id', '=', id)
    .where('done_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** Closes a row, unless its work was called for again meanwhile: then it is due at once. Answers whether it closed. */
export async function finish(db: Db, row: OutboxRow): Promise<boolean> {
  const { rows } = await sql<{ done_at: Date | null }>`
    update outbox set
      leased = false,
      taken = false,
      done_at = case when generation = ${row.generation} then clock_timestamp() end,
      next_at = case when generation = ${row.generation} then next_at else clock_timestamp() end
    where id = ${row.id} and done_at is null
    returning done_at`.execute(db);
  return rows[0] === undefined || rows[0].done_at !== null;
}

/**
 * Leaves a row open and due again after a while. Answers whether it was called for again meanwhile and is due at once.
 */
export async function again(db: Db, row: OutboxRow, afterMs: number, fault: string | null): Promise<boolean> {
  const { rows } = await sql<{ generation: number }>`
    update outbox set
      leased = false,
      taken = false,
      next_at = clock_timestamp() + case when generation = ${row.generation} then ${afterMs}::float8 else 0 end * interval '1 ms',
      attempts = case when ${fault}::text is null then 0 else attempts + 1 end,
      last_fault = coalesce(${fault}, last_fault)
    where id = ${row.id} and done_at is null
    returning generation`.execute(db);
  return rows[0] !== undefined && rows[0].generation !== row.generation;
}

/** Puts leased rows back at once, e.g. when the queue could not take them. */
export async function unlease(db: Db, ids: readonly string[], afterMs: number): Promise<void> {
  if (ids.length === 0) return;
  await sql`update outbox set leased = false, taken = false,
      next_at = clock_timestamp() + ${afterMs}::float8 * interval '1 ms'
    where id = any(${ids}::bigint[]) and done_at is null`.execute(db);
}
