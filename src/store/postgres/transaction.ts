import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { Fault } from '../../core/fault.ts';
import type { Tables } from '../schema/tables.ts';
import { sendBatch } from './batch.ts';
import { type Db, poolOf, type Tx } from './database.ts';
import { type Bound, statement } from './statement.ts';

/** The outcome of a transaction: its result, and statements that can go out together with its commit. */
export type Ending<T> = { result: T; last: readonly Bound[] };

const begin = statement('begin', 'begin');
/** Times are kept to the millisecond, here and where a statement takes the transaction's own. */
const clock = statement('clock', `select date_trunc('milliseconds', transaction_timestamp()) as now`);
const end = statement('commit', 'commit');

/**
 * Runs `work` in one transaction, given the database's clock at its start. Each trip to PostgreSQL costs more than
 * most statements: the clock goes out with BEGIN, the last statements with COMMIT. When one of those fails there is no
 * commit, and its error is thrown.
 */
export async function transact<T>(db: Db, work: (tx: Tx, now: Date) => Promise<Ending<T>>): Promise<T> {
  return await onConnection(db, async (client) => {
    const begun = await sendBatch(client, [begin(), clock()]);
    const now = begun[1]?.rows[0]?.now as Date;
    const { result, last } = await work(transactionOn(client), now);
    const ended = await sendBatch(client, [...last, end()]);
    if (ended.at(-1)?.command !== 'COMMIT')
      throw new Fault('store.bad_answer', 'the transaction was rolled back: a statement had failed in it', {
        retryable: true,
      });
    return result;
  });
}

/** One statement, which is a transaction by itself: one trip. */
export async function runAtOnce<Row>(db: Db, bound: Bound): Promise<Row[]> {
  return await onConnection(db, async (client) => {
    const [answer] = await sendBatch(client, [bound]);
    return (answer?.rows ?? []) as Row[];
  });
}

async function onConnection<T>(db: Db, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await poolOf(db).connect();
  let broken: Error | undefined;
  try {
    return await work(client);
  } catch (error) {
    // After a commit that failed there is nothing to roll back any more, and PostgreSQL says no more than that.
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
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
