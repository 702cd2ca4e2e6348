import type pg from 'pg';
import type { GivenSecret } from '../../secrets/secret.ts';
import { openPool } from './pool.ts';

/** One connection for each lock held: as many outside writes as may run at once. */
const LOCK_CONNECTIONS = 24;
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

export function openLocks(url: GivenSecret, goneAfterMs = GONE_AFTER_MS): Locks {
  const pool = openPool(url, { max: LOCK_CONNECTIONS, name: 'latchkey-locks', idleMs: goneAfterMs });

  async function hold<T>(name: string, take: string, work: () => Promise<T>): Promise<T | null> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      const { rows } = await client.query(take, [name]);
      if (rows[0].taken === false) return null;
      const fallQuiet = showSignsOfLife(client, goneAfterMs / SIGNS);
      try {
        return await work();
      } finally {
        await fallQuiet();
        await client
          .query('select pg_advisory_unlock(hashtextextended($1, 0))', [name])
          .catch((error: Error) => {
            broken = error;
          });
      }
    } finally {
      client.release(broken);
    }
  }

  return {
    withLock: async (name, work) =>
      (await hold(name, 'select pg_advisory_lock(hashtextextended($1, 0)), true as taken', work)) as Awaited<
        ReturnType<typeof work>
      >,
    tryLock: (name, work) =>
      hold(name, 'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', work),
    close: () => pool.end(),
  };
}

/** While a lock is held nothing else is asked on its connection. Answers what ends it. */
function showSignsOfLife(client: pg.PoolClient, everyMs: number): () => Promise<void> {
  let asking: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    // Broken, it is found so when the lock is given back.
    asking ??= client
      .query('select 1')
      .catch(() => {})
      .finally(() => {
        asking = null;
      });
  }, everyMs).unref();
  return async () => {
    clearInterval(timer);
    await asking;
  };
}
