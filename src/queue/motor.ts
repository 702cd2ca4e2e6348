import {
  type BackendFactory,
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  Queue,
  Worker,
} from 'bullmq';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/**
 * Lanes: one queue per outside party, so that a slow or throttled one holds up nobody else. `road` is our own
 * work: taking in and deciding.
 */
export const lanes = ['road', 'idp', 'mulesoft', 'slack', 'model'] as const;
export type Lane = (typeof lanes)[number];

/** How many jobs of a lane run at once in one process. */
const concurrency: Record<Lane, number> = { road: 12, idp: 8, mulesoft: 8, slack: 6, model: 4 };

/** A job whose worker died is given to another after this; the outbox lease brings it back even if the queue forgot. */
const STALLED_AFTER_MS = 15_000;
const CLOSE_WAIT_MS = 8_000;
/** A Redis that neither answers nor breaks must not stop the relay. */
const COMMAND_TIMEOUT_MS = 5_000;
/**
 * Up to so many jobs are added singly on PostgreSQL: BullMQ's bulk insert there makes and drops two temporary
 * tables, some 6 ms whatever the number, where a single one takes 0.3 ms.
 */
const ONE_BY_ONE_MAX = 20;

/** `delivery`: which handing-out of the row this is. */
type JobData = { id: string; delivery: number };
type LaneQueue = Queue<JobData, unknown, string, JobData, unknown, string, IQueueBackend>;
type LaneWorker = Worker<JobData, unknown, string, IQueueBackend>;

export type QueuedWork = { lane: Lane; id: string; delivery: number; priority: number };

/** The motor: hands out work by id. It remembers nothing that matters; PostgreSQL does. */
export type Motor = {
  readonly kind: 'redis' | 'postgres';
  enqueue(work: readonly QueuedWork[]): Promise<void>;
  /** Starts handing out; `run` gets the id of an outbox row and the number of its delivery, and never throws. */
  start(run: (lane: Lane, id: string, delivery: number) => Promise<void>): void;
  close(): Promise<void>;
};

export type MotorOptions = {
  /** With it BullMQ runs on Redis, without on its PostgreSQL backend in the same database. */
  redisUrl: string | null;
  databaseUrl: string;
  log: Logger;
};

type Connection = {
  connection: ConnectionOptions;
  factory: BackendFactory;
  close(): Promise<void>;
};

export async function createMotor(options: MotorOptions): Promise<Motor> {
  const forQueues = connect(options, false);
  const forWorkers = connect(options, true);
  let isClosing = false;
  const noise = (error: Error) => {
    if (!isClosing) options.log.warn({ err: error.message }, 'queue connection');
  };

  const queues = new Map<Lane, LaneQueue>();
  for (const lane of lanes) {
    const queue: LaneQueue = new Queue(lane, queueOptions(forQueues), forQueues.factory);
    queue.on('error', noise);
    queues.set(lane, queue);
  }
  // The first brings the queue's own schema up to date; the others find it so.
  for (const queue of queues.values()) if (options.redisUrl === null) await queue.waitUntilReady();
  const workers: LaneWorker[] = [];

  return {
    kind: options.redisUrl === null ? 'postgres' : 'redis',
    async enqueue(work) {
      await Promise.all(
        lanes.map(async (lane) => {
          const queue = queues.get(lane);
          const jobs = work
            .filter((w) => w.lane === lane)
            .map((w) => ({
              name: lane,
              data: { id: w.id, delivery: w.delivery },
              // Ids must be neither all digits nor hold a colon.
              opts: { jobId: `o${w.id}-${w.delivery}`, priority: w.priority },
            }));
          if (options.redisUrl === null && jobs.length <= ONE_BY_ONE_MAX)
            await Promise.all(jobs.map((job) => queue?.add(job.name, job.data, job.opts)));
          else await queue?.addBulk(jobs);
        }),
      );
    },
    start(run) {
      for (const lane of lanes) {
        const worker: LaneWorker = new Worker(
          lane,
          async (job) => {
            await run(lane, String(job.data.id), Number(job.data.delivery));
          },
          {
            ...queueOptions(forWorkers),
            concurrency: concurrency[lane],
            lockDuration: STALLED_AFTER_MS,
            stalledInterval: STALLED_AFTER_MS,
          },
          forWorkers.factory,
        );
        worker.on('error', noise);
        workers.push(worker);
      }
    },
    async close() {
      isClosing = true;
      // A job that hangs must not keep the process: its lease runs out and it is run again elsewhere.
      const closing = Promise.all(workers.map((w) => w.close())).then(() => true);
      const inTime = await Promise.race([
        closing,
        new Promise<false>((r) => setTimeout(r, CLOSE_WAIT_MS, false).unref()),
      ]);
      if (!inTime) await Promise.all(workers.map((w) => w.close(true)));
      await Promise.all([...queues.values()].map((q) => q.close()));
      await forQueues.close();
      await forWorkers.close();
    },
  };
}

function queueOptions(c: Connection) {
  return {
    connection: c.connection,
    prefix: 'latchkey',
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  };
}

function connect(options: MotorOptions, blocking: boolean): Connection {
  if (options.redisUrl === null)
    return {
      connection: {
        connectionString: options.databaseUrl,
        migrate: true,
        max: 4,
      } as unknown as ConnectionOptions,
      factory: createPostgresBackend as unknown as BackendFactory,
      close: async () => {},
    };
  // A queue must fail fast when Redis is away (the outbox keeps the work); a worker waits for it.
  const redis = new Redis(
    options.redisUrl,
    blocking
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS },
  );
  redis.on('error', () => {});
  return {
    connection: redis,
    factory: createRedisBackend as unknown as BackendFactory,
    close: async () => void redis.disconnect(),
  };
}
