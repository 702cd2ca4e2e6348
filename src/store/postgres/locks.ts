import { openPool } from './pool.ts';

/** One connection for each lock held: as many outside writes as may run at once. */
const LOCK_CONNECTIONS = 24;

/** Locks that span an outside call. They end with their connection, so a killed process leaves none behind. */
export type Locks = {
  /** Runs `work` while no other process holds the same name. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Runs `work` unless somebody holds the name now; null then. */
  tryLock<T>(name: string, work: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
};

export function openLocks(url: string): Locks {
  const pool = openPool(url, { max: LOCK_CONNECTIONS, name: 'latchkey-locks' });

  async function hold<T>(name: string, take: string, work: () => Promise<T>): Promise<T | null> {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      const { rows } = await client.query(take, [name]);
      if (rows[0].taken === false) return null;
      try {
        return await work();
      } finally {
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
