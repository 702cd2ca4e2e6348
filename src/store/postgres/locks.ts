import type { GivenSecret } from '../../secrets/secret.ts';
import { createLockSession, type HeldLock, showSignsOfLife } from './lock-session.ts';
import { openPool } from './pool.ts';

/** One connection for each lock that another process holds and that is waited for. */
const WAITING_MAX = 24;
/** PostgreSQL takes a lock back if its holder has shown no sign of life for so long. */
const GONE_AFTER_MS = 15_000;
/** A holder shows a sign of life so many times within that. */
const SIGNS = 4;

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
  const queues = new Map<string, (() => void)[]>();

  async function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = queues.get(name);
    if (before === undefined) queues.set(name, []);
    else await new Promise<void>((resolve) => before.push(resolve));
    try {
      return await work();
    } finally {
      const next = queues.get(name)?.shift();
      if (next === undefined) queues.delete(name);
      else next();
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
    withLock: (name, work) =>
      inTurn(name, async () => {
        const lock = await session.take(name);
        return lock === null ? await wait(name, work) : await given(lock, work);
      }),
    async tryLock(name, work) {
      if (queues.has(name)) return null;
      return await inTurn(name, async () => {
        const lock = await session.take(name);
        return lock === null ? null : await given(lock, work);
      });
    },
    async close() {
      await Promise.all([own.end(), pool.end()]);
    },
  };
}

async function given<T>(lock: HeldLock, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await lock.giveBack();
  }
}
