import { Fault } from '../core/fault.ts';
import type { JobName } from '../core/jobs/reactions.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { Lane } from '../queue/lanes.ts';
import type { QueueAway } from '../queue/queue-away.ts';
import {
  again,
  finish,
  LEASE_MS,
  leaseDue,
  leaseToRun,
  msUntilDue,
  type OutboxRow,
  takeBack,
  takeDelivery,
  unlease,
} from '../store/outbox.ts';
import type { Context, Ran } from './kernel/context.ts';
import { createHandedOver, type Given } from './queue/handed-over.ts';
import type { Lanes } from './queue/lanes.ts';
import { createPauses } from './queue/pauses.ts';
import { createQueueWatch } from './queue/queue-watch.ts';
import type { Runs } from './steps.ts';

/** Rows put into the queue in one go. */
const BATCH = 200;
/** Rows remembered between leasing and running, so that a worker of this process need not read them again. */
const HELD_MAX = 2_000;
/** Clicks settled at once in this process; what is beyond takes the queue. */
const AT_ONCE_MAX = 16;
/** Longest sleep between looks; another replica's commit is found at the latest then. */
const IDLE_MS = 250;
const STORE_DOWN_MS = 1_000;
/** A run that has not ended by then is let go, so that its place is free. Its lease ran out long ago. */
const RUN_MAX_MS = 60_000;
const VENDOR_CODE_MAX = 60;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
/**
 * Longest wait that a vendor can impose. Limits refill within a minute or two. A reset time hours or centuries away
 * comes from a broken clock or a broken proxy. Believing it would stop a lane for good. A vendor that is asked too
 * early says so again.
 */
const VENDOR_WAIT_MAX_MS = 300_000;

export type Relay = {
  nudge(): void;
  /** Runs a row that was stored leased, here and now: its row brings it back if this process does not finish. */
  runNow(row: OutboxRow): void;
  /** Since when the queue takes or hands out no work, so that it is done in this process; null: it does. */
  queueAway(): QueueAway | null;
  start(): void;
  stop(): Promise<void>;
};

/**
 * Carries open outbox rows into the queue and closes them when their job has run. The outbox is also the timer: a job
 * that wants to look again leaves its row open until then. While the queue is away this process runs due rows itself.
 * It takes the most urgent first, and as many at once as its workers would.
 *
 * The loop (`run`) is in one of five states, and `pump` says for how long:
 * - giving: rows are due, so a batch is leased and put into the queue; a full batch is followed by the next at once;
 * - full: a lane has enough in the queue, so its rows stay in the outbox until some of them begin;
 * - idle: nothing is due, so it sleeps until the next row is, or until it is nudged;
 * - without the queue: what was given is taken back, and due rows run in this process, lane by lane;
 * - without the database: it sleeps and tries again.
 * A row is held by its lease alone. Whatever is lost on the way comes back when that runs out.
 */
