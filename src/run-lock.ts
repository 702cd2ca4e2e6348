import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from './core/fault.ts';
import { isAlive } from './ending.ts';

/** A takeover is a matter of milliseconds; who waits for another's looks again this often, in milliseconds. */
const LOOK_AGAIN_MS = 20;
const LOOKS_MAX = 100;
/** A command is a matter of seconds, and whoever waits for it is a person. */
export const COMMAND_MAX_MS = 60_000;
export const COMMAND_LOOK_AGAIN_MS = 100;
/** A taker-over may be killed too, and so may who takes over from that; further down somebody has to look. */
const DEPTH_MAX = 3;

/** What somebody holds the lock for. */
export type Purpose = {
  /** A command holds it for its own short time, Latchkey as long as it runs. */
  by: 'latchkey' | 'command';
  /** Folder of the embedded database that it runs, absolute; empty: not said. */
  database: string;
};
export type Holder = Purpose & { pid: number };
type Taken = { release: () => Promise<void> } | { heldBy: Holder };

/**
 * One Latchkey per folder: two would stop each other's embedded PostgreSQL. A lock left by a killed process is
 * taken over. A command that holds it is waited for, and `waits` is called once. Throws `config.invalid` when another
 * Latchkey runs. Answers what gives the lock back.
 */
export async function takeRunLock(
  dir: string,
  purpose: Purpose = { by: 'latchkey', database: '' },
  waits: (holder: Holder) => void = () => {},
): Promise<() => Promise<void>> {
  const startedAt = performance.now();
  for (let isTold = false; ; isTold = true) {
    const taken = await tryRunLock(dir, purpose);
    if ('release' in taken) return taken.release;
    const { by, pid } = taken.heldBy;
    if (by === 'latchkey')
      throw new Fault(
        'config.invalid',
        `another Latchkey (process ${pid}) runs in this folder: stop it first, or start from another folder`,
        { retryable: false },
      );
    if (performance.now() - startedAt > COMMAND_MAX_MS) throw heldTooLong(pid);
    if (!isTold) waits(taken.heldBy);
    await sleep(COMMAND_LOOK_AGAIN_MS);
  }
}

/** The lock, or who has it. */
export async function tryRunLock(dir: string, purpose: Purpose): Promise<Taken> {
  return await take(join(dir, 'latchkey.pid'), purpose, 0);
}

/** A command that does not end. */
export function heldTooLong(pid: number): Fault {
  return new Fault(
    'config.invalid',
    `another command (process ${pid}) has used the embedded database for ${COMMAND_MAX_MS / 1_000} s: wait for its end, or end it, and try again`,
    { retryable: true },
  );
}

async function take(file: string, purpose: Purpose, depth: number): Promise<Taken> {
  const taken: Taken = { release: async () => rmSync(file, { force: true }) };
  for (let look = 0; look < LOOKS_MAX; look++) {
    if (placed(file, purpose)) return taken;
    const holder = holderOf(file);
    if (holder === null) continue;
    if (!isAnotherLatchkey(holder.pid)) {
      // Only under a lock of its own is a stale one removed: of two who saw it, the second would remove the first's.
      if (depth === DEPTH_MAX) break;
      const takeover = await take(`${file}.takeover`, purpose, depth + 1);
      try {
        const now = holderOf(file);
        if (now !== null && !isAnotherLatchkey(now.pid)) rmSync(file, { force: true });
        if (placed(file, purpose)) return taken;
      } finally {
        if ('release' in takeover) await takeover.release();
      }
    } else if (depth === 0) return { heldBy: holder };
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
function placed(file: string, { by, database }: Purpose): boolean {
  const own = `${file}.${process.pid}`;
  // The number alone is what there always was, and what people read.
  writeFileSync(own, database === '' ? String(process.pid) : `${process.pid}\n${by}\n${database}\n`);
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
function holderOf(file: string): Holder | null {
  try {
    const [pid, by, database = ''] = readFileSync(file, 'utf8').split('\n');
    return { pid: Number(pid), by: by === 'command' ? 'command' : 'latchkey', database };
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
