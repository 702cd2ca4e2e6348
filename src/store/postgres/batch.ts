import type { Writable } from 'node:stream';
import pg from 'pg';
import type { Bound, Value } from './statement.ts';
import { storeFault } from './store-fault.ts';

/** What pg's own queries use of its connection, and pg-cursor too. */
type Connection = {
  stream: Writable;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: (string | null)[] }): void;
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
 * Several prepared statements sent in one write and answered in one read; pg's own queries are a round trip each.
 * The first error ends the batch: PostgreSQL skips what follows. Answers in the statements' order.
 */
export async function sendBatch(client: pg.PoolClient, statements: Statements): Promise<Answer[]> {
  return await new Promise((resolve, reject) => {
    client.query(
      new Batch(statements, (error, answers) => (error === null ? resolve(answers) : reject(error))),
    );
  });
}

/** A query as pg's client drives it: `submit` once, then a call for each of PostgreSQL's messages. */
class Batch implements pg.Submittable {
  readonly #statements: Statements;
  readonly #done: (error: Error | null, answers: Answer[]) => void;
  readonly #answers: Answer[];
  readonly #columns = new Map<string, Column[]>();
  #prepared = new Map<string, Column[]>();
  #at = 0;

  constructor(statements: Statements, done: (error: Error | null, answers: Answer[]) => void) {
    this.#statements = statements;
    this.#done = done;
    this.#answers = statements.map(() => ({ command: '', rows: [] }));
  }

  submit(given: pg.Connection): void {
    const connection = given as unknown as Connection;
    this.#prepared = preparedOn.get(connection) ?? new Map();
    preparedOn.set(connection, this.#prepared);
    connection.stream.cork();
    for (const { name, text, values } of this.#statements) {
      const isPrepared = this.#prepared.has(name);
      if (!isPrepared) {
        // An earlier batch may have failed after preparing it; closing what is not there is no error.
        connection.close({ type: 'S', name });
        connection.parse({ name, text });
      }
      connection.bind({ statement: name, values: values.map(encode) });
      if (!isPrepared) connection.describe({ type: 'P', name: '' });
      connection.execute({ portal: '' });
    }
    connection.sync();
    connection.stream.uncork();
  }

  handleRowDescription({ fields }: { fields: Field[] }): void {
    const columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: pg.types.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    }));
    this.#columns.set(this.#statements[this.#at]?.name ?? '', columns);
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const name = this.#statements[this.#at]?.name ?? '';
    const columns = this.#prepared.get(name) ?? this.#columns.get(name) ?? [];
    const row: Record<string, unknown> = {};
    for (const [n, column] of columns.entries()) {
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
    for (const { name } of this.#statements)
      if (!this.#prepared.has(name)) this.#prepared.set(name, this.#columns.get(name) ?? []);
    this.#done(null, this.#answers);
  }

  handleError(error: Error): void {
    this.#done(storeFault(error, true) as Error, []);
  }
}

/** A value in PostgreSQL's text format; it takes the type that the statement gives the parameter. */
function encode(value: Value): string | null {
  if (value === null) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return String(value);
  return `{${value.map((one) => (one === null ? 'null' : `"${one.replace(/[\\"]/g, '\\$&')}"`)).join(',')}}`;
}
