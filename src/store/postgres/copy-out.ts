import type pg from 'pg';
import { storeFault } from './store-fault.ts';

/** What pg's client calls of whatever it is given to send. */
type Sendable = { query(text: string): void };

/**
 * Streams the rows of a query in PostgreSQL's binary format (COPY … WITH (FORMAT binary)). pg gives these bytes as they
 * come, and makes no strings of them. `onRow` gets a row: a number of fields in 2 bytes, and for each its length in 4
 * bytes (-1: null) and its bytes. It must not keep them. `query` has no parameters, so let nothing be in it that comes
 * from outside. Throws `store.unavailable`.
 */
export async function copyOut(pool: pg.Pool, query: string, onRow: (row: Buffer) => void): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      client.query(new CopyOut(query, onRow, resolve, reject));
    });
  } catch (error) {
    broken = error as Error;
    throw storeFault(error, false);
  } finally {
    client.release(broken);
  }
}

/** Before the first row of the stream stand these bytes, and 8 more. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;

class CopyOut {
  readonly #query: string;
  readonly #onRow: (row: Buffer) => void;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #isHeadRead = false;
  #failed: unknown = null;

  constructor(
    query: string,
    onRow: (row: Buffer) => void,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#query = query;
    this.#onRow = onRow;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Sendable): void {
    connection.query(`copy (${this.#query}) to stdout with (format binary)`);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (this.#failed !== null) return;
    try {
      this.#take(chunk);
    } catch (error) {
      // The stream is read to its end, so that the connection can be used again.
      this.#failed = error;
    }
  }

  #take(chunk: Buffer): void {
    let row = chunk;
    if (!this.#isHeadRead) {
      if (!row.subarray(0, SIGNATURE.length).equals(SIGNATURE))
        throw new TypeError('PostgreSQL copies in a format that is not known');
      this.#isHeadRead = true;
      row = row.subarray(HEADER_BYTES);
      if (row.length === 0) return;
    }
    // -1 stands behind the last row.
    if (row.readInt16BE(0) !== -1) this.#onRow(row);
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failed === null) this.#resolve();
    else this.#reject(this.#failed);
  }

  handleCommandComplete(): void {}
}
