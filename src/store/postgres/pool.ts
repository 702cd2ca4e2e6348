import type { Socket } from 'node:net';
import pg from 'pg';
import { Fault } from '../../core/fault.ts';
import { type GivenSecret, type Secret, secretOf } from '../../secrets/secret.ts';
import { READ_ONLY, REFUSED, REFUSED_BEFORE_IT, storeFault } from './store-fault.ts';

/** Waiting for a free or a new connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
/**
 * A connection has answered nothing for so long although something was asked: PostgreSQL is asked what became of it.
 */
const SILENT_AFTER_MS = 10_000;
const LOOK_EVERY_MS = 5_000;
/** An answer that PostgreSQL has given so long ago, in milliseconds, is not on its way any more. */
const LOST_AFTER_MS = 2_000;
const ASK_TIMEOUT_MS = 4_000;
/**
 * After a failover all connections are replaced; a server that is meant to be read-only is not stormed with new ones.
 */
const REPLACE_EVERY_MS = 5_000;
/** A connection that was read-only when it was made may be to a standby that is promoted any moment. */
const READ_ONLY_FOR_MS = 1_000;
/** A transaction in which nothing was asked for so long was left behind: PostgreSQL ends it, and its locks with it. */
const LEFT_BEHIND_MS = 15_000;
/** With the password that is known, a newer one, and the one before. */
const TRIES_MAX = 3;

/** What pg's client has besides its types. */
type Wire = {
  stream: Socket;
  on(event: 'errorMessage', answer: (message: { code?: string }) => void): void;
};
const wireOf = (client: pg.ClientBase) => (client as unknown as { connection: Wire }).connection;

export type PoolOptions = {
  max: number;
  name: string;
  /** PostgreSQL ends a transaction in which nothing was asked for so long, in milliseconds. */
  leftBehindMs?: number;
  /** PostgreSQL ends a connection on which nothing was asked for so long, in milliseconds; without, it never does. */
  idleMs?: number;
  /** A statement waits for another's lock for so long at most, in milliseconds; without, for as long as it takes. */
  lockWaitMs?: number;
  /** An answer that is awaited for so long is asked after, in milliseconds. */
  silentAfterMs?: number;
  /** Statements are sent without waiting for the answers to those before; each stands for itself. */
  isPipelined?: boolean;
};

/**
 * Connections to PostgreSQL that do not outlive it. Faults of the database become `store.unavailable`. A connection to
 * a server that has become read-only is replaced: connecting anew finds the new primary. A connection on which a silent
 * server answers nothing is broken. The system would wait for a quarter of an hour. PostgreSQL does the same to us: it
 * ends the connections of a process that is gone without a word within seconds. Each connection is made with the
 * address of the moment: a password that was changed is found where the old one is refused, and every connection is
 * then replaced.
 */
export function openPool(url: GivenSecret, options: PoolOptions): pg.Pool {
  const pool = new StorePool({
    address: secretOf(url),
    max: options.max,
    application_name: options.name,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    onConnect: (client: pg.ClientBase) => introduce(client as StoreClient, options),
    silentAfterMs: options.silentAfterMs ?? SILENT_AFTER_MS,
    pipeline: options.isPipelined ?? false,
  } as StorePoolConfig);
  surviveBreaks(pool);
  return pool;
}

/**
 * Our machine, or the network between, can go away without a word. PostgreSQL would then keep the connection's
 * transaction and locks for two hours. Whatever waits for them would wait as long. A setting that this version of
 * PostgreSQL does not have is left out.
 */
async function introduce(
  client: StoreClient,
  { leftBehindMs, idleMs, lockWaitMs }: PoolOptions,
): Promise<void> {
  const limits: Record<string, number> = {
    idle_in_transaction_session_timeout: leftBehindMs ?? LEFT_BEHIND_MS,
    ...(idleMs === undefined ? {} : { idle_session_timeout: idleMs }),
    ...(lockWaitMs === undefined ? {} : { lock_timeout: lockWaitMs }),
    // In seconds: who does not answer for about 20 is gone.
    tcp_keepalives_idle: 10,
    tcp_keepalives_interval: 5,
    tcp_keepalives_count: 2,
  };
  const text = `select pg_backend_pid() as pid, current_setting('transaction_read_only')::bool as "isReadOnly",
    set_config(name, value, false)
    from unnest($1::text[], $2::text[]) as given (name, value) where current_setting(name, true) is not null`;
  const values = [Object.keys(limits), Object.values(limits).map(String)];
  const { rows } = await client.query({ text, values, query_timeout: ASK_TIMEOUT_MS } as pg.QueryConfig);
  client.backend = rows[0].pid;
  if (rows[0].isReadOnly) client.readOnlySince = performance.now();
}

