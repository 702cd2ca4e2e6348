import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BackendFactory,
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  Queue,
  Worker,
} from 'bullmq';
import type { Logger } from 'pino';
import type { GivenSecret } from '../secrets/secret.ts';
import { type Lane, placesIn } from './lanes.ts';
import { followUser, loginAt } from './postgres-login.ts';
import { queueFault, queueSilent } from './queue-fault.ts';
import { connectRedis } from './redis.ts';
import type { RedisAddress } from './redis-address.ts';

/** A job whose worker died is given to another after this; the outbox lease brings it back even if the queue forgot. */
const STALLED_AFTER_MS = 15_000;
const CLOSE_WAIT_MS = 1_500;
/**
 * A queue that neither answers nor breaks must not stop the relay: what it does not take so soon is done without it.
 */
const ENQUEUE_WITHIN_MS = 2_000;
const PROVEN_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 100;
/** A queue that is away says the same on every connection, again and again. */
const SAID_AGAIN_MS = 30_000;
const SAID_MAX = 100;
const POSTGRES_CONNECT_MS = 3_000;
/** A transaction of the queue's that a process left behind is ended by PostgreSQL after this. */
const POSTGRES_LEFT_BEHIND_MS = 15_000;
/**
 * Up to this many jobs are added singly on PostgreSQL. BullMQ's bulk insert there makes and drops two temporary tables.
 * That takes some 6 ms whatever the number; a single insert takes 0.3 ms.
 */
const ONE_BY_ONE_MAX = 20;
/** On a Cluster the keys of a queue have to be in one slot: that of the name in braces. */
const PREFIX = '{latchkey}';
/** A mark is put through the queue to see whether it works; deliveries of work count from 1. */
const MARK = 0;

/** A row that is handed out. `delivery`: which handing-out of it this is. */
export type HandedRow = { id: string; delivery: number };
/** `beside`: rows that run with it, in the same place. */
type JobData = HandedRow & { beside?: readonly HandedRow[] };
type LaneQueue = Queue<JobData, unknown, string, JobData, unknown, string, IQueueBackend>;
type LaneWorker = Worker<JobData, unknown, string, IQueueBackend>;
type Run = (lane: Lane, id: string, delivery: number, beside?: readonly HandedRow[]) => Promise<void>;

export type QueuedWork = JobData & { lane: Lane; priority: number };

/** The job queue: hands out work by id. It remembers nothing that matters; PostgreSQL does. */
export type JobQueue = {
  readonly kind: 'redis' | 'postgres';
  /**
   * Throws a fault `queue.*` within two seconds, whatever the queue does; the work may have been taken all the same.
   */
  enqueue(work: readonly QueuedWork[]): Promise<void>;
  /**
   * Starts handing out; `run` gets the id of an outbox row and the number of its delivery, with the rows that run beside
   * it, and never throws.
   */
  start(run: Run): void;
  /** Puts a mark through every lane. Throws a fault `queue.*` when one does not come out within three seconds. */
  prove(): Promise<void>;
  /**
   * Hands out nothing more and lets go of its connections: workers of a queue that is away would ask it without a
   * pause.
   */
  rest(): void;
  /** New connections, queues and workers: whatever was wrong with the old ones is over. */
  renew(): void;
  /** Ends within seconds; a job that hangs is let go of, and its lease brings it back. */
  close(): Promise<void>;
};

export type JobQueueOptions = {
  lanes: readonly Lane[];
  /** With it BullMQ runs on Redis, without on its PostgreSQL backend in the same database. */
  redis: RedisAddress | null;
  databaseUrl: GivenSecret;
  log: Logger;
};

type Connection = {
  connection: ConnectionOptions;
  factory: BackendFactory;
  trouble(): Error | null;
  drop(): void;
};

/** One set of everything: what is renewed when the queue was away. */
type Engine = {
  forQueues: Connection;
  forWorkers: Connection;
  queues: Map<Lane, LaneQueue>;
  workers: LaneWorker[];
  isOver: boolean;
};

