import { Fault } from '../core/fault.ts';
import type { Job, JobName } from '../core/jobs/reactions.ts';
import type { HandedRow, JobQueue } from '../queue/job-queue.ts';
import type { Lane } from '../queue/lanes.ts';
import type { QueueAway } from '../queue/queue-away.ts';
import { LEASE_MS, type OutboxRow } from '../store/outbox.ts';
import { takeBack, takeDeliveries, unlease } from '../store/outbox-leases.ts';
import type { Context } from './kernel/context.ts';
import type { Follower } from './kernel/follow-on.ts';
import { createClosings } from './queue/closings.ts';
import { createHandedOver, type Given } from './queue/handed-over.ts';
import { createQueueWatch } from './queue/queue-watch.ts';
import { createRunner, type Work } from './queue/run-rows.ts';
import { inSets, isFew, toFill, withPlaces } from './queue/sets.ts';
import { createSleep } from './queue/sleep.ts';

/** Rows leased in one go. So many of a lane can wait here beyond its next ones; every process leases for itself. */
const BATCH = 40;
/** Rows remembered between leasing and running, so that a worker of this process need not read them again. */
const HELD_MAX = 2_000;
/** Clicks settled at once in this process; what is beyond waits in the outbox. */
const AT_ONCE_MAX = 16;
/** Longest sleep between looks; another replica's commit is found at the latest then. */
const IDLE_MS = 250;
/**
 * Least time between two looks for each piece of work under way, and at most: what comes meanwhile shares the next trip.
 */
const PACE_MS = 1;
const PACE_MAX_MS = 12;
/** What has ended is closed within so long: many rows in one trip. */
const CLOSED_WITHIN_MS = 40;
/** Least sleep before a row that is about to be due. */
const SLEEP_MS = 4;
const STORE_DOWN_MS = 1_000;
/** An IdP is written to from the queue, whichever process has a place for it. */
const alwaysQueued: ReadonlySet<JobName> = new Set(['applyToIdp']);

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
 * Carries out what the outbox owes. Rows that are due are leased, the most urgent first, and run in this process: as
 * many at once as their lane has places, and a few wait for the next. What is beyond stays in the outbox, from where any
 * process leases it. Writes to the IdP go into the queue. The outbox is also the timer: a job that wants to look again
 * leaves its row open until then. While the queue is away this process runs all due rows itself.
 * What follows from a commit of this process is begun at once (`Follower`), unless due rows of its lane wait for places.
 *
 * The loop (`run`) is in one of five states, and `pump` says for how long:
 * - giving: due rows are leased and begun or put into the queue; a full batch is followed by the next at once;
 * - full: a lane has enough here or in the queue, so its rows stay in the outbox until some of them begin;
 * - idle: nothing is due, so it sleeps until the next row is, or until it is nudged;
 * - without the queue: what was given is taken back, and due rows run in this process, lane by lane;
 * - without the database: it sleeps and tries again.
 * A row is held by its lease alone, which is renewed while the row is run. Whatever is lost on the way comes back when
 * that runs out. Rows whose run has ended are closed by the same trip that leases the next.
 */
