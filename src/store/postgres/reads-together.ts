import type pg from 'pg';
import { Fault } from '../../core/fault.ts';
import { type Answer, prepareValue, sendReads } from './batch.ts';
import { isOutdated, nameOf, prepareAnew } from './prepared.ts';
import { resultOf } from './statement.ts';

/** Connections on which reads go side by side; a slow one holds up those that were sent behind it on its own. */
const CONNECTIONS = 4;
/** A connection that is never without a question is given back after so long, in milliseconds, to be looked after. */
const ROUND_MS = 2_000;
/**
 * While answers are awaited, what comes meanwhile waits for that connection, for so long at most, in milliseconds: then
 * it has one of its own.
 */
const SHARE_MS = 2;
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

/**
 * Reads that belong to no transaction, from all parts of the process. What is asked within one turn of the event loop
 * is one write, and its answers are one read: a trip to PostgreSQL costs more than most statements. Each stands for
 * itself: an error is that of its own statement.
 */
export type SharedReads = {
  read(text: string, values: readonly unknown[]): Promise<Result>;
};

/** `pool`: of connections for this alone. */
export function shareReads(pool: pg.Pool): SharedReads {
  const waiting: Asked[] = [];
  let isSending = false;
  let connecting = 0;
  let asking = 0;

  function read(text: string, values: readonly unknown[]): Promise<Result> {
    return new Promise((resolve, reject) => {
      // What can't be sent fails here, and not in the middle of what others ask.
      put({ text, values: values.map(prepareValue), resolve, reject, isRepeat: false });
    });
  }

  function put(asked: Asked): void {
    waiting.push(asked);
    soon();
  }

  function soon(): void {
    if (isSending) return;
    isSending = true;
    if (asking === 0) setImmediate(send);
    else setTimeout(send, SHARE_MS);
  }

  function send(): void {
    isSending = false;
    const wanted = Math.ceil(waiting.length / TOGETHER_MAX) - connecting;
    for (let n = Math.min(wanted, CONNECTIONS - asking - connecting); n > 0; n -= 1) connectOne();
  }

  function connectOne(): void {
    connecting += 1;
    pool.connect().then(
      (client) => {
        connecting -= 1;
        void askOn(client);
      },
      (error: unknown) => {
        connecting -= 1;
        // Others may be open still; with none, whoever waits is told.
        if (asking === 0 && connecting === 0) for (const { reject } of waiting.splice(0)) reject(error);
      },
    );
  }

  /** One write after the other, as long as something waits. */
  async function askOn(client: pg.PoolClient): Promise<void> {
    const since = performance.now();
    let broken: Error | undefined;
    asking += 1;
    while (broken === undefined && waiting.length > 0 && performance.now() - since < ROUND_MS)
      broken = await askTogether(client, waiting.splice(0, TOGETHER_MAX));
    asking -= 1;
    client.release(broken);
    if (waiting.length > 0) soon();
  }

  /** Answers why the connection is of no use any more. */
  async function askTogether(client: pg.PoolClient, together: readonly Asked[]): Promise<Error | undefined> {
    const { answers, error } = await sendReads(
      client,
      together.map(({ text, values }) => ({ name: nameOf(text) ?? '', text, values })),
    );
    for (const [n, answer] of answers.entries()) together[n]?.resolve(resultOf(answer as Answer));
    const [failed, ...notAsked] = together.slice(answers.length);
    if (failed === undefined) return undefined;
    const isBroken = error instanceof Fault;
    conclude(failed, error);
    // PostgreSQL has skipped them.
    for (const one of notAsked) {
      if (isBroken && one.isRepeat) one.reject(error);
      else put({ ...one, isRepeat: isBroken });
    }
    return isBroken ? error : undefined;
  }

  function conclude(asked: Asked, error: unknown): void {
    const isOld = isOutdated(error);
    if (isOld) prepareAnew(asked.text);
    // A read may be repeated. What ended the connection was meant for another statement.
    if (isOld || (!asked.isRepeat && isLost(error))) put({ ...asked, isRepeat: true });
    else asked.reject(error);
  }

  return { read };
}

/** The connection ended, and PostgreSQL has said nothing of this statement. */
function isLost(error: unknown): boolean {
  return error instanceof Fault && error.code === 'store.unavailable' && error.vendorCode === undefined;
}
