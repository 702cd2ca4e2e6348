import { Fault } from '../core/fault.ts';
import type { Job, JobName } from '../core/reactions.ts';
import { type Lane, lanes, type Motor } from '../queue/motor.ts';
import {
  again,
  finish,
  LEASE_MS,
  leaseDue,
  msUntilDue,
  type OutboxRow,
  readOpen,
  unlease,
} from '../store/outbox.ts';
import type { Ran, Road } from './road.ts';
import { steps } from './steps.ts';

/** Rows put into the queue in one go. */
const BATCH = 200;
/**
 * Rows of a lane that wait in the queue. What is beyond waits in the outbox: in the queue its lease would run out before
 * its turn, and it would be handed out again and again. Under this share of it the lane is filled up.
 */
const LANE_MAX = 200;
const LANE_LOW = LANE_MAX / 2;
/** Rows remembered between leasing and running, so that a worker of this process need not read them again. */
const HELD_MAX = 2_000;
/** Clicks settled at once in this process; what is beyond takes the queue. */
const AT_ONCE_MAX = 16;
/** Longest sleep between looks; another replica's commit is found at the latest then. */
const IDLE_MS = 250;
const QUEUE_DOWN_MS = 1_000;
const VENDOR_CODE_MAX = 60;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
/**
 * Longest wait that a vendor can impose. Limits refill within a minute or two; a reset time hours or centuries away
 * is a broken clock or a broken proxy, and believing it would stop a lane for good. Asked too early, the vendor
 * says so again.
 */
const VENDOR_WAIT_MAX_MS = 300_000;

export type Relay = {
  nudge(): void;
  /** Runs a row that was stored leased, here and now: its row brings it back if this process does not finish. */
  runNow(row: OutboxRow): void;
  start(): void;
  stop(): Promise<void>;
};

/**
 * Carries open outbox rows into the queue and closes them when their job has run. The outbox is also the timer:
 * a job that wants to look again leaves its row open until then.
 */
