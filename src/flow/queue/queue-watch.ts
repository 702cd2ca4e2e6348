import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Fault } from '../../core/fault.ts';
import type { JobQueue } from '../../queue/job-queue.ts';
import type { QueueAway } from '../../queue/queue-away.ts';

export type QueueWatch = {
  /** Null: it takes work and hands it out. */
  away(): QueueAway | null;
  /** It did not take work, or not hand it out. From now on the process does without it, until it is proven again. */
  lost(fault: Fault): void;
  start(): void;
  stop(): Promise<void>;
};

const FIRST_TRY_MS = 500;
const LAST_TRY_MS = 5_000;
/** A queue that has had nothing to do for so long is tried: whoever asks how we are is told the truth. */
const IDLE_TRY_MS = 10_000;
const LOOK_EVERY_MS = 500;

/**
 * Knows whether the queue works, and brings it back. While it does not work, it is tried again and again, each time
 * with new connections and workers. That ends whatever a failover leaves behind, connections that never answer
 * included.
 */
export function createQueueWatch(
  jobQueue: JobQueue,
  { log, isIdle, changed }: { log: Logger; isIdle: () => boolean; changed: () => void },
): QueueWatch {
  let away: QueueAway | null = null;
  let tryAgain: () => void = () => {};
  const ending = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  function lost(fault: Fault): void {
    const { since } = away ?? { since: new Date() };
    if (away === null)
      log.warn(
        { code: fault.code, vendorCode: fault.vendorCode, why: fault.message },
        'the queue is away: due work is done in this process meanwhile',
      );
    const isNew = away === null;
    away = { since, why: fault.message };
    jobQueue.rest();
    if (!isNew) return;
    tryAgain();
    changed();
  }

  async function proven(): Promise<boolean> {
    try {
      await jobQueue.prove();
      return true;
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      if (!ending.signal.aborted) lost(cause);
      return false;
    }
  }

  async function bringBack(): Promise<void> {
    for (let waitMs = FIRST_TRY_MS; away !== null && !ending.signal.aborted; waitMs *= 2) {
      await pause(Math.min(waitMs, LAST_TRY_MS));
      if (ending.signal.aborted) return;
      jobQueue.renew();
      if (!(await proven())) continue;
      const forMs = Date.now() - (away as QueueAway).since.getTime();
      away = null;
      log.info({ forMs }, 'the queue is back');
      changed();
    }
  }

  async function run(): Promise<void> {
    for (let idleMs = 0; !ending.signal.aborted; ) {
      if (away !== null) await bringBack();
      const wait = new Promise<void>((resolve) => {
        tryAgain = resolve;
      });
      if (away === null) await Promise.race([wait, pause(LOOK_EVERY_MS)]);
      idleMs = isIdle() ? idleMs + LOOK_EVERY_MS : 0;
      if (idleMs < IDLE_TRY_MS || away !== null) continue;
      idleMs = 0;
      await proven();
    }
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: ending.signal }).catch(() => {});
  }

  return {
    away: () => away,
    lost,
    start() {
      loop = run();
    },
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
