import { type CompiledQuery, type RawBuilder, sql } from 'kysely';
import { type ConcernedHomes, nobodysHome } from '../core/home/concerned.ts';
import type { Job, JobName } from '../core/jobs/reactions.ts';
import { textsOfAnyLength, uuidsOfAnyLength } from './postgres/any-length.ts';
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

export function priorityOf(job: Job): number {
  // A digest waits for every card that somebody is looking at.
  if (job.job === 'updateCard' && job.about === 'digest') return 8;
  if (job.job !== 'applyToIdp') return priorities[job.job];
  return job.urgency === 'leaver' ? 3 : job.urgency === 'revoke' ? 4 : priorities.applyToIdp;
}

/** Work not finished by then is handed out again: its worker was killed, or the queue was emptied. */
export const LEASE_MS = 15_000;

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

/** One row stands for all that is owed of this work: whatever comes meanwhile waits until its run has ended. */
export function isOfAll(job: Job): boolean {
  return keyOf(job) === job.job;
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
  const adding = addingJobs(db, jobs, { homes });
  if (adding !== null) await later(db, adding);
}

/** What `addingJobs` answers with. `isBegun`: it was added and leased by this statement, and is to be run by whoever asked. */
export type AddedRow = OutboxRow & { isBegun: boolean };

/**
 * The statement alone; null: nothing is owed. `leased`: keys of those that this process runs as soon as they are
 * committed. They are leased from the start, where the same work is not open already; then the rows are answered.
 */
export function addingJobs(
  db: Db | Tx,
  jobs: readonly Job[],
  { homes, leased = new Set() }: { homes: ConcernedHomes; leased?: ReadonlySet<string> },
): CompiledQuery | null {
  const isHomeless =
    homes.people.length === 0 &&
    !homes.admins &&
    [homes.emails, homes.campaigns].every((some = []) => some.length === 0);
  if (jobs.length === 0 && isHomeless) return null;
  const rows = new Map<string, { job: Job; afterMs: number }>();
  for (const job of jobs) {
    const afterMs = afterMsOf(job);
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
      leases: leased.has(key) ? 1 : 0,
      afterMs: leased.has(key) ? LEASE_MS : afterMs,
    }));
  const rowsOf = [
    ...(owed.length === 0 ? [] : [rowsOfJobs(JSON.stringify(owed))]),
    ...(isHomeless ? [] : [homesOwed(homes)]),
  ];
  const insert = sql`insert into outbox (key, job, payload, priority, leased, leases, next_at)
    ${sql.join(rowsOf, sql` union all `)} ${sql.raw(leased.size === 0 ? onOpenKey : `${onOpenKey} ${RETURNING}`)}`;
  return insert.compile(db);
}

/** What was open already was called for again, and has a later generation. */
const RETURNING = `returning id, job, payload, priority, generation, leases, attempts,
  leased and generation = 1 as "isBegun"`;

/** Not before so many milliseconds. */
export function afterMsOf(job: Job): number {
  return 'afterMs' in job ? (job.afterMs ?? 0) : 0;
}

/** One text for any number of jobs, so that it is prepared once. */
function rowsOfJobs(jobs: string): RawBuilder<unknown> {
  return sql`(select key, job, payload, priority, leases > 0, leases, clock_timestamp() + "afterMs" * interval '1 ms'
    from jsonb_to_recordset(${jobs}::jsonb)
      as j (key text, job text, payload jsonb, priority smallint, leases int, "afterMs" float8))`;
}

/** A Home is published a moment after the event, so that a burst of events is published once. */
const HOME_AFTER_MS = 300;

/** Rows for those of these people who have opened their Home; everybody else is owed nothing. */
function homesOwed({ people, emails = [], campaigns = [], admins }: ConcernedHomes): RawBuilder<unknown> {
  const whose = [
    ...(people.length === 0 ? [] : [sql`select unnest(${uuidsOfAnyLength(people)})`]),
    ...(admins ? [sql`select person_id from homes where is_admin`] : []),
    ...(emails.length === 0
      ? []
      : [sql`select id from people where lower(email) = any(${textsOfAnyLength(emails)})`]),
    ...(campaigns.length === 0
      ? []
      : [
          sql`select person_id from campaign_reviewers where campaign_id = any(${uuidsOfAnyLength(campaigns)})`,
        ]),
  ];
  return sql`(select 'updateHome:' || h.person_id, 'updateHome',
      jsonb_build_object('job', 'updateHome', 'personId', h.person_id), ${priorities.updateHome}::smallint,
      false, 0, clock_timestamp() + ${HOME_AFTER_MS}::float8 * interval '1 ms'
    from homes h where h.person_id in (${sql.join(whose, sql` union all `)})
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
  next_at = case when outbox.leased then outbox.next_at
    when excluded.leased then least(outbox.next_at, clock_timestamp())
    else least(outbox.next_at, excluded.next_at) end`;

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
