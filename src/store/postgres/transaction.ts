import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { Fault } from '../../core/fault.ts';
import type { Tables } from '../schema/tables.ts';
import { type Answer, sendBatch } from './batch.ts';
import { type Db, poolOf, type Tx } from './database.ts';
import { isOutdated, nameOf, prepareAnew } from './prepared.ts';
import { type Bound, resultOf, statement } from './statement.ts';

/**
 * The outcome of a transaction: its result, and statements that can go out together with its commit. `committed` is told
 * the rows of each of these.
 */
export type Ending<T> = {
  result: T;
  last: readonly Bound[];
  committed?: (rows: readonly Answer['rows'][]) => void;
};

/** What is known when a transaction begins: the database's clock, and the rows of the statements sent with BEGIN. */
export type Begun = { now: Date; first: readonly Answer['rows'][] };

const begin = statement('begin', 'begin');
/** Times are kept to the millisecond, here and where a statement takes the transaction's own. */
const clock = statement('clock', `select date_trunc('milliseconds', transaction_timestamp()) as now`);
const end = statement('commit', 'commit');

/**
 * Runs `work` in one transaction, given the database's clock at its start. Each trip to PostgreSQL costs more than
 * most statements:
 * - the clock goes out with BEGIN, and so does what is known to be needed: `first`, and after it what `ahead` asks for
 *   before it waits for anything
 * - what nobody waits for goes out with the next read (`later`)
 * - the last statements go out with COMMIT
 *
 * When a statement fails there is no commit, and its error is thrown.
 */
export async function transact<T, Ahead = undefined>(
  db: Db,
  work: (tx: Tx, begun: Begun, ahead: Ahead) => Promise<Ending<T>>,
  first: readonly Bound[] = [],
  ahead?: (tx: Tx) => Promise<Ahead>,
): Promise<T> {
  return await onConnection(db, async (client) => {
    const line = lineOf(client);
    line.later = [];
    const opened = line.ask([begin(), clock(), ...first]);
    const asking = ahead?.(line.tx);
    // Once both have ended: nothing is asked in a transaction that is over.
    await Promise.allSettled([opened, asking]);
    const answers = await opened;
    const asked = await asking;
    const now = answers[1]?.rows[0]?.now as Date;
    const begun = { now, first: answers.slice(2).map(({ rows }) => rows) };
    const { result, last, committed } = await work(line.tx, begun, asked as Ahead);
    const ended = await line.send([...last, end()]);
    if (ended.at(-1)?.command !== 'COMMIT')
      throw new Fault('store.bad_answer', 'the transaction was rolled back: a statement had failed in it', {
        retryable: true,
      });
    committed?.(ended.map(({ rows }) => rows));
    return result;
  });
}

/**
 * A statement of a transaction whose result nobody waits for. It goes out with the next that somebody does wait for,
 * before it, or with COMMIT. Outside of `transact` it is sent at once.
 */
export async function later(tx: Db | Tx, query: CompiledQuery): Promise<void> {
  const line = lines.get(tx);
  if (line === undefined) await tx.executeQuery(query);
  else line.later.push(boundOf(query));
}

/** One statement, which is a transaction by itself: one trip. */
export async function runAtOnce<Row>(db: Db, bound: Bound): Promise<Row[]> {
  return await onConnection(db, async (client) => {
    const [answer] = await sendBatch(client, [bound]);
    return (answer?.rows ?? []) as Row[];
  });
}

/** Several statements in one trip, all of them in one transaction. Answers the rows of each. */
export async function batchAtOnce<Row>(db: Db, bounds: readonly Bound[]): Promise<Row[][]> {
  return await onConnection(db, async (client) => {
    const answers = await sendBatch(client, bounds);
    return answers.map(({ rows }) => rows as Row[]);
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
    if (isOutdated(error))
      throw new Fault('store.unavailable', 'the database was brought up to date meanwhile', {
        retryable: true,
        cause: error,
      });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A connection as a transaction uses it. */
type Line = {
  tx: Tx;
  /** What is to go out before the next statement. */
  later: Bound[];
  /** In one write, after what is to go out before. Answers for these alone. */
  send(statements: readonly Bound[]): Promise<Answer[]>;
  /** What is asked within one turn of the event loop is one write. */
  ask(statements: readonly Bound[]): Promise<Answer[]>;
};

const lineOnClient = new WeakMap<pg.PoolClient, Line>();
const lines = new WeakMap<Db | Tx, Line>();

/** Kysely over a connection whose transaction is begun and ended here, not by Kysely. */
function lineOf(client: pg.PoolClient): Line {
  const known = lineOnClient.get(client);
  if (known !== undefined) return known;
  const line: Omit<Line, 'tx' | 'ask'> = {
    later: [],
    async send(statements) {
      const before = line.later;
      line.later = [];
      const all = [...before, ...statements];
      try {
        return (await sendBatch(client, all)).slice(before.length);
      } catch (error) {
        if (isOutdated(error)) for (const { text } of all) prepareAnew(text);
        throw error;
      }
    },
  };
  const ask = askedOn(line);
  const dialect = new PostgresDialect({ pool: poolOfOne(ask) });
  const made = Object.assign(line, { tx: new Kysely<Tables>({ dialect }) as Tx, ask });
  lineOnClient.set(client, made);
  lines.set(made.tx, made);
  return made;
}

type Asked = {
  bounds: readonly Bound[];
  resolve: (answers: Answer[]) => void;
  reject: (error: unknown) => void;
};

/** Statements that are asked for side by side go out together; those that come meanwhile, together after them. */
function askedOn(line: Pick<Line, 'send'>): Line['ask'] {
  let asked: Asked[] = [];
  let isSending = false;

  async function sendAsked(): Promise<void> {
    while (asked.length > 0) {
      const together = asked;
      asked = [];
      try {
        const answers = await line.send(together.flatMap(({ bounds }) => bounds));
        for (const { bounds, resolve } of together) resolve(answers.splice(0, bounds.length));
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    isSending = false;
  }

  return (bounds) =>
    new Promise((resolve, reject) => {
      asked.push({ bounds, resolve, reject });
      if (isSending) return;
      isSending = true;
      // What several ask for together (`askedTogether`) comes a moment later than what is asked for singly.
      setImmediate(() => void sendAsked());
    });
}

function poolOfOne(ask: Line['ask']): pg.Pool {
  const only = {
    async query(text: string, values: readonly unknown[]) {
      const [answer] = await ask([bound(text, values)]);
      return resultOf(answer as Answer);
    },
    release: () => {},
  };
  return { connect: async () => only, end: async () => {} } as unknown as pg.Pool;
}

/** One of Kysely's, as it is sent. */
export function boundOf({ sql, parameters }: CompiledQuery): Bound {
  return bound(sql, parameters);
}

function bound(text: string, values: readonly unknown[]): Bound {
  return { name: nameOf(text) ?? '', text, values };
}
