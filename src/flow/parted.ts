import type { JobQueue } from '../queue/job-queue.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import { receiveCalls } from '../store/postgres/work-calls.ts';
import type { Context } from './kernel/context.ts';
import { followHere } from './kernel/follow-on.ts';
import { createRelay, type Relay } from './outbox-worker.ts';
import type { Lanes, Runs } from './queue/lanes.ts';
import { createTimers, type Timers } from './timers.ts';
import { createWaker, createWebTimers } from './waker.ts';

export type Parted = {
  /** `web` answers and runs no jobs; `worker` runs jobs and timers, and answers for its health alone; null: both. */
  only?: 'web' | 'worker' | null;
  databaseUrl: GivenSecret;
  listenEveryMs?: number;
};

type Work = { relay: Relay; timers: Timers; calls: { start(): void; stop(): Promise<void> } };

const noCalls: Work['calls'] = { start: () => {}, stop: async () => {} };

/** What carries out the work that is owed, and what time brings; in a web process what calls those that do. */
export function createWork(
  context: Context,
  { only = null, databaseUrl, listenEveryMs }: Parted,
  { jobQueue, ...runs }: { runs: Runs; lanes: Lanes; jobQueue: JobQueue },
): Work {
  if (only === 'web')
    return { relay: createWaker(context), timers: createWebTimers(context), calls: noCalls };
  const relay = createRelay(context, jobQueue, runs);
  followHere(context.db, relay);
  const timers = createTimers(context, listenEveryMs === undefined ? {} : { listenEveryMs });
  return { relay, timers, calls: only === 'worker' ? receiveCalls(databaseUrl, relay.nudge) : noCalls };
}
