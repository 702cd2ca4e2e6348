import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import pg from 'pg';
import type { Bound } from './statement.ts';
import { storeFault } from './store-fault.ts';

/** A value as pg's own queries send it: text, or bytes. It has no types of its own. */
export const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as {
  prepareValue(value: unknown): string | Buffer | null;
};

/** What pg's own queries use of its connection. */
type Connection = {
  stream: Writable;
  parse(message: { name: string; text: string }): void;
  bind(message: {
    statement: string;
    values: readonly unknown[];
    valueMapper: (value: unknown) => unknown;
  }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string }): void;
  close(message: { type: 'S'; name: string }): void;
  sync(): void;
};
type Field = { name: string; dataTypeID: number };
type Column = { name: string; parse(text: string): unknown };

/** The result of a statement: PostgreSQL's tag of the command, such as `INSERT 0 1`, and the rows. */
export type Answer = { command: string; rows: Record<string, unknown>[] };

type Statements = readonly Bound[];

/** The statements that a connection has prepared, by name, with the columns that come of them. */
const preparedOn = new WeakMap<Connection, Map<string, Column[]>>();

/**
 * Several statements sent in one write and answered in one read; pg's own queries are a round trip each. Those with a
 * name are prepared. The first error ends the batch: PostgreSQL skips what follows. Answers in the statements' order.
 */
export async function sendBatch(client: pg.PoolClient, statements: Statements): Promise<Answer[]> {
  return await new Promise((resolve, reject) => {
    client.query(
      new Batch(statements, (error, answers) => (error === null ? resolve(answers) : reject(error))),
    );
  });
}

/**
 * The same, for reads that have nothing to do with each other. `answers` are those until the first that fails; `error`
 * is that one's, and PostgreSQL skips what follows it. Never throws.
 */
export async function sendReads(
  client: pg.PoolClient,
  reads: Statements,
): Promise<{ answers: Answer[]; error: unknown }> {
  return await new Promise((resolve) => {
    client.query(new Batch(reads, (error, answers) => resolve({ answers, error })));
  });
}

/** A query as pg's client drives it: `submit` once, then a call for each of PostgreSQL's messages. */
class Batch implements pg.Submittable {
  readonly #statements: Statements;
  readonly #done: (error: Error | null, answers: Answer[]) => void;
  readonly #answers: Answer[];
  /** Of each statement, by its place. */
  readonly #columns: Column[][];
  #prepared = new Map<string, Column[]>();
  #at = 0;

  constructor(statements: Statements, done: (error: Error | null, answers: Answer[]) => void) {
    this.#statements = statements;
    this.#done = done;
    this.#answers = statements.map(() => ({ command: '', rows: [] }));
    this.#columns = statements.map(() => []);
  }

  submit(given: pg.Connection): void {
    const connection = given as unknown as Connection;
    this.#prepared = preparedOn.get(connection) ?? new Map();
    preparedOn.set(connection, this.#prepared);
    connection.stream.cork();
    try {
      for (const [n, { name, text, values }] of this.#statements.entries()) {
        const columns = name === '' ? undefined : this.#prepared.get(name);
        if (columns === undefined) {
          // An earlier batch may have failed after preparing it; closing what is not there is no error.
          if (name !== '') connection.close({ type: 'S', name });
          connection.parse({ name, text });
        } else this.#columns[n] = columns;
        connection.bind({ statement: name, values, valueMapper: prepareValue });
        if (columns === undefined) connection.describe({ type: 'P', name: '' });
        connection.execute({ portal: '' });
      }
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { fields: Field[] }): void {
    this.#columns[this.#at] = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: pg.types.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    }));
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const columns = this.#columns[this.#at] ?? [];
    const row: Record<string, unknown> = {};
    for (let n = 0; n < columns.length; n += 1) {
      const column = columns[n] as Column;
      const text = fields[n] ?? null;
      row[column.name] = text === null ? null : column.parse(text);
    }
    this.#answers[this.#at]?.rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const answer = this.#answers[this.#at];
    if (answer !== undefined) answer.command = text;
    this.#at += 1;
  }

  handleReadyForQuery(): void {
    for (const [n, { name }] of this.#statements.entries())
      if (name !== '' && !this.#prepared.has(name)) this.#prepared.set(name, this.#columns[n] ?? []);
    this.#done(null, this.#answers);
  }

  handleError(error: Error): void {
    this.#done(storeFault(error, true) as Error, this.#answers.slice(0, this.#at));
  }
}
