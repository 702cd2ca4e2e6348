import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { get } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { newSigningKey, readSigner } from '../../../src/audit/note.ts';
import { sandboxSettings } from '../../../src/sandbox/launch.ts';
import { createVisitor, type Visitor } from '../../../src/sandbox/visitor.ts';
import { startEmbeddedPostgres } from '../../../src/store/postgres/embedded.ts';
import { freePort } from '../../../src/store/postgres/free-port.ts';
import { throwAwayFolder } from '../../../src/store/postgres/guard.ts';
import { compileCache } from '../../compile-cache.ts';
import { type PutForwardClock, putForwardClock } from './put-forward-clock.ts';

const run = promisify(execFile);
const READY_WITHIN_MS = 90_000;
const PATIENCE_MS = 60_000;
/** The machine's own time between two looks whether all is done, and so many that find it so. */
const LOOK_MS = 15;
const RESTS_MS = 40;
const QUIET_LOOKS = 3;
/** Rounds of the canary, so that a quarter has some ninety of them. */
const CANARY_EVERY_MS = 86_400_000;

/** Latchkey as it is started, the sandbox’s world, and PostgreSQL: processes of their own with one clock. */
export type PlayedWorld = {
  clock: PutForwardClock;
  visitor: Visitor;
  worldUrl: string;
  policyDir: string;
  /** Verifier key of the audit. */
  vkey: string;
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** A command of the operator’s. */
  latchkey(...words: string[]): Promise<string>;
  startLatchkey(): Promise<void>;
  stopLatchkey(): Promise<void>;
  /** Waits until all that is due now is done. */
  settles(): Promise<void>;
  /** Lets time go by until then. What comes due on the way happens when it is due. */
  letPass(until: Date): Promise<void>;
  /** The same where something does not come to rest: the first minutes after what comes due next by seconds, the rest by minutes. */
  passesUnsettled(seconds: number): Promise<void>;
  close(): Promise<void>;
};

export async function playedWorld(begins: Date): Promise<PlayedWorld> {
  const dir = throwAwayFolder('played');
  const clock = putForwardClock(dir, begins);
  const postgres = await startEmbeddedPostgres(join(dir, 'postgres'), {
    throwAway: dir,
    settings: { max_connections: '200', fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    environment: clock.environment({ timers: false }),
  });
  const [worldPort, latchkeyPort] = [await freePort(), await freePort()];
  const worldUrl = `http://127.0.0.1:${worldPort}`;
  const latchkeyUrl = `http://127.0.0.1:${latchkeyPort}`;
  const signingKey = newSigningKey('latchkey.acme.example/audit');
  const policyDir = join(dir, 'policy');
  cpSync(resolve('policy'), policyDir, { recursive: true });
  const catalogue = join(policyDir, 'catalogue.yaml');
  writeFileSync(catalogue, readFileSync(catalogue, 'utf8').replace('every: 5m', 'every: 1d'));
  const children = startedIn(dir, {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...compileCache,
    ...sandboxSettings(worldUrl),
    LOG_LEVEL: 'warn',
    PORT: String(latchkeyPort),
    POLICY_DIR: policyDir,
    DATABASE_URL: postgres.url,
    AUDIT_SIGNING_KEY: signingKey,
    ...clock.environment({ timers: true }),
  });
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2, application_name: 'player' });
  pool.on('error', () => {});
  const query: PlayedWorld['query'] = async <T extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ) => (await pool.query<T>(text, values)).rows;
  const visitor = createVisitor(worldUrl, PATIENCE_MS);

  children.start('world', [
    resolve('src/sandbox/main.ts'),
    `--port=${worldPort}`,
    '--state=',
    `--latchkey=${latchkeyUrl}`,
    '--quiet',
    `--parent=${process.pid}`,
  ]);
  await answers(`${worldUrl}/control/health`, () => children.said('world'));
  await visitor.request('POST', '/slack/sim/limits', { enabled: false });
  await visitor.request('POST', '/okta/sim/rate-limit', { perMinute: 100_000 });

  let isUp = false;
  /** A process that sleeps looks at its clock when it is spoken to. */
  const wake = () =>
    Promise.all(
      [`${worldUrl}/control/health`, ...(isUp ? [`${latchkeyUrl}/healthz`] : [])].map((url) => spokenTo(url)),
    );
  const time = passing({ clock, visitor, query, wake, isUp: () => isUp });
  const world: PlayedWorld = {
    clock,
    visitor,
    worldUrl,
    policyDir,
    vkey: readSigner(signingKey)?.verifier.vkey ?? '',
    query,
    latchkey: (...words) => children.run([resolve('src/cli/cli.ts'), ...words]),
    async startLatchkey() {
      children.start('latchkey', [resolve('src/main.ts')]);
      await answers(`${latchkeyUrl}/readyz`, () => children.said('latchkey'));
      isUp = true;
    },
    async stopLatchkey() {
      isUp = false;
      await children.stop('latchkey');
    },
    ...time,
    async close() {
      for (const name of ['latchkey', 'world']) await children.stop(name);
      await pool.end();
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

/** Programs of ours in this folder, with this environment. */
function startedIn(dir: string, env: NodeJS.ProcessEnv) {
  const children = new Map<string, { child: ChildProcess; said: string }>();
  process.once('exit', () => {
    for (const { child } of children.values()) child.kill('SIGKILL');
  });
  return {
    start(name: string, args: string[]): void {
      const child = spawn(process.execPath, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const one = { child, said: '' };
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          one.said = `${one.said}${chunk}`.slice(-100_000);
        });
      children.set(name, one);
    },
    said: (name: string) => children.get(name)?.said ?? '',
    async stop(name: string): Promise<void> {
      const { child } = children.get(name) ?? {};
      children.delete(name);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((r) => child.once('exit', r));
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(20_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
      await gone;
    },
    async run(args: string[]): Promise<string> {
      return (await run(process.execPath, args, { cwd: dir, env, maxBuffer: 1e8 })).stdout;
    },
  };
}

/** By a connection of its own: those that were kept are closed when time has gone by. */
function spokenTo(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => answer.resume().once('end', resolve)).once('error', reject);
  });
}

