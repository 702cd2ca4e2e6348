import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { System } from '../../src/sandbox/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { startEmbeddedPostgres } from '../../src/store/postgres/embedded.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { throwAwayFolder } from '../../src/store/postgres/guard.ts';
import { startRedis } from '../faults/redis-server.ts';
import { type AskWorld, type BenchIdp, benchIdps } from './idp.ts';
import { familyProcessorMs, parentOf, processorMs } from './processor-time.ts';
import { startFlags } from './program.ts';

export type Trips = { trips: number; statements: Record<string, number> };

/** The processor's time that each has used so far, in milliseconds; `bench`: this process. */
export type ProcessorTime = Record<'latchkey' | 'postgres' | 'world' | 'bench', number>;

export type Scene = {
  worldUrl: string;
  latchkeyUrl: string;
  databaseUrl: string;
  db: pg.Pool;
  /** Whose groups give access. */
  idp: BenchIdp;
  latchkeyPid(): Promise<number>;
  /** How often Latchkey has asked PostgreSQL since this was last asked, and what, by how the statement begins. */
  trips(): Promise<Trips>;
  processorTime(): Promise<ProcessorTime>;
  /** Runs one of the bench's own programs beside, on a port of its own; answers its address. */
  run(file: string, ...args: string[]): Promise<string>;
  world: AskWorld;
  close(): Promise<void>;
};

const READY_WITHIN_MS = 60_000;

/**
 * Latchkey as `npm start` runs it for real, the world and PostgreSQL, each in a process of its own. The world has its
 * limits off and pushes at once. `stormPeople`: so many more people. `system`: whose groups give access. `areas`: so many
 * more groups and teams, which a catalogue in `policyDir` may name. `workers`: so
 * many processes carry out what is owed, beside one that answers; 0: one process does both. `isOnRedis`: the queue is on
 * a Redis of its own.
 */
export async function setScene({
  stormPeople = 0,
  system = 'okta',
  workers = 0,
  isOnRedis = false,
  areas = 0,
  policyDir = fileURLToPath(new URL('../../policy', import.meta.url)),
}: {
  stormPeople?: number;
  system?: System;
  workers?: number;
  isOnRedis?: boolean;
  areas?: number;
  policyDir?: string;
} = {}): Promise<Scene> {
  const idp: BenchIdp = benchIdps[system];
  const home = throwAwayFolder('bench');
  const children: ChildProcess[] = [];
  const postgres = await startEmbeddedPostgres(join(home, 'postgres'), { throwAway: home });
  const db = new pg.Pool({ connectionString: postgres.url, max: 4 });
  const redis = isOnRedis ? await startRedis() : null;

  const flags = await startFlags();
  const counter = new URL('./count-trips.ts', import.meta.url).href;
  const tripsFile = join(home, 'trips.json');
  function start(path: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    const program = fileURLToPath(new URL(path, import.meta.url));
    const child = spawn(
      process.execPath,
      [...(path.endsWith('src/main.ts') ? [...flags, '--import', counter] : []), program, ...args],
      {
        cwd: home,
        env: { PATH: process.env.PATH ?? '', ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    children.push(child);
    process.once('exit', () => child.kill());
    return child;
  }
  async function close(): Promise<void> {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        const isLate = await Promise.race([gone.then(() => false), sleep(8_000, true, { ref: false })]);
        if (isLate) child.kill('SIGKILL');
      }),
    );
    await db.end();
    await redis?.stop();
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }

  const world: AskWorld = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await fetch(`${worldUrl}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  };

  const worldPort = await freePort();
  const worldUrl = `http://127.0.0.1:${worldPort}`;
  const port = await freePort();
  const latchkeyUrl = `http://127.0.0.1:${port}`;
  let worldPid = 0;
  try {
    worldPid = start('./crowded-world.ts', [String(worldPort), String(stormPeople), String(areas)]).pid ?? 0;
    await answers(`${worldUrl}/control/health`);
    await world('POST', '/slack/sim/limits', { enabled: false });
    await idp.hurry(world);
    await world('POST', '/anypoint/sim/throttle', { perMinute: null });

    await world('PUT', '/control/latchkey', idp.listener(latchkeyUrl, credentials.scimToken));
    const startLatchkey = (at: number, only: string[], env: Record<string, string> = {}) =>
      start('../../src/main.ts', only, {
        ...idp.settings(worldUrl),
        DATABASE_URL: postgres.url,
        ...(redis === null ? {} : { REDIS_URL: redis.url }),
        PORT: String(at),
        POLICY_DIR: policyDir,
        LOG_LEVEL: 'error',
        ...env,
      });
    startLatchkey(port, workers === 0 ? [] : ['--only=web'], {
      TRIPS_FILE: tripsFile,
      PROFILE: process.env.PROFILE ?? '',
    });
    await answers(`${latchkeyUrl}/readyz`);
    for (let n = 0; n < workers; n += 1) {
      const own = await freePort();
      startLatchkey(own, ['--only=worker']);
      await answers(`http://127.0.0.1:${own}/readyz`);
    }
    // The first push of all groups comes when the identity provider first sees Latchkey.
    await until('the first push', async () => {
      const hasPushed = await idp.hasPushed(world);
      const { rows } = await db.query('select count(*)::int as n from scim_groups');
      return hasPushed && rows[0].n > 0;
    });
  } catch (error) {
    await close();
    throw error;
  }

  async function latchkeyPid(): Promise<number> {
    const headers = { authorization: `Bearer ${credentials.readToken}` };
    const health = await fetch(`${latchkeyUrl}/healthz`, { headers });
    return ((await health.json()) as { pid: number }).pid;
  }

  return {
    worldUrl,
    latchkeyUrl,
    databaseUrl: postgres.url,
    db,
    idp,
    latchkeyPid,
    async trips() {
      await rm(tripsFile, { force: true });
      process.kill(await latchkeyPid(), 'SIGUSR2');
      await until('the trips are counted', async () => existsSync(tripsFile));
      await sleep(50);
      return JSON.parse(await readFile(tripsFile, 'utf8')) as Trips;
    },
    async processorTime() {
      const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
      return {
        latchkey: processorMs(await latchkeyPid()),
        postgres: familyProcessorMs(parentOf(rows[0]?.pid ?? 0)),
        world: processorMs(worldPid),
        bench: processorMs(process.pid),
      };
    },
    world,
    async run(file, ...args) {
      const own = await freePort();
      start(file, [String(own), ...args]);
      const url = `http://127.0.0.1:${own}`;
      await answers(url);
      return url;
    },
    close,
  };
}

async function until(what: string, look: () => Promise<boolean>, ms = READY_WITHIN_MS): Promise<void> {
  for (const end = Date.now() + ms; !(await look()); await sleep(25))
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
}

/** Whatever the answer, somebody listens there. */
export async function answers(url: string): Promise<void> {
  await until(`${url} answers`, () =>
    fetch(url).then(
      (answer) => answer.status !== 503,
      () => false,
    ),
  );
}