/**
 * A connection that breaks is replaced at the next query, and whoever was using it is told of it there. Without a
 * listener it would end the process. The pool's own listener is told of idle connections only. So each connection has
 * another, for the time between two queries of a transaction or under a lock.
 */
export function surviveBreaks(pool: pg.Pool): void {
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
}

/**
 * For connections that are not ours either. BullMQ takes every listener off the connection on which it is told of work,
 * before it ends it. A break in between would end the process. Whoever was using it is told of it at their query.
 */
const { emit } = pg.Client.prototype;
pg.Client.prototype.emit = function (this: pg.Client, ...given: Parameters<typeof emit>): boolean {
  if (given[0] === 'error' && this.listenerCount('error') === 0) return false;
  return emit.apply(this, given);
};

class StoreClient extends pg.Client {
  /** PostgreSQL's process behind it, also where a proxy shows another number. */
  backend: number | null = null;
  /** By `performance.now()`, where the server took no writes when the connection was made. */
  readOnlySince = Number.POSITIVE_INFINITY;
  /** What it was made with: another user may have come since. */
  readonly address: string;
  #askedAt: number | null = null;
  #answeredAt = 0;

  constructor({ address: given, ...config }: pg.ClientConfig & { address: Secret }) {
    const address = given.current();
    super({ ...config, connectionString: address });
    this.address = address;
    this.on('drain', () => {
      this.#askedAt = null;
    });
  }

  /** The connection is up: whatever comes on it is a sign of life. */
  noteSigns(): void {
    wireOf(this).stream.on('data', () => {
      this.#answeredAt = performance.now();
    });
  }

