import type pg from 'pg';
import { Fault } from '../../core/fault.ts';
import { wireOf } from './pool.ts';
import { isOutdated, nameOf, prepareAnew } from './prepared.ts';

/** Connections on which reads go side by side; a slow one holds up those that were sent behind it on its own. */
const CONNECTIONS = 4;
/** A connection that is never without a question is given back after so long, in milliseconds, to be looked after. */
const ROUND_MS = 2_000;
/** Together in one write. More of them are dealt out to further connections. */
const TOGETHER_MAX = 24;

type Result = Pick<pg.QueryResult, 'command' | 'rowCount' | 'rows'>;

type Asked = {
  text: string;
  values: readonly unknown[];
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
  /** It was asked before, on a connection that ended. */
  isRepeat: boolean;
};

type Line = { client: pg.PoolClient; inFlight: number; since: number; broken: Error | undefined };

/**
 * Reads that belong to no transaction, from all parts of the process. What is asked within one turn of the event loop
 * is one write, and its answers are one read: a trip to PostgreSQL costs more than most statements. Each stands for
 * itself: an error is that of its own statement.
 */
export type SharedReads = {
  read(text: string, values: readonly unknown[]): Promise<Result>;
};

/** `pool`: of connections in pg's pipeline mode, for this alone. */
export function shareReads(pool: pg.Pool): SharedReads {
  const lines = new Set<Line>();
  const waiting: Asked[] = [];
  let isSending = false;
  let connecting = 0;

  function read(text: string, values: readonly unknown[]): Promise<Result> {
    return new Promise((resolve, reject) => put({ text, values, resolve, reject, isRepeat: false }));
  }

  function put(asked: Asked): void {
    waiting.push(asked);
    if (isSending) return;
    isSending = true;
    setImmediate(send);
  }

  function send(): void {
    isSending = false;
    while (waiting.length > 0) {
      const line = freeLine();
      if (line === null) return;
      const together = waiting.splice(0, TOGETHER_MAX);
      const { stream } = wireOf(line.client);
      stream.cork();
      for (const asked of together) ask(line, asked);
      stream.uncork();
    }
  }

  /** The one with the least to answer; null: it is being connected, and what waits is sent then. */
  function freeLine(): Line | null {
    const open = [...lines].filter((line) => !isDue(line));
    const idlest = open.sort((a, b) => a.inFlight - b.inFlight)[0];
    if (idlest?.inFlight === 0) return idlest;
    const isNear = pool.idleCount > 0;
    if (lines.size + connecting < CONNECTIONS) connectOne();
    if (connecting > 0 && (isNear || idlest === undefined)) return null;
    return idlest ?? [...lines][0] ?? null;
  }

  function isDue(line: Line): boolean {
    return line.broken !== undefined || performance.now() - line.since > ROUND_MS;
  }

  function connectOne(): void {
    connecting += 1;
    pool.connect().then(
      (client) => {
        connecting -= 1;
        lines.add({ client, inFlight: 0, since: performance.now(), broken: undefined });
        send();
      },
      (error: unknown) => {
        connecting -= 1;
        // Others may be open still; with none, whoever waits is told.
        if (lines.size > 0) return send();
        for (const { reject } of waiting.splice(0)) reject(error);
      },
    );
  }

  function ask(line: Line, asked: Asked): void {
    const { client } = line;
    const { text, values, resolve, reject } = asked;
    const name = nameOf(text);
    line.inFlight += 1;
    client
      .query({ ...(name === undefined ? {} : { name }), text, values: [...values] })
      .then(resolve, (error: unknown) => {
        if (error instanceof Fault) line.broken = error;
        if (name !== undefined && isOutdated(error)) prepareAnew(text);
        // A read may be repeated. What ended the connection was meant for another statement.
        else if (asked.isRepeat || !isLost(error)) return reject(error);
        put({ ...asked, isRepeat: true });
      })
      .finally(() => {
        line.inFlight -= 1;
        if (line.inFlight > 0) return;
        lines.delete(line);
        client.release(line.broken);
        if (waiting.length > 0) send();
      });
  }

  return { read };
}

/** The connection ended, and PostgreSQL has said nothing of this statement. */
function isLost(error: unknown): boolean {
  return error instanceof Fault && error.code === 'store.unavailable' && error.vendorCode === undefined;
}
