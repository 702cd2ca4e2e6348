import type { Writable } from 'node:stream';
import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { type Db, poolOf, type Tx } from './database.ts';
import type { Bound } from './statement.ts';
import type { Tables } from './tables.ts';

/** What a transaction comes to: its result, and statements that can go out together with its commit. */
export type Ending<T> = { result: T; last: readonly Bound[] };

/** Times are kept to the millisecond, here and where a statement takes the transaction's own. */
const BEGIN = `begin; select date_trunc('milliseconds', transaction_timestamp()) as now`;

/**
 * Runs `work` in one transaction, given the database's clock at its start and the rows of `opening`. Each trip to
 * PostgreSQL costs more than most statements: the clock and the opening go out with BEGIN, the last statements with
 * COMMIT. When one of those fails, PostgreSQL makes the commit a rollback, and the statement's error is thrown.
 */
export async function transact<T, Row>(
  db: Db,
  work: (tx: Tx, now: Date, opened: Row[]) => Promise<Ending<T>>,
  opening: Bound | null = null,
): Promise<T> {
  const client = await poolOf(db).connect();
  let broken: Error | undefined;
  try {
    const [clock, opened] = await together(client, [BEGIN, ...(opening === null ? [] : [opening])]);
    const { result, last } = await work(transactionOn(client), clock?.rows[0].now, opened?.rows ?? []);
    const ended = await together(client, [...last, 'commit']);
    if (ended.at(-1)?.command !== 'COMMIT')
      throw new Error('the transaction was rolled back: a statement had failed in it');
    return result;
  } catch (error) {
    // After a failed commit there is nothing to roll back any more, and PostgreSQL says no more than that.
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Sends several queries in one write and waits for all of them; throws the first error. */
async function together(
  client: pg.PoolClient,
  queries: readonly (string | Bound)[],
): Promise<pg.QueryResult[]> {
  // pg corks the connection's stream around each query; corked once more around them all they leave as one.
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  stream.cork();
  const sent = queries.map(async (query): Promise<pg.QueryResult> => {
    const answer: pg.QueryResult | pg.QueryResult[] =
      typeof query === 'string' ? await client.query(query) : await client.query(query);
    // A text of several statements has several results, of which the last one is wanted.
    return Array.isArray(answer) ? (answer.at(-1) as pg.QueryResult) : answer;
  });
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  for (const one of answers) if (one.status === 'rejected') throw one.reason;
  return answers.map((one) => (one as PromiseFulfilledResult<pg.QueryResult>).value);
}

const transactions = new WeakMap<pg.PoolClient, Tx>();

/** Kysely over a connection whose transaction is begun and ended here, not by Kysely. */
function transactionOn(client: pg.PoolClient): Tx {
  const known = transactions.get(client);
  if (known !== undefined) return known;
  const only = {
    query: (text: string, values: readonly unknown[]) => client.query(text, [...values]),
    release: () => {},
  };
  const dialect = new PostgresDialect({
    pool: { connect: async () => only, end: async () => {} } as unknown as pg.Pool,
  });
  const tx = new Kysely<Tables>({ dialect }) as Tx;
  transactions.set(client, tx);
  return tx;
}