  /** Milliseconds for which an answer was awaited and nothing came; 0: nothing is awaited. */
  silentMs(): number {
    return this.#askedAt === null ? 0 : performance.now() - Math.max(this.#askedAt, this.#answeredAt);
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override query(...given: any[]): any {
    this.#askedAt ??= performance.now();
    const answer = given.at(-1);
    if (typeof answer === 'function')
      given[given.length - 1] = (error: unknown, result: unknown) =>
        answer(error && storeFault(error, wireOf(this).stream.destroyed), result);
    const asked = (super.query as (...all: unknown[]) => unknown).apply(this, given);
    if (!(asked instanceof Promise)) return asked;
    return asked.catch((error: unknown) => {
      throw storeFault(error, wireOf(this).stream.destroyed);
    });
  }
}

type Connected = (error: unknown, client: pg.PoolClient | undefined, done: (release?: Error) => void) => void;
type StorePoolConfig = pg.PoolConfig & { silentAfterMs: number; address: Secret };

class StorePool extends pg.Pool {
  readonly #open = new Set<StoreClient>();
  readonly #outdated = new WeakSet<pg.ClientBase>();
  readonly #address: Secret;
  readonly #ask: pg.ClientConfig & { address: Secret };
  readonly #forget: () => void;
  readonly #watch: NodeJS.Timeout;
  readonly #silentAfterMs: number;
  #isAsking = false;
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor({ silentAfterMs, ...options }: StorePoolConfig) {
    super({ ...options, Client: StoreClient } as unknown as pg.PoolConfig);
    this.#silentAfterMs = silentAfterMs;
    this.#address = options.address;
    this.#forget = options.address.onChange(() => this.#replaceAll());
    this.#ask = { ...options, connectionTimeoutMillis: ASK_TIMEOUT_MS, query_timeout: ASK_TIMEOUT_MS };
    this.on('connect', (given) => {
      const client = given as pg.ClientBase as StoreClient;
      this.#open.add(client);
      client.noteSigns();
      wireOf(client).on('errorMessage', ({ code }) => {
        if (code === READ_ONLY) this.#replaceReadOnly();
      });
    });
    this.on('remove', (client) => this.#open.delete(client as pg.ClientBase as StoreClient));
    this.on('release', (_error, client) => {
      // Ended here, the pool does not take it back.
      if (this.#outdated.has(client as pg.ClientBase)) void client.end().catch(() => {});
    });
    this.#watch = setInterval(
      () => void this.#askAfterSilent(),
      Math.min(LOOK_EVERY_MS, silentAfterMs),
    ).unref();
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override connect(answer?: any): any {
    if (answer === undefined)
      return new Promise((resolve, reject) => {
        this.#tryConnect(1, (error, client) => (error ? reject(error) : resolve(client)));
      });
    this.#tryConnect(1, answer);
  }

  #tryConnect(tries: number, answer: Connected): void {
    const address = this.#address.current();
    super.connect((given, client, done) => {
      const { readOnlySince } = (client ?? {}) as Partial<StoreClient>;
      if (readOnlySince !== undefined && performance.now() - readOnlySince >= READ_ONLY_FOR_MS) {
        done(new Error('made while the server was read-only'));
        return this.#tryConnect(tries, answer);
      }
      const error = given && storeFault(given, true);
      const code = error instanceof Fault ? error.vendorCode : undefined;
      const another = tries < TRIES_MAX ? this.#another(address, code) : null;
      if (another === null) return answer(error, client, done);
      void another.then((isThere) => {
        if (isThere) this.#tryConnect(tries + 1, answer);
        else answer(error, client, done);
      });
    });
  }

  /** Whether there is another address to try; null: what was answered says nothing against this one. */
  #another(address: string, code: string | undefined): Promise<boolean> | null {
    if (REFUSED.includes(code ?? '')) return this.#address.refused(address);
    return code === REFUSED_BEFORE_IT ? this.#address.renew() : null;
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg's own overloads are passed on as they come
  override end(answer?: any): any {
    clearInterval(this.#watch);
    this.#forget();
    return answer === undefined ? super.end() : super.end(answer);
  }

  #replaceReadOnly(): void {
    if (performance.now() - this.#replacedAt < REPLACE_EVERY_MS) return;
    this.#replacedAt = performance.now();
    this.#replaceAll();
  }

  /** Those in use are replaced when they come back, the idle ones now. */
  #replaceAll(): void {
    for (const client of this.#open) this.#outdated.add(client);
    for (let idle = this.idleCount; idle > 0; idle -= 1)
      this.connect().then(
        (client: pg.PoolClient) => client.release(),
        () => {},
      );
  }

  /**
   * Breaks the connections whose answers never come. Where PostgreSQL answers nobody, those are all of them. Else they
   * are those on which it has answered long since, or has ended. A statement that takes long, or waits for a lock, is
   * left to.
   */
  async #askAfterSilent(): Promise<void> {
    const silent = [...this.#open].filter((client) => client.silentMs() >= this.#silentAfterMs);
    if (silent.length === 0 || this.#isAsking) return;
    this.#isAsking = true;
    // PostgreSQL shows nobody what another user's processes do, and the user may have changed since.
    for (const [address, clients] of Map.groupBy(silent, (client) => client.address))
      await this.#askAfter(clients, address);
    this.#isAsking = false;
  }

  async #askAfter(silent: readonly StoreClient[], address: string): Promise<void> {
    const asking = new StoreClient({ ...this.#ask, address: secretOf(address) });
    asking.on('error', () => {});
    try {
      await asking.connect();
      const busy = await busyBackends(asking, silent);
      for (const client of silent) {
        const isLost = client.backend !== null && !busy.has(client.backend);
        if (isLost && client.silentMs() >= this.#silentAfterMs) wireOf(client).stream.destroy();
      }
    } catch (error) {
      // One that answers, here or elsewhere, is alive, and refuses new ones for a reason of its own.
      const isAnswer = error instanceof Fault && REFUSED.includes(error.vendorCode ?? '');
      const all = [...this.#open];
      const isSilent = (client: StoreClient) =>
        client.silentMs() === 0 || client.silentMs() >= this.#silentAfterMs;
      if (!isAnswer && all.every(isSilent)) for (const client of all) wireOf(client).stream.destroy();
    } finally {
      await asking.end().catch(() => {});
    }
  }
}

/**
 * PostgreSQL's processes of these that work on something, or have answered just now. One of which it shows nothing is
 * counted among them. It shows a session what its own user does, so a role that the session was given is put off.
 */
async function busyBackends(client: pg.Client, of: readonly StoreClient[]): Promise<Set<number>> {
  await client.query('set role none');
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity where pid = any($2)
       and (coalesce(state, 'disabled') in ('active', 'fastpath function call', 'disabled')
         or state_change > clock_timestamp() - $1 * interval '1 ms')`,
    [LOST_AFTER_MS, of.flatMap(({ backend }) => backend ?? [])],
  );
  return new Set(rows.map(({ pid }) => pid));
}
