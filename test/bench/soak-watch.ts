import { setTimeout as sleep } from 'node:timers/promises';
import { credentials } from '../../src/sandbox/seed.ts';
import { middle, percentile } from './figure.ts';
import type { Scene } from './scene.ts';

const SAMPLE_MS = 1_000;
/** So many samples are one bucket. */
const BUCKET = 10;
const BUCKETS_A_MINUTE = 60_000 / (SAMPLE_MS * BUCKET);
const LEASE_SECONDS = 15;

/** What there was within ten seconds. */
export type Bucket = {
  rssMb: number;
  /** The least: what was left after a collection. */
  heapMb: number;
  /** Memory that JavaScript holds outside of its heap: buffers. */
  externalMb: number;
  /** The most at once. */
  connections: number;
  /** For how long the oldest work that was due had waited or run, at most. */
  ageSeconds: number;
  /** Which work that was; '': none was due. */
  oldest: string;
  /** For how long work has been due and not begun, at most, by lane. */
  overdue: Record<string, number>;
  /** How long each change took that ended, in milliseconds. */
  changesMs: number[];
};

type Sample = Omit<Bucket, 'changesMs'>;

/** Looks at Latchkey from outside, once a second. */
export function watch(scene: Scene, say: (line: string) => void) {
  const buckets: Bucket[] = [];
  let samples: Sample[] = [];
  let changesMs: number[] = [];
  let isStopped = false;

  function close(): void {
    if (samples.length === 0) return;
    buckets.push({
      rssMb: middle(samples.map(({ rssMb }) => rssMb)),
      heapMb: Math.min(...samples.map(({ heapMb }) => heapMb)),
      externalMb: middle(samples.map(({ externalMb }) => externalMb)),
      connections: Math.max(...samples.map(({ connections }) => connections)),
      overdue: overdueOf(samples),
      ...oldestOf(samples),
      changesMs,
    });
    samples = [];
    changesMs = [];
    const { length } = buckets;
    if (length % BUCKETS_A_MINUTE === 0)
      say(minuteInWords(length / BUCKETS_A_MINUTE, buckets.slice(-BUCKETS_A_MINUTE)));
  }

  async function run(): Promise<void> {
    while (!isStopped) {
      const dueAt = performance.now() + SAMPLE_MS;
      samples.push(await sample(scene));
      if (samples.length === BUCKET) close();
      await sleep(Math.max(0, dueAt - performance.now()));
    }
  }

  const running = run();
  return {
    /** A change has ended, after so many milliseconds. */
    note: (ms: number) => void changesMs.push(ms),
    async stop(): Promise<Bucket[]> {
      isStopped = true;
      await running;
      return buckets;
    },
  };
}

async function sample(scene: Scene): Promise<Sample> {
  const answer = await fetch(`${scene.latchkeyUrl}/metrics`, {
    headers: { authorization: `Bearer ${credentials.readToken}` },
  });
  const text = await answer.text();
  const gauge = (name: string) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  const { rows } = await scene.db.query<{ connections: number; age: number | null; job: string | null }>(
    `select (select count(*)::int from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and application_name <> '') as connections,
      oldest.age, oldest.job
     from (select) one left join (
       select job, (extract(epoch from clock_timestamp() - next_at)
         + case when leased then ${LEASE_SECONDS} else 0 end)::float8 as age
       from outbox where done_at is null and (leased or next_at <= clock_timestamp())
       order by age desc limit 1) oldest on true`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('PostgreSQL answers no row');
  return {
    rssMb: gauge('process_resident_memory_bytes') / 1_048_576,
    heapMb: gauge('nodejs_heap_size_used_bytes') / 1_048_576,
    externalMb: gauge('nodejs_external_memory_bytes') / 1_048_576,
    overdue: Object.fromEntries(
      [...text.matchAll(/^latchkey_work_overdue_seconds\{lane="([^"]+)"\} (\S+)/gm)].map(
        ([, lane = '', seconds]) => [lane, Number(seconds)],
      ),
    ),
    connections: row.connections,
    ageSeconds: row.age ?? 0,
    oldest: row.job ?? '',
  };
}

function oldestOf(some: readonly Pick<Bucket, 'ageSeconds' | 'oldest'>[]) {
  const [first] = some.toSorted((a, b) => b.ageSeconds - a.ageSeconds);
  return { ageSeconds: first?.ageSeconds ?? 0, oldest: first?.oldest ?? '' };
}

/** Of each lane the longest. */
function overdueOf(some: readonly Pick<Bucket, 'overdue'>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { overdue } of some)
    for (const [lane, seconds] of Object.entries(overdue)) all[lane] = Math.max(all[lane] ?? 0, seconds);
  return all;
}

/** In the second fifth of the time and in the last: the median. */
export function growth(
  buckets: readonly Bucket[],
  of: (bucket: Bucket) => number,
): { before: number; after: number } {
  const fifth = Math.max(1, Math.floor(buckets.length / 5));
  return {
    before: middle(buckets.slice(fifth, 2 * fifth).map(of)),
    after: middle(buckets.slice(-fifth).map(of)),
  };
}

function minuteInWords(n: number, buckets: readonly Bucket[]): string {
  const ms = buckets.flatMap((bucket) => bucket.changesMs);
  const rate = ms.length / ((buckets.length * BUCKET * SAMPLE_MS) / 1_000);
  const oldest = oldestOf(buckets);
  const figures = [
    `${rate.toFixed(1)} changes/s`,
    `p50 ${middle(ms).toFixed(0)} ms`,
    `p99 ${percentile(ms, 0.99).toFixed(0)} ms`,
    `memory ${middle(buckets.map(({ rssMb }) => rssMb)).toFixed(0)} MB`,
    `heap ${Math.min(...buckets.map(({ heapMb }) => heapMb)).toFixed(0)} MB`,
    `external ${middle(buckets.map(({ externalMb }) => externalMb)).toFixed(0)} MB`,
    `${Math.max(...buckets.map(({ connections }) => connections))} connections`,
    `oldest work ${oldest.ageSeconds.toFixed(2)} s (${oldest.oldest})`,
    `due and not begun: ${Object.entries(overdueOf(buckets))
      .map(([lane, seconds]) => `${lane} ${seconds.toFixed(1)} s`)
      .join(', ')}`,
  ];
  return `minute ${n}: ${figures.join(', ')}`;
}

/** By the minute. */
export function inWords(buckets: readonly Bucket[]): string {
  const minutes = Array.from({ length: Math.ceil(buckets.length / BUCKETS_A_MINUTE) }, (_, n) =>
    minuteInWords(n + 1, buckets.slice(n * BUCKETS_A_MINUTE, (n + 1) * BUCKETS_A_MINUTE)),
  );
  return ['', ...minutes].join('\n');
}
