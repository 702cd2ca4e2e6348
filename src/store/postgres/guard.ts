import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './own-folder.ts';

/** The process that made a folder that is thrown away. While it lives, the folder is in use. */
const OWNER_FILE = 'owner.pid';

/**
 * Waits until nobody holds the other end of its input; then stops PostgreSQL fast and removes what was to be removed.
 */
const SCRIPT = `cat > /dev/null
kill -INT "$1" 2> /dev/null
n=0
while kill -0 "$1" 2> /dev/null && [ "$n" -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
if [ -n "$2" ]; then rm -rf -- "$2"; fi`;

/**
 * Stops a PostgreSQL when this process is gone, however it went. A process that is killed can end nothing itself, and
 * PostgreSQL outlives it. A shell in a session of its own waits for that. `throwAway`: a folder that is removed then
 * too. Answers what calls it off. Windows has no such shell: there the next start finds what was left.
 */
export function guardPostgres(pid: number, throwAway: string | null): () => void {
  if (platform() === 'win32') return () => {};
  const guard = spawn('/bin/sh', ['-c', SCRIPT, 'latchkey-guard', String(pid), throwAway ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return () => {
    guard.kill('SIGKILL');
  };
}

/**
 * A folder in the temporary directory that is thrown away at the end, for PostgreSQL and its like. Under root,
 * PostgreSQL runs as a user of its own, and that user has to get in. Those that earlier runs of the kind left behind
 * are removed.
 */
export function throwAwayFolder(kind: string): string {
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(`latchkey-${kind}-`)) removeLeftOver(join(tmpdir(), name));
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${kind}-`));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, OWNER_FILE), String(process.pid));
  return folder;
}

function removeLeftOver(folder: string): void {
  try {
    const found = lstatSync(folder);
    if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) return;
    const owner = Number(readFileSync(join(folder, OWNER_FILE), 'utf8'));
    if (!Number.isInteger(owner) || owner <= 0 || isRunning(owner)) return;
    const postmaster = postmasterOf(join(folder, 'postgres'));
    if (postmaster !== null && readCommand(postmaster).includes(folder)) process.kill(postmaster, 'SIGINT');
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Not ours to remove, or being removed by another.
  }
}

/** The process of the PostgreSQL whose data this folder holds; null: none was left in it. */
export function postmasterOf(home: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(home, 'postmaster.pid'), 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/**
 * The PostgreSQL that takes connections to the data in this folder, with its port on the loopback address; null: none
 * does. A note that was left by a killed one does not count, even when its number has gone to another process.
 */
export function readyPostmaster(home: string, owner: Owner): { port: number } | null {
  const pid = postmasterOf(home);
  if (pid === null || !isRunning(pid) || !isPostgresOf(pid, home, owner)) return null;
  try {
    // A line each: process, folder, start, port, socket folder, address, shared memory, state.
    const lines = readFileSync(join(home, 'postmaster.pid'), 'utf8').split('\n');
    const port = Number(lines[3]);
    return lines[7]?.trim() === 'ready' && Number.isInteger(port) && port > 0 ? { port } : null;
  } catch {
    // It ends just now.
    return null;
  }
}

/** Whether the process is a PostgreSQL on this folder, and its owner's. */
function isPostgresOf(pid: number, home: string, owner: Owner): boolean {
  if (platform() === 'win32') return true;
  try {
    const uid = owner?.uid ?? process.getuid?.();
    if (platform() === 'linux')
      return statSync(`/proc/${pid}`).uid === uid && readCommand(pid).split('\0').includes(home);
    const said = execFileSync('ps', ['-o', 'uid=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return Number.parseInt(said, 10) === uid && said.includes(` ${home}`);
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** By Linux's /proc; elsewhere nothing is known, and nothing is ended. */
function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