export function createRelay(
  context: Pick<Context, 'db' | 'log' | 'pausedUntil'>,
  jobQueue: JobQueue,
  { runs, lanes }: { runs: Runs; lanes: Lanes },
): Relay {
  let wake: () => void = () => {};
  let nudged = false;
  let isStopping = false;
  let loop: Promise<void> = Promise.resolve();
  const pauses = createPauses(context.pausedUntil);
  const held = new Map<string, { row: OutboxRow; until: number }>();
  /** What runs in this process without the queue. */
  const here = new Set<Promise<void>>();
  /** What could not be taken back yet, the database being away too. */
  const toTakeBack: Given[] = [];
  let clicks = 0;
  const handedOver = createHandedOver(lanes.all);
  const queue = createQueueWatch(jobQueue, { log: context.log, isIdle: handedOver.isIdle, changed: nudge });

  function nudge(): void {
    nudged = true;
    wake();
  }

  /** Milliseconds until there is something to do. */
  async function pump(): Promise<number> {
    if (queue.away() !== null) {
      await takeBackFromQueue(handedOver.takeAll());
      return await runDueHere();
    }
    const stuck = handedOver.takeStuck();
    if ((await takeBackFromQueue(stuck)) > 0) {
      const why = `has handed out nothing for seconds, though ${stuck.length} pieces of work wait in it`;
      queue.lost(new Fault('queue.timeout', why, { retryable: true }));
      return 0;
    }
    return await giveToQueue();
  }

  async function giveToQueue(): Promise<number> {
    const until = performance.now() + LEASE_MS;
    const except = lanes.portion(handedOver.fullLanes());
    const rows = await leaseDue(context.db, BATCH, LEASE_MS, except);
    if (rows.length === 0)
      return Math.min(IDLE_MS, Math.max(1, (await msUntilDue(context.db, except)) ?? IDLE_MS));
    if (held.size > HELD_MAX) held.clear();
    for (const row of rows) {
      held.set(row.id, { row, until });
      handedOver.give(lanes.of(row.payload), { id: row.id, delivery: row.leases }, until);
    }
    try {
      await jobQueue.enqueue(
        rows.map((row) => ({
          lane: lanes.of(row.payload),
          id: row.id,
          delivery: row.leases,
          priority: row.priority,
        })),
      );
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      queue.lost(error);
      return 0;
    }
    return rows.length === BATCH ? 0 : 1;
  }

  /** It may still hand them out: whoever begins a row first has it. Answers how many nobody had begun. */
  async function takeBackFromQueue(given: readonly Given[]): Promise<number> {
    for (const { id } of given) held.delete(id);
    toTakeBack.push(...given);
    const tookBack = await takeBack(context.db, toTakeBack);
    toTakeBack.length = 0;
    return tookBack;
  }

  async function runDueHere(): Promise<number> {
    for (const lane of lanes.all) {
      const free = handedOver.free(lane);
      if (free <= 0) continue;
      for (const row of await leaseToRun(context.db, free, lanes.portion([lane]))) {
        handedOver.begins(lane, row.id);
        runHere(row, () => {
          handedOver.ends(lane);
          nudge();
        });
      }
    }
    const full = lanes.all.filter((lane) => handedOver.free(lane) <= 0);
    return Math.min(IDLE_MS, Math.max(1, (await msUntilDue(context.db, lanes.portion(full))) ?? IDLE_MS));
  }

  function runHere(row: OutboxRow, ended: () => void): void {
    const running = letGoOf(runRow(lanes.of(row.payload), row), row)
      .catch((error: Error) =>
        context.log.error({ err: error.message, outbox: row.id }, 'job could not be concluded'),
      )
      .finally(() => {
        here.delete(running);
        ended();
      });
    here.add(running);
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      nudged = false;
      let waitMs: number;
      try {
        waitMs = await pump();
      } catch (error) {
        context.log.warn({ err: (error as Error).message }, 'outbox can’t be read');
        // Its workers would ask for work without a pause.
        if (jobQueue.kind === 'postgres' && error instanceof Fault)
          queue.lost(new Fault('queue.unavailable', 'is on PostgreSQL, which is away', { retryable: true }));
        waitMs = STORE_DOWN_MS;
      }
      if (nudged || isStopping || waitMs === 0) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /**
   * Runs a delivery only while its lease is the row's current one. After an outage the queue hands out each row as
   * often as it was given meanwhile. All but the last are stale, and are dropped here.
   */
  async function runJob(lane: Lane, id: string, delivery: number): Promise<void> {
    if (handedOver.begins(lane, id)) nudge();
    try {
      const known = held.get(id);
      // A held row is at least as new as any delivery of this process. Another process may have leased it since.
      if (known !== undefined && known.row.leases > delivery) return;
      const isFresh = known?.row.leases === delivery && performance.now() < known.until;
      held.delete(id);
      const row = isFresh ? known.row : await takeDelivery(context.db, id, delivery);
      if (row !== null) await letGoOf(runRow(lane, row), row);
    } catch (error) {
      // The database is away: the lease runs out and the row is handed out again.
      context.log.error({ err: (error as Error).message, outbox: id }, 'job could not be concluded');
    } finally {
      handedOver.ends(lane);
    }
  }

  /** Waits for a run, but not for ever: one that hangs must not keep its place. */
  async function letGoOf(run: Promise<void>, { id, job }: OutboxRow): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<true>();
    const timer = setTimeout(resolve, RUN_MAX_MS, true);
    try {
      if ((await Promise.race([run, late])) !== true) return;
      run.catch(() => {});
      context.log.error(
        { job, outbox: id, afterMs: RUN_MAX_MS },
        'job does not end; it is run again beside it',
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async function runRow(lane: Lane, row: OutboxRow): Promise<void> {
    const pauseMs = pauses.msLeft(lane);
    if (pauseMs > 0) return void (await unlease(context.db, [row.id], pauseMs + Math.random() * 250));
    await conclude(row, await attempt(row));
  }

  function runNow(row: OutboxRow): void {
    if (clicks < AT_ONCE_MAX && !isStopping) {
      clicks += 1;
      runHere(row, () => {
        clicks -= 1;
      });
    } else
      unlease(context.db, [row.id], 0).then(nudge, (error: Error) =>
        context.log.error({ err: error.message, outbox: row.id }, 'click could not be put back'),
      );
  }

  async function attempt(row: OutboxRow): Promise<Ran | Fault> {
    try {
      return await runs[row.job].run(row.payload, row.attempts);
    } catch (error) {
      if (error instanceof Fault) return error;
      const code = isPassing(error) ? 'store.unavailable' : 'bug.invariant';
      return new Fault(code, (error as Error).message, { retryable: true, cause: error });
    }
  }

  async function conclude(row: OutboxRow, outcome: Ran | Fault): Promise<void> {
    if (!(outcome instanceof Fault)) {
      if ('done' in outcome) {
        if (!(await finish(context.db, row))) nudge();
      } else if (await again(context.db, row, outcome.againInMs, null)) nudge();
      return;
    }
    const waitMs = retryDelayMs(outcome, row.attempts);
    const vendor = outcome.code.endsWith('.throttled') ? lanes.ofVendor(outcome.code, outcome.system) : null;
    if (vendor !== null) pauses.begin(vendor, waitMs);
    context.log[outcome.code === 'bug.invariant' ? 'error' : 'warn'](
      {
        code: outcome.code,
        vendorCode: outcome.vendorCode,
        job: row.job satisfies JobName,
        outbox: row.id,
        attempt: row.attempts,
        waitMs,
        err: outcome.code === 'bug.invariant' ? outcome : outcome.message,
      },
      'job will be run again',
    );
    await again(context.db, row, waitMs, faultName(outcome));
  }

  return {
    nudge,
    runNow,
    queueAway: queue.away,
    start() {
      jobQueue.start(runJob);
      queue.start();
      loop = run();
    },
    async stop() {
      isStopping = true;
      wake();
      await queue.stop();
      await loop;
      await Promise.all(here);
    },
  };
}

/** PostgreSQL's classes of errors that pass: overtaken or deadlocked (40), cancelled (57). */
function isPassing(error: unknown): boolean {
  return /^(40|57)/.test(String((error as { code?: unknown }).code ?? ''));
}

/** As /readyz shows it: our code, and the vendor's own where it says more. */
function faultName({ code, vendorCode }: Fault): string {
  return vendorCode === undefined ? code : `${code} (${vendorCode.slice(0, VENDOR_CODE_MAX)})`;
}

/**
 * Nothing accepted is ever dropped: even what is not retryable by itself (rights refused, say) is tried
 * again, slowly, until somebody mends it. Steps that can give up say so in the change itself.
 */
function retryDelayMs(fault: Fault, attempts: number): number {
  if (fault.retryAfterMs !== undefined) return Math.min(fault.retryAfterMs, VENDOR_WAIT_MAX_MS);
  // Credentials that are refused now may be good in a moment: one side is changed after the other.
  if (!fault.retryable && !fault.code.endsWith('.unauthorized')) return LAST_RETRY_MS;
  const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  return backoff * (0.75 + Math.random() * 0.5);
}