export function createRelay(
  context: Pick<Context, 'db' | 'log' | 'pausedUntil'>,
  jobQueue: JobQueue,
  work: Work,
): Relay & Follower {
  const { lanes } = work;
  const sleep = createSleep();
  /** Lanes of which due rows were left in the outbox at the last look. */
  let leftOf: readonly Lane[] = lanes.all;
  let nudged = false;
  let isStopping = false;
  let loop: Promise<void> = Promise.resolve();
  const held = new Map<string, { row: OutboxRow; until: number }>();
  /** What runs in this process without the queue, and what is on its way into the queue. */
  const here = new Set<Promise<void>>();
  /** What could not be taken back yet, the database being away too. */
  const toTakeBack: Given[] = [];
  let clicks = 0;
  const handedOver = createHandedOver(lanes.all);
  const queue = createQueueWatch(jobQueue, { log: context.log, isIdle: handedOver.isIdle, changed: nudge });
  const closings = createClosings(context.db, closeSoon);
  const runner = createRunner(context, work, closings, nudge);

  function nudge(): void {
    nudged = true;
    sleep.wake();
  }

  function closeSoon(isAwaited: boolean): void {
    if (isAwaited) nudge();
    else sleep.dueIn(CLOSED_WITHIN_MS);
  }

  /** Milliseconds until there is something to do. */
  async function pump(): Promise<number> {
    if (queue.away() !== null) {
      leftOf = lanes.all;
      await takeBackFromQueue(handedOver.takeAll());
      return await runDueHere();
    }
    const stuck = handedOver.takeStuck();
    if ((await takeBackFromQueue(stuck)) > 0) {
      const why = `has handed out nothing for seconds, though ${stuck.length} pieces of work wait in it`;
      queue.lost(new Fault('queue.timeout', why, { retryable: true }));
      return 0;
    }
    const until = performance.now() + LEASE_MS;
    leftOf = handedOver.fullLanes();
    const of = lanes.allBut(leftOf);
    const { leased: first, nextMs } = await closings.exchange({ limit: BATCH, of });
    if (first.length === BATCH) leftOf = lanes.all;
    begin([...first, ...(await othersOf(first, BATCH))], until);
    return first.length === BATCH ? 0 : untilDue(nextMs);
  }

  /** Due rows that run side by side with these, where as many were leased as were asked for. */
  async function othersOf(rows: readonly OutboxRow[], asked: number): Promise<OutboxRow[]> {
    const others: OutboxRow[] = [];
    if (rows.length < asked) return others;
    for (const { job, lane, more } of toFill(rows, laneOf))
      others.push(...(await closings.exchange({ limit: more, of: lanes.only(job, lane) })).leased);
    return others;
  }

  function takes(jobs: readonly Job[]): Job[] {
    if (isStopping || queue.away() !== null || !isFew(jobs.length)) return [];
    return withPlaces(jobs, lanes.of, (lane) => (leftOf.includes(lane) ? 0 : handedOver.free(lane)));
  }

  const putBack = (rows: readonly OutboxRow[]) =>
    unlease(
      context.db,
      rows.map(({ id }) => id),
      0,
    );

  function begin(rows: readonly OutboxRow[], until: number): void {
    if (isStopping) keep(putBack(rows));
    else handOut(rows, until);
  }

  const laneOf = ({ payload }: OutboxRow) => lanes.of(payload);

  function untilDue(nextMs: number | null): number {
    return Math.min(IDLE_MS, Math.max(SLEEP_MS, nextMs ?? IDLE_MS));
  }

  function handOut(rows: readonly OutboxRow[], until: number): void {
    const forQueue: (typeof sets)[number][] = [];
    const sets = inSets(rows, laneOf);
    for (const set of sets) {
      const lane = laneOf(set[0]);
      if (alwaysQueued.has(set[0].job) || handedOver.isQueued(lane)) forQueue.push(set);
      else keep(runInLane(lane, set, until));
    }
    if (forQueue.length > 0) giveToQueue(forQueue, until);
  }

  function giveToQueue(sets: readonly [OutboxRow, ...OutboxRow[]][], until: number): void {
    if (held.size > HELD_MAX) held.clear();
    for (const row of sets.flat()) {
      held.set(row.id, { row, until });
      handedOver.give(lanes.of(row.payload), { id: row.id, delivery: row.leases }, until);
    }
    const work = sets.map(([{ id, leases, priority, payload }, ...others]) => ({
      lane: lanes.of(payload),
      id,
      delivery: leases,
      priority,
      ...(others.length === 0
        ? {}
        : { beside: others.map((other) => ({ id: other.id, delivery: other.leases })) }),
    }));
    keep(
      jobQueue.enqueue(work).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        queue.lost(error);
      }),
    );
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
    await closings.exchange(null);
    for (const lane of lanes.all) {
      const limit = handedOver.free(lane);
      if (limit <= 0) continue;
      const until = performance.now() + LEASE_MS;
      const { leased: first } = await closings.exchange({ limit, of: lanes.portion([lane]) });
      const leased = [...first, ...(await othersOf(first, limit))];
      for (const set of inSets(leased, () => lane)) keep(runInLane(lane, set, until));
    }
    const full = lanes.all.filter((lane) => handedOver.free(lane) <= 0);
    const { nextMs } = await closings.exchange({ limit: 0, of: lanes.allBut(full) });
    return untilDue(nextMs);
  }

  function keep(work: Promise<unknown>): void {
    const kept = work
      .then(
        () => {},
        (error: Error) => context.log.error({ err: error.message }, 'work could not be handed on'),
      )
      .finally(() => here.delete(kept));
    here.add(kept);
  }

  /** As soon as there is a place in their lane. Rows whose lease has run out by then are anybody's. */
  async function runInLane(
    lane: Lane,
    set: readonly [OutboxRow, ...OutboxRow[]],
    until: number,
  ): Promise<void> {
    await handedOver.begins(lane, set[0].priority);
    let closed: Promise<void> | null = null;
    try {
      if (performance.now() < until) ({ closed } = await runner.run(set));
    } finally {
      handedOver.ends(lane);
      if (leftOf.length > 0) nudge();
    }
    await closed;
  }

  async function run(): Promise<void> {
    while (!isStopping) {
      nudged = false;
      const beganAt = performance.now();
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
      if (waitMs === 0) continue;
      if (!nudged && !isStopping) await sleep.until(waitMs);
      // What is committed by work under way comes thick and fast.
      const paceMs = beganAt + Math.min(PACE_MAX_MS, here.size * PACE_MS) - performance.now();
      if (paceMs > 0 && !isStopping) await new Promise<void>((resolve) => setTimeout(resolve, paceMs));
    }
  }

  /**
   * Runs a delivery only while its lease is the row's current one. After an outage the queue hands out each row as
   * often as it was given meanwhile. All but the last are stale, and are dropped here.
   */
  async function runJob(
    lane: Lane,
    id: string,
    delivery: number,
    beside: readonly HandedRow[] = [],
  ): Promise<void> {
    const given = [{ id, delivery }, ...beside];
    if (given.filter((one) => handedOver.comesOut(lane, one.id)).length > 0) nudge();
    await handedOver.begins(lane, held.get(id)?.row.priority ?? Number.POSITIVE_INFINITY);
    let closed: Promise<void> | null = null;
    try {
      const rows = await ours(given);
      if (rows.length > 0) ({ closed } = await runner.run(rows));
    } catch (error) {
      // The database is away: the lease runs out and the row is handed out again.
      context.log.error({ err: (error as Error).message, outbox: id }, 'job could not be concluded');
    } finally {
      handedOver.ends(lane);
    }
    await closed;
  }

  async function ours(given: readonly HandedRow[]): Promise<OutboxRow[]> {
    const fresh: OutboxRow[] = [];
    const toTake: HandedRow[] = [];
    for (const { id, delivery } of given) {
      const known = held.get(id);
      // A held row is at least as new as any delivery of this process. Another process may have leased it since.
      if (known !== undefined && known.row.leases > delivery) continue;
      held.delete(id);
      if (known?.row.leases === delivery && performance.now() < known.until) fresh.push(known.row);
      else toTake.push({ id, delivery });
    }
    return [...fresh, ...(await takeDeliveries(context.db, toTake))];
  }

  function runNow(row: OutboxRow): void {
    if (clicks < AT_ONCE_MAX && !isStopping) {
      clicks += 1;
      const running = runner.run([row]).finally(() => {
        clicks -= 1;
      });
      keep(running.then(({ closed }) => closed));
    } else keep(putBack([row]).then(nudge));
  }

  return {
    nudge,
    takes,
    begin,
    dueIn: sleep.dueIn,
    runNow,
    queueAway: queue.away,
    start() {
      jobQueue.start(runJob);
      queue.start();
      loop = run();
    },
    async stop() {
      isStopping = true;
      sleep.wake();
      await queue.stop();
      await loop;
      await closings.closeAtOnce();
      await Promise.all(here);
    },
  };
}