async function answers(url: string, said: () => string): Promise<void> {
  for (const began = Date.now(); Date.now() - began < READY_WITHIN_MS; await sleep(100))
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
  throw new Error(`${url} does not answer: ${said()}`);
}

type Passing = Pick<PlayedWorld, 'clock' | 'visitor' | 'query'> & {
  wake(): Promise<unknown>;
  isUp(): boolean;
};

/** Work on its way that nobody waits for by the clock. */
const UNDER_WAY = `
  select 'outbox ' || key as what from outbox where done_at is null and next_at <= clock_timestamp() + interval '20 seconds'
  union all select 'canary' from canary_runs where state <> 'over'
  union all select 'change ' || state || ' ' || id from changes where state in ('received', 'applying', 'verifying')
  union all select 'observed ' || key from observed where processed_at is null
  union all select 'grant that has ended' from grants where ended_at is null and ends_at <= clock_timestamp()
  limit 5`;

/** Whether anybody but us asks it anything, or did so many milliseconds ago. */
const BUSY = `
  select coalesce(bool_or(state = 'active' or state like 'idle in%' or state_change > clock_timestamp() - $1 * interval '1 millisecond'), false) as busy
  from pg_stat_activity where datname = current_database() and application_name <> 'player'`;

/** What the clock brings next. */
const NEXT = `
  select min(at) as at from (
    select ends_at from grants where ended_at is null
    union all select warn_at from grants where ended_at is null and warn_at > clock_timestamp()
    union all select lapses_at from changes where state in ('received', 'asking', 'scheduled')
    union all select next_at from outbox where done_at is null
    union all select max(started_at) + $1 * interval '1 millisecond' from canary_runs) x (at)`;

function passing({
  clock,
  visitor,
  query,
  wake,
  isUp,
}: Passing): Pick<PlayedWorld, 'settles' | 'letPass' | 'passesUnsettled'> {
  async function underWay(): Promise<string[]> {
    const pending = await Promise.all(
      ['push', 'hooks'].map(async (what) => {
        const look = () => visitor.request<{ pending: number }>('GET', `/okta/sim/${what}`);
        // A connection that was kept may just be closed, as so much time has gone by.
        const { pending } = await look().catch(look);
        return pending > 0 ? [`${what}: ${pending}`] : [];
      }),
    );
    return [...pending.flat(), ...(await query<{ what: string }>(UNDER_WAY)).map(({ what }) => what)];
  }

  /** Nothing is under way in a process, as far as its database tells: a clock put forward would end what waits. */
  async function rests(ms = RESTS_MS): Promise<void> {
    for (const began = Date.now(); Date.now() - began < PATIENCE_MS; ) {
      await sleep(LOOK_MS);
      const [one] = await query<{ busy: boolean }>(BUSY, [ms]);
      if (one?.busy !== true) return;
    }
    throw new Error('its database does not come to rest');
  }

  /** Timers look once a second or so: where all rests, they are called by a second that goes by. */
  async function settles(): Promise<void> {
    if (!isUp()) return;
    for (let [quiet, left, began] = [0, '', Date.now()]; ; ) {
      await wake();
      await rests();
      left = (await underWay()).join('; ');
      quiet = left === '' ? quiet + 1 : 0;
      if (quiet === QUIET_LOOKS) return;
      if (Date.now() - began > PATIENCE_MS) throw new Error(`it does not come to rest: ${left}`);
      clock.putForwardTo(new Date(clock.now().getTime() + 1_000));
    }
  }

  const next = async () => (await query<{ at: Date | null }>(NEXT, [CANARY_EVERY_MS]))[0]?.at ?? null;
  const step = async (seconds: number) => {
    clock.putForwardTo(new Date(clock.now().getTime() + seconds * 1_000));
    await wake();
    await rests(3 * RESTS_MS);
  };

  async function passesUnsettled(seconds: number): Promise<void> {
    const until = clock.now().getTime() + seconds * 1_000;
    clock.putForwardTo((await next()) ?? clock.now());
    for (let passed = 0; passed < 80; passed += 2) await step(2);
    // What was begun by a jump has answered before the next one.
    while (clock.now().getTime() < until) for (const seconds of [600, 1, 1]) await step(seconds);
  }

  async function letPass(until: Date): Promise<void> {
    await settles();
    for (;;) {
      const due = isUp() ? await next() : null;
      const to = due === null || due > until ? until : due;
      clock.putForwardTo(to);
      await settles();
      if (to >= until) return;
    }
  }
  return { settles, letPass, passesUnsettled };
}
