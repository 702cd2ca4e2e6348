import { Fault } from '../../core/fault.ts';
import type { GivenSecret } from '../../secrets/secret.ts';
import { openPool } from './pool.ts';

/**
 * Why no connection that goes by this address stays with one of PostgreSQL's processes; null: each does. A pooler can give
 * every transaction another one (PgBouncer's `pool_mode=transaction`). A lock that is taken on a connection is then held
 * by whoever is given it next, so two processes hold it at once. What a prepared statement or LISTEN left is gone. Faults
 * `store.*`.
 */
export async function sharedByPooler(url: GivenSecret): Promise<string | null> {
  const pool = openPool(url, { max: 2, name: 'latchkey check' });
  try {
    const [one, other] = [await pool.connect(), await pool.connect()];
    try {
      const before = await processOf(one);
      // Held by a transaction: whoever asks beside it is given another process, if processes are given out at all.
      const held = await other.query('begin').then(
        () => processOf(other),
        // One that gives each statement another process ends the connection at a transaction.
        () => undefined,
      );
      const after = await processOf(one);
      if (held === undefined) return SHARED;
      await other.query('rollback');
      return before === after && held !== before ? null : SHARED;
    } finally {
      one.release();
      other.release();
    }
  } finally {
    await pool.end().catch(() => {});
  }
}

/** @throws config.invalid where a pooler shares connections */
export async function refusePooler(url: GivenSecret): Promise<void> {
  const why = await sharedByPooler(url);
  if (why !== null) throw new Fault('config.invalid', `the database: ${why}`, { retryable: false });
}

const SHARED =
  'there is a pooler between that gives each transaction another of PostgreSQL’s processes (PgBouncer’s pool_mode=transaction, say), so locks would hold nothing: let DATABASE_URL lead to PostgreSQL itself, or to a pooler with pool_mode=session';

async function processOf(client: {
  query(text: string): Promise<{ rows: { pid?: number }[] }>;
}): Promise<number | undefined> {
  const { rows } = await client.query('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
