import type { Socket } from 'node:net';
import pg from 'pg';
import { READ_ONLY, storeFault } from './store-fault.ts';

/** Waiting for a free or a new connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/** Nothing heard for so long while something was asked: PostgreSQL is asked whether it lives. */
const SILENT_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 5_000;
const ASK_TIMEOUT_MS = 4_000;
/** After a failover all connections are replaced; a server that is meant to be read-only is not stormed with new ones. */
const REPLACE_EVERY_MS = 5_000;
/** A transaction in which nothing was asked for so long was left behind: PostgreSQL ends it, and its locks with it. */
const LEFT_BEHIND_MS = 15_000;

/** What pg's client has besides its types. */
type Wire = { stream: Socket; on(event: 'errorMessage', hear: (message: { code?: string }) => void): void };
const wireOf = (client: pg.ClientBase) => (client as unknown as { connection: Wire }).connection;

export type PoolOptions = {
  max: number;
  name: string;
  /** PostgreSQL ends a transaction in which nothing was asked for so long, in milliseconds. */
  leftBehindMs?: number;
  /** PostgreSQL ends a connection on which nothing was asked for so long, in milliseconds; without, it never does. */
  idleMs?: number;
};

/**
 * Connections to PostgreSQL that do not outlive it. Faults of the database become `store.unavailable`; connections to a
 * server that has become read-only are replaced, for the new primary is found by connecting anew; and those on which a
 * silent server answers nothing are broken, where the system would wait for a quarter of an hour. PostgreSQL does the
 * same to us: what a process left behind that is gone without a word is ended there within seconds.
 */
export function openPool(url: string, options: PoolOptions): pg.Pool {
  const pool = new StorePool({
    connectionString: url,
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    onConnect: (client: pg.ClientBase) => limitWhatIsLeft(client, options),
  } as pg.PoolConfig);
  surviveBreaks(pool);
  return pool;
}

/**
 * When our machine or the network between goes away without a word, PostgreSQL would keep the transaction and the locks of
 * the connection for two hours, and whatever waits for them would wait as long. A setting that this version of PostgreSQL
 * does not have is left out.
 */
async function limitWhatIsLeft(client: pg.ClientBase, { leftBehindMs, idleMs }: PoolOptions): Promise<void> {
  const limits: Record<string, number> = {
    idle_in_transaction_session_timeout: leftBehindMs ?? LEFT_BEHIND_MS,
    ...(idleMs === undefined ? {} : { idle_session_timeout: idleMs }),
    // In seconds: who does not answer for about 20 is gone.
    tcp_keepalives_idle: 10,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 2,
  };
  const text = `select set_config(name, value, false) from unnest($1::text[], $2::text[]) as given (name, value)
    where current_setting(name, true) is not null`;
  const values = [Object.keys(limits), Object.values(limits).map(String)];
  await client.query({ text, values, query_timeout: ASK_TIMEOUT_MS } as pg.QueryConfig);
}

/**
 * A connection that breaks is replaced at the next query, and whoever was using it hears of it there. Without a
 * listener it would end the process: the pool's own hears of idle connections only, so each has another for the
 * time between two queries of a transaction or under a lock.
 */
export function surviveBreaks(pool: pg.Pool): void {
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
}

/**
 * For connections that are not ours either: BullMQ takes every listener off the one on which it hears of work before it
 * ends it, and one that breaks in between would end the process. Whoever was using it hears of it at their query.
 */
const { emit } = pg.Client.prototype;
pg.Client.prototype.emit = function (this: pg.Client, ...given: Parameters<typeof emit>): boolean {
  if (given[0] === 'error' && this.listenerCount('error') === 0) return false;
  return emit.apply(this, given);
};

class StoreClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override query(...given: any[]): any {
    const hear = given.at(-1);
    if (typeof hear === 'function')
      given[given.length - 1] = (error: unknown, result: unknown) =>
        hear(error && storeFault(error, wireOf(this).stream.destroyed), result);
    const asked = (super.query as (...all: unknown[]) => unknown).apply(this, given);
    if (!(asked instanceof Promise)) return asked;
    return asked.catch((error: unknown) => {
      throw storeFault(error, wireOf(this).stream.destroyed);
    });
  }
}

class StorePool extends pg.Pool {
  readonly #open = new Set<pg.PoolClient>();
  readonly #outdated = new WeakSet<pg.PoolClient>();
  readonly #ask: pg.ClientConfig;
  readonly #watch: NodeJS.Timeout;
  #heardAt = performance.now();
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(options: pg.PoolConfig) {
    super({ ...options, Client: StoreClient } as pg.PoolConfig);
    this.#ask = { ...options, connectionTimeoutMillis: ASK_TIMEOUT_MS, query_timeout: ASK_TIMEOUT_MS };
    this.on('connect', (client) => {
      this.#open.add(client);
      const wire = wireOf(client);
      wire.stream.on('data', () => {
        this.#heardAt = performance.now();
      });
      wire.on('errorMessage', ({ code }) => {
        if (code === READ_ONLY) this.#replaceAll();
      });
    });
    this.on('remove', (client) => this.#open.delete(client));
    this.on('release', (_error, client) => {
      // Ended here, the pool does not take it back.
      if (this.#outdated.has(client)) void client.end().catch(() => {});
    });
    this.#watch = setInterval(() => void this.#listen(), LOOK_EVERY_MS).unref();
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override connect(hear?: any): any {
    if (hear === undefined)
      return super.connect().catch((error: unknown) => {
        throw storeFault(error, true);
      });
    return super.connect((error, client, done) => hear(error && storeFault(error, true), client, done));
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override end(hear?: any): any {
    clearInterval(this.#watch);
    return hear === undefined ? super.end() : super.end(hear);
  }

  /** Those in use are replaced when they come back, the idle ones now. */
  #replaceAll(): void {
    if (performance.now() - this.#replacedAt < REPLACE_EVERY_MS) return;
    this.#replacedAt = performance.now();
    for (const client of this.#open) this.#outdated.add(client);
    for (let idle = this.idleCount; idle > 0; idle -= 1)
      this.connect().then(
        (client: pg.PoolClient) => client.release(),
        () => {},
      );
  }

  async #listen(): Promise<void> {
    const isAsked = this.totalCount > this.idleCount;
    if (!isAsked || performance.now() - this.#heardAt < SILENT_AFTER_MS) return;
    const client = new pg.Client(this.#ask);
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      this.#heardAt = performance.now();
    } catch {
      for (const { stream } of [...this.#open].map(wireOf)) stream.destroy();
    } finally {
      await client.end().catch(() => {});
    }
  }
}
