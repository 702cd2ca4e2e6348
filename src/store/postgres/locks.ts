import type { GivenSecret } from '../../secrets/secret.ts';
import { createLockSession, type HeldLock, showSignsOfLife } from './lock-session.ts';
import { openPool } from './pool.ts';

/** One connection for each lock that another process holds and that is waited for. */
const WAITING_MAX = 24;
/** PostgreSQL takes a lock back if its holder has shown no sign of life for so long. */
const GONE_AFTER_MS = 15_000;
/** A holder shows a sign of life so many times within that. */
const SIGNS = 4;

/** In a row it goes on from one to the next within this process so often at most: another one may wait for it. */
const HANDED_ON_MAX = 8;

/** A lock that is held, and how often it was handed on. */
type Handed = { lock: HeldLock; times: number };

/**
 * Locks that span an outside call. They end with their connection, so a killed process leaves none behind. A process
 * that is gone without a word, its machine or the network with it, loses its locks within seconds.
 */
export type Locks = {
  /** Runs `work` while no other process holds the same name. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Runs `work` unless somebody holds the name now; null then. */
  tryLock<T>(name: string, work: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
};

/**
 * The locks of a process are held by one connection, and are taken and given back several in a statement. PostgreSQL
 * gives a connection the same lock twice, so who is first in this process is settled here. A lock that another process
 * holds is waited for on a connection of its own.
 */
export function openLocks(url: GivenSecret, goneAfterMs = GONE_AFTER_MS): Locks {
  const options = { name: 'latchkey-locks', idleMs: goneAfterMs, isPipelined: true };
  const pool = openPool(url, { ...options, max: WAITING_MAX });
  // Apart: however many wait, what nobody holds can be taken.
  const own = openPool(url, { ...options, max: 1 });
  const session = createLockSession(own, goneAfterMs / SIGNS);
  /** By name: those of this process that wait for it, first come, first served. There while one has it. */
  const queues = new Map<string, ((handed: Handed | null) => void)[]>();

  /** Resolves when it is the caller's turn in this process, with the lock if it is handed on. */
  async function turn(name: string): Promise<Handed | null> {
    const before = queues.get(name);
    if (before !== undefined) return await new Promise((resolve) => before.push(resolve));
    queues.set(name, []);
    return null;
  }

  /** To whoever waits for it in this process, without a trip; but another process has its turn too. */
  async function passOn(name: string, { lock, times }: Handed): Promise<void> {
    const queue = queues.get(name);
    if (lock.isHeld() && times < HANDED_ON_MAX) {
      const next = queue?.shift();
      if (next !== undefined) return next({ lock, times: times + 1 });
    }
    await lock.giveBack();
    endTurn(name);
  }

  function endTurn(name: string): void {
    const next = queues.get(name)?.shift();
    if (next === undefined) queues.delete(name);
    else next(null);
  }

  /** The lock when its turn has come; null: another process holds it. */
  async function take(name: string): Promise<Handed | null> {
    const handed = await turn(name);
    if (handed?.lock.isHeld() === true) return handed;
    try {
      const lock = await session.take(name);
      return lock === null ? null : { lock, times: 0 };
    } catch (error) {
      endTurn(name);
      throw error;
    }
  }

  async function wait<T>(name: string, work: () => Promise<T>): Promise<T> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
      const lost = (error: Error) => {
        broken = error;
      };
      const fallQuiet = showSignsOfLife(client, goneAfterMs / SIGNS, lost);
      try {
        return await work();
      } finally {
        fallQuiet();
        await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]).catch(lost);
      }
    } finally {
      client.release(broken);
    }
  }

  return {
    async withLock(name, work) {
      const taken = await take(name);
      return taken === null
        ? await thenEnd(
            () => wait(name, work),
            () => endTurn(name),
          )
        : await thenEnd(work, () => passOn(name, taken));
    },
    async tryLock(name, work) {
      if (queues.has(name)) return null;
      const taken = await take(name);
      if (taken !== null) return await thenEnd(work, () => passOn(name, taken));
      endTurn(name);
      return null;
    },
    async close() {
      await Promise.all([own.end(), pool.end()]);
    },
  };
}

async function thenEnd<T>(work: () => Promise<T>, end: () => Promise<void> | void): Promise<T> {
  try {
    return await work();
  } finally {
    await end();
  }
}
