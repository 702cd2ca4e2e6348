import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from './core/fault.ts';
import { isAlive } from './ending.ts';

/** A takeover is a matter of milliseconds; who waits for another's looks again this often, in milliseconds. */
const LOOK_AGAIN_MS = 20;
const LOOKS_MAX = 100;
/** A taker-over may be killed too, and so may who takes over from that; further down somebody has to look. */
const DEPTH_MAX = 3;

/**
 * One Latchkey per folder: two would stop each other's embedded PostgreSQL. A lock left by a killed process is
 * taken over. Throws `config.invalid` when another one runs. Answers what gives the lock back.
 */
export async function takeRunLock(dir: string): Promise<() => Promise<void>> {
  return await take(join(dir, 'latchkey.pid'), 0);
}

async function take(file: string, depth: number): Promise<() => Promise<void>> {
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (placed(file)) return async () => rmSync(file, { force: true });
    const pid = holderOf(file);
    if (pid === null) continue;
    if (!isAnotherLatchkey(pid)) {
      // Only under a lock of its own is a stale one removed: of two who saw it, the second would remove the first's.
      if (depth === DEPTH_MAX) break;
      const release = await take(`${file}.takeover`, depth + 1);
      try {
        const now = holderOf(file);
        if (now !== null && !isAnotherLatchkey(now)) rmSync(file, { force: true });
        if (placed(file)) return async () => rmSync(file, { force: true });
      } finally {
        await release();
      }
    } else if (depth === 0)
      throw new Fault(
        'config.invalid',
        `another Latchkey (process ${pid}) runs in this folder: stop it first, or start from another folder`,
        { retryable: false },
      );
    await sleep(LOOK_AGAIN_MS);
  }
  throw new Fault(
    'config.invalid',
    `${file} is held by a Latchkey that neither starts nor ends: stop it, or delete the file`,
    {
      retryable: false,
    },
  );
}

/** Written elsewhere and linked into place: nobody ever reads a lock that does not say whose it is. */
function placed(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Null: nobody has it any more. */
function holderOf(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    return null;
  }
}

/** Alive and one of ours: a number can have gone to another program since. */
function isAnotherLatchkey(pid: number): boolean {
  // Our own number was somebody's before us: in a container every start has the same.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  if (!isAlive(pid)) return false;
  try {
    return /src\/(main|cli\/cli)\.ts/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    // No /proc on this system: being alive has to do.
    return process.platform !== 'linux';
  }
}