export async function createJobQueue(options: JobQueueOptions): Promise<JobQueue> {
  const { lanes } = options;
  const isOnPostgres = options.redis === null;
  /** Errors in the log, each with when. */
  const said = new Map<string, number>();
  const marks = new Map<string, () => void>();
  let run: Run | null = null;
  let engine = build();
  // The first brings the queue's own schema up to date; the others find it so.
  if (isOnPostgres) for (const queue of engine.queues.values()) await queue.waitUntilReady();
  const forget = followUser(options.databaseUrl, () => {
    if (isOnPostgres && !engine.isOver) replace(false);
  });

  function build(): Engine {
    const made: Engine = {
      forQueues: connect(options, false),
      forWorkers: connect(options, true),
      queues: new Map(),
      workers: [],
      isOver: false,
    };
    for (const lane of lanes) {
      const queue: LaneQueue = new Queue(lane, queueOptions(made.forQueues), made.forQueues.factory);
      queue.on('error', noiseOf(made));
      made.queues.set(lane, queue);
    }
    return made;
  }

  function noiseOf(made: Engine): (error: Error) => void {
    return ({ message }) => {
      if (made.isOver || (said.get(message) ?? 0) > performance.now() - SAID_AGAIN_MS) return;
      if (said.size > SAID_MAX) said.clear();
      said.set(message, performance.now());
      options.log.warn({ err: message }, 'queue connection');
    };
  }

  function startWorkers(made: Engine, handOut: Run): void {
    for (const lane of lanes) {
      const worker: LaneWorker = new Worker(
        lane,
        async ({ data }) => {
          if (Number(data.delivery) === MARK) marks.get(String(data.id))?.();
          else await handOut(lane, String(data.id), Number(data.delivery), data.beside);
        },
        {
          ...queueOptions(made.forWorkers),
          autorun: false,
          concurrency: placesIn(lane),
          lockDuration: STALLED_AFTER_MS,
          stalledInterval: STALLED_AFTER_MS,
        },
        made.forWorkers.factory,
      );
      worker.on('error', noiseOf(made));
      made.workers.push(worker);
      void runOnceReady(made, worker);
    }
  }

  /**
   * BullMQ remembers that a worker's first connecting failed. A worker that runs all the same asks for work and is
   * refused, without a pause for anything else. The process would do nothing any more. So a worker that is never ready
   * is renewed.
   */
  async function runOnceReady(made: Engine, worker: LaneWorker): Promise<void> {
    try {
      await worker.waitUntilReady();
      if (!made.isOver) await worker.run();
    } catch (error) {
      noiseOf(made)(error as Error);
    }
  }

  async function put(lane: Lane, work: readonly QueuedWork[]): Promise<void> {
    const queue = engine.queues.get(lane);
    const jobs = work.map((w) => ({
      name: lane,
      data: {
        id: w.id,
        delivery: w.delivery,
        ...(w.beside === undefined ? {} : { beside: w.beside }),
      },
      // Ids must be neither all digits nor hold a colon.
      opts: { jobId: `o${w.id}-${w.delivery}`, priority: w.priority },
    }));
    if (isOnPostgres && jobs.length <= ONE_BY_ONE_MAX)
      await Promise.all(jobs.map((job) => queue?.add(job.name, job.data, job.opts)));
    else if (jobs.length > 0) await queue?.addBulk(jobs);
  }

  /** Resolves when the lane has handed the mark out, here or in another replica. */
  async function provenLane(lane: Lane, until: AbortSignal): Promise<void> {
    const id = randomUUID();
    const arrived = new Promise<void>((resolve) => marks.set(id, resolve));
    try {
      await put(lane, [{ lane, id, delivery: MARK, priority: 0 }]);
      const gone = async () => {
        while (!until.aborted) {
          await sleep(LOOK_EVERY_MS);
          if ((await engine.queues.get(lane)?.getJob(`o${id}-${MARK}`)) === undefined) return;
        }
        throw queueSilent(PROVEN_WITHIN_MS);
      };
      await Promise.race([arrived, gone()]);
    } finally {
      marks.delete(id);
    }
  }

  /** `isForced`: what the old one is at is let go of. */
  function replace(isForced: boolean): void {
    if (!engine.isOver) void dispose(engine, isForced);
    engine = build();
    if (run !== null) startWorkers(engine, run);
  }

  async function dispose(old: Engine, isForced: boolean): Promise<void> {
    old.isOver = true;
    const closing = old.workers.map((w) => w.close(isForced));
    await inTime(Promise.allSettled(closing));
    if (!isForced) for (const worker of old.workers) worker.close(true).catch(() => {});
    await inTime(Promise.allSettled([...old.queues.values()].map((q) => q.close())));
    old.forQueues.drop();
    old.forWorkers.drop();
  }

  return {
    kind: isOnPostgres ? 'postgres' : 'redis',
    async enqueue(work) {
      const putting = Promise.all(
        lanes.map((lane) =>
          put(
            lane,
            work.filter((w) => w.lane === lane),
          ),
        ),
      );
      await answered(putting, ENQUEUE_WITHIN_MS, engine);
    },
    start(handOut) {
      run = handOut;
      startWorkers(engine, handOut);
    },
    async prove() {
      const until = AbortSignal.timeout(PROVEN_WITHIN_MS);
      await answered(Promise.all(lanes.map((lane) => provenLane(lane, until))), PROVEN_WITHIN_MS, engine);
    },
    rest() {
      if (!engine.isOver) void dispose(engine, true);
    },
    renew: () => replace(true),
    async close() {
      forget();
      if (!engine.isOver) await dispose(engine, false);
    },
  };
}

/**
 * The queue's answer: a fault `queue.*` when it fails, or has not answered by then. The cause that keeps it from being
 * connected says more than that it is not.
 */
async function answered(work: Promise<unknown>, withinMs: number, { forQueues }: Engine): Promise<void> {
  const timer = new AbortController();
  const late = sleep(withinMs, undefined, { signal: timer.signal }).then(
    () => {
      throw queueSilent(withinMs);
    },
    () => {},
  );
  try {
    await Promise.race([work, late]);
  } catch (cause) {
    throw queueFault(forQueues.trouble() ?? cause);
  } finally {
    timer.abort();
  }
}

async function inTime(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, sleep(CLOSE_WAIT_MS, undefined, { ref: false })]);
}

function queueOptions(c: Connection) {
  return {
    connection: c.connection,
    prefix: PREFIX,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  };
}

function connect({ redis, databaseUrl }: JobQueueOptions, isBlocking: boolean): Connection {
  if (redis === null) {
    return {
      connection: {
        ...loginAt(databaseUrl),
        migrate: true,
        max: 4,
        connectionTimeoutMillis: POSTGRES_CONNECT_MS,
        idle_in_transaction_session_timeout: POSTGRES_LEFT_BEHIND_MS,
      } as unknown as ConnectionOptions,
      factory: createPostgresBackend as unknown as BackendFactory,
      trouble: () => null,
      drop: () => {},
    };
  }
  const { client, trouble, drop } = connectRedis(redis, isBlocking);
  return {
    connection: client as ConnectionOptions,
    factory: createRedisBackend as unknown as BackendFactory,
    trouble,
    drop,
  };
}