export function createRelay(road: Road, motor: Motor): Relay {
  let wake: () => void = () => {};
  let nudged = false;
  let isStopping = false;
  let loop: Promise<void> = Promise.resolve();
  const { pausedUntil } = road;
  const held = new Map<string, { row: OutboxRow; until: number }>();
  const atOnce = new Set<Promise<void>>();
  /** Until when the leases of those in the queue hold. */
  const inQueue = new Map(lanes.map((lane) => [lane, new Map<string, number>()]));
  const wasFull = new Set<Lane>();

  function nudge(): void {
    nudged = true;
    wake();
  }

  /** Jobs whose lanes have enough in the queue. */
  function jobsOfFullLanes(): JobName[] {
    const now = performance.now();
    for (const [lane, waiting] of inQueue) {
      for (const [id, until] of waiting) if (until < now) waiting.delete(id);
      if (waiting.size >= LANE_MAX) wasFull.add(lane);
      else wasFull.delete(lane);
    }
    if (wasFull.size === 0) return [];
    return (Object.keys(steps) as JobName[]).filter((job) => wasFull.has(steps[job].lane));
  }

  function leavesQueue(lane: Lane, id: string): void {
    const waiting = inQueue.get(lane);
    waiting?.delete(id);
    if (wasFull.has(lane) && (waiting?.size ?? 0) < LANE_LOW) {
      wasFull.delete(lane);
      nudge();
    }
  }

  async function pump(): Promise<number> {
    const until = performance.now() + LEASE_MS;
    const except = jobsOfFullLanes();
    const rows = await leaseDue(road.db, BATCH, LEASE_MS, except);
    if (rows.length === 0)
      return Math.min(IDLE_MS, Math.max(1, (await msUntilDue(road.db, except)) ?? IDLE_MS));
    if (held.size > HELD_MAX) held.clear();
    for (const row of rows) {
      held.set(row.id, { row, until });
      inQueue.get(steps[row.job].lane)?.set(row.id, until);
    }
    try {
      await motor.enqueue(
        rows.map((row) => ({
          lane: steps[row.job].lane,
          id: row.id,
          delivery: row.leases,
          priority: row.priority,
        })),
      );
    } catch (error) {
      road.log.warn(
        { err: (error as Error).message, rows: rows.length },
        'queue does not take work; it stays in the outbox',
      );
      for (const row of rows) inQueue.get(steps[row.job].lane)?.delete(row.id);
      await unlease(
        road.db,
        rows.map((r) => r.id),
        QUEUE_DOWN_MS,
      );
      return QUEUE_DOWN_MS;
    }
    return rows.length === BATCH ? 0 : 1;
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      nudged = false;
      let waitMs: number;
      try {
        waitMs = await pump();
      } catch (error) {
        road.log.warn({ err: (error as Error).message }, 'outbox can’t be read');
        waitMs = QUEUE_DOWN_MS;
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
   * Runs a delivery only while its lease is the row's current one. After an outage the queue hands out what it was
   * given again and again meanwhile: all but the last are stale, and are dropped here.
   */
  async function runJob(lane: Lane, id: string, delivery: number): Promise<void> {
    leavesQueue(lane, id);
    try {
      const known = held.get(id);
      // What is held is at least as new as any delivery of this process; another process may have leased it since.
      if (known !== undefined && known.row.leases > delivery) return;
      const isFresh = known?.row.leases === delivery && performance.now() < known.until;
      const row = isFresh ? known.row : await readOpen(road.db, id);
      held.delete(id);
      if (row === null || row.leases !== delivery) return;
      await runRow(lane, row);
    } catch (error) {
      // The database is away: the lease runs out and the row is handed out again.
      road.log.error({ err: (error as Error).message, outbox: id }, 'job could not be concluded');
    }
  }

  async function runRow(lane: Lane, row: OutboxRow): Promise<void> {
    const pauseMs = (pausedUntil.get(lane) ?? 0) - performance.now();
    if (pauseMs > 0) {
      await unlease(road.db, [row.id], pauseMs + Math.random() * 250);
      return;
    }
    await conclude(lane, row, await attempt(row));
  }

  function runNow(row: OutboxRow): void {
    const isFull = atOnce.size >= AT_ONCE_MAX || isStopping;
    const running = (isFull ? unlease(road.db, [row.id], 0).then(nudge) : runRow(steps[row.job].lane, row))
      .catch((error: Error) =>
        road.log.error({ err: error.message, outbox: row.id }, 'job could not be concluded'),
      )
      .finally(() => atOnce.delete(running));
    atOnce.add(running);
  }

  async function attempt(row: OutboxRow): Promise<Ran | Fault> {
    try {
      const step = steps[row.job] as { run: (road: Road, job: Job, attempts: number) => Promise<Ran> };
      return await step.run(road, row.payload, row.attempts);
    } catch (error) {
      if (error instanceof Fault) return error;
      const code = isPassing(error) ? 'store.unavailable' : 'bug.invariant';
      return new Fault(code, (error as Error).message, { retryable: true, cause: error });
    }
  }

  async function conclude(lane: Lane, row: OutboxRow, outcome: Ran | Fault): Promise<void> {
    if (!(outcome instanceof Fault)) {
      if ('done' in outcome) {
        if (!(await finish(road.db, row))) nudge();
      } else if (await again(road.db, row, outcome.againInMs, null)) nudge();
      return;
    }
    const waitMs = retryDelayMs(outcome, row.attempts);
    if (outcome.code.endsWith('.throttled')) pausedUntil.set(lane, performance.now() + waitMs);
    road.log[outcome.code === 'bug.invariant' ? 'error' : 'warn'](
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
    await again(road.db, row, waitMs, faultName(outcome));
  }

  return {
    nudge,
    runNow,
    start() {
      motor.start(runJob);
      loop = run();
    },
    async stop() {
      isStopping = true;
      wake();
      await loop;
      await Promise.all(atOnce);
    },
  };
}

/** PostgreSQL's classes of errors that pass: connection (08), overtaken or deadlocked (40), shutting down (57). */
function isPassing(error: unknown): boolean {
  return /^(08|40|57)/.test(String((error as { code?: unknown }).code ?? ''));
}

/** As /readyz shows it: our code, and the vendor's own where it says more. */
function faultName({ code, vendorCode }: Fault): string {
  return vendorCode === undefined ? code : `${code} (${vendorCode.slice(0, VENDOR_CODE_MAX)})`;
}

/**
 * Nothing accepted is ever dropped: even what is not retryable by itself (credentials refused, say) is tried
 * again, slowly, until somebody mends it. Steps that can give up say so in the change itself.
 */
function retryDelayMs(fault: Fault, attempts: number): number {
  if (fault.retryAfterMs !== undefined) return Math.min(fault.retryAfterMs, VENDOR_WAIT_MAX_MS);
  if (!fault.retryable) return LAST_RETRY_MS;
  const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  return backoff * (0.75 + Math.random() * 0.5);
}
