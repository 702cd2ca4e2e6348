import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { type Db, poolOf, type Tx } from './database.ts';
import { nameOf, type Statement } from './statement.ts';
import type { Tables } from './tables.ts';

/** What a transaction comes to: its result, and statements that can go out together with its commit. */
export type Ending<T> = { result: T; last: readonly { statement: Statement; values: readonly unknown[] }[] };

const BEGIN = 'begin; select clock_timestamp() as now';

/**
 * Runs `work` in one transaction with the database's clock at its start. The clock comes with BEGIN, and the last
 * statements go out with COMMIT, without waiting for one another: two round trips less. When one of them fails,
 * PostgreSQL makes the commit a rollback, and the statement's error is thrown.
 */
export async function transact<T>(db: Db, work: (tx: Tx, now: Date) => Promise<Ending<T>>): Promise<T> {
  const client = await poolOf(db).connect();
  let broken: Error | undefined;
  try {
    // Several statements in one text have several results, which pg's types don't know.
    const [, clock] = (await client.query(BEGIN)) as unknown as [unknown, pg.QueryResult<{ now: Date }>];
    const now = clock.rows[0]?.now as Date;
    const { result, last } = await work(transactionOn(client), now);
    const sent = await Promise.allSettled([
      ...last.map(({ statement, values }) => client.query({ ...statement, values: [...values] })),
      client.query('commit'),
    ]);
    for (const one of sent) if (one.status === 'rejected') throw one.reason;
    if ((sent.at(-1) as PromiseFulfilledResult<pg.QueryResult>).value.command !== 'COMMIT')
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

const transactions = new WeakMap<pg.PoolClient, Tx>();

/** Kysely over a connection whose transaction is begun and ended here, not by Kysely. */
function transactionOn(client: pg.PoolClient): Tx {
  const known = transactions.get(client);
  if (known !== undefined) return known;
  const only = {
    query: (text: string, values: readonly unknown[]) => {
      const name = nameOf(text);
      return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
    },
    release: () => {},
  };
  const dialect = new PostgresDialect({
    pool: { connect: async () => only as unknown as pg.PoolClient, end: async () => {} } as never,
  });
  const tx = new Kysely<Tables>({ dialect }) as Tx;
  transactions.set(client, tx);
  return tx;
}
