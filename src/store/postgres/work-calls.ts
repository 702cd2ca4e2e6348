import { sql } from 'kysely';
import type { GivenSecret } from '../../secrets/secret.ts';
import type { Db } from './database.ts';
import { openPool } from './pool.ts';

/** The channel on which processes that run no jobs call those that do. */
const CHANNEL = 'latchkey_work';
const CONNECT_AGAIN_MS = 1_000;

/** Tells every process that runs jobs: the outbox has something. */
export async function callForWork(db: Db): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, '')`.execute(db);
}

/**
 * Receives the calls. One that is missed costs a moment and no work: whoever runs jobs looks into the outbox by itself. A
 * connection that breaks is replaced.
 */
export function receiveCalls(
  url: GivenSecret,
  received: () => void,
): { start(): void; stop(): Promise<void> } {
  const pool = openPool(url, { max: 1, name: 'latchkey-calls' });
  let isStopping = false;
  let listening: Promise<void> = Promise.resolve();
  let letGo: () => void = () => {};

  async function listen(): Promise<void> {
    const client = await pool.connect();
    const isOver = new Promise<void>((resolve) => {
      letGo = resolve;
      client.once('error', () => resolve());
      client.once('end', () => resolve());
    });
    client.on('notification', received);
    try {
      await client.query(`listen ${CHANNEL}`);
      received();
      if (!isStopping) await isOver;
    } finally {
      client.off('notification', received);
      client.release(true);
    }
  }

  async function listenOn(): Promise<void> {
    while (!isStopping) {
      await listen().catch(() => {});
      if (isStopping) return;
      await new Promise<void>((resolve) => {
        letGo = resolve;
        setTimeout(resolve, CONNECT_AGAIN_MS);
      });
    }
  }

  return {
    start() {
      listening = listenOn();
    },
    async stop() {
      isStopping = true;
      letGo();
      await listening;
      await pool.end();
    },
  };
}
