import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { replyCode } from './queue-fault.ts';
import { loginNow, type RedisAddress } from './redis-address.ts';

type Options = Omit<RedisOptions, 'replyMapping'>;

export type RedisConnection = {
  client: Redis | Cluster;
  /** What last kept it from connecting; null: it is connected. */
  trouble(): Error | null;
  /** Ends it and all that was made from it, at once: what is under way on it fails. */
  drop(): void;
};

/** A Redis that neither answers nor breaks must not stop the relay. */
const COMMAND_TIMEOUT_MS = 4_000;
const CONNECT_TIMEOUT_MS = 3_000;
const RECONNECT_STEP_MS = 50;
const RECONNECT_MAX_MS = 1_000;
/** A connection that the network forgot is found by the system's own probes, in milliseconds until the first. */
const KEEP_ALIVE_MS = 5_000;

/**
 * The answer of a server that is not, or not yet, the one to write to. A failover leaves connections to it open, and it
 * would answer so for ever. A client that connects anew is led to the right server. Once a second is enough.
 */
function connectsAnew(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return (error) => {
    const isElsewhere = ['READONLY', 'LOADING', 'MASTERDOWN'].includes(replyCode(error) ?? '');
    if (!isElsewhere || performance.now() - last < RECONNECT_MAX_MS) return false;
    last = performance.now();
    return true;
  };
}

const retryStrategy = (times: number) => Math.min(RECONNECT_MAX_MS, RECONNECT_STEP_MS * times);

/**
 * `isBlocking`: for workers, which wait for Redis; a queue fails fast when Redis is away, for the outbox keeps the
 * work.
 */
export function connectRedis(address: RedisAddress, isBlocking: boolean): RedisConnection {
  const client = open(address, {
    ...loginOf(address),
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    reconnectOnError: connectsAnew(),
    retryStrategy,
    ...(isBlocking
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS }),
  });
  const made = new Set<Redis | Cluster>([client]);
  remember(client, address, made);
  let trouble: Error | null = null;
  client.on('error', (error: Error) => {
    trouble = error;
  });
  client.on('ready', () => {
    trouble = null;
  });
  return {
    client,
    trouble: () => trouble,
    drop() {
      for (const one of made) one.disconnect();
    },
  };
}

/** One connection that is tried once, to ask with; whoever asks gets its errors. */
export function askRedis(address: RedisAddress): Redis {
  const once: Options = {
    ...loginOf(address),
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    lazyConnect: true,
  };
  const [first] = address.hosts;
  // Each node of a Cluster can be asked by itself.
  const client = address.kind === 'cluster' ? new Redis({ ...once, ...first }) : open(address, once);
  return client as Redis;
}

function open(address: RedisAddress, options: Options): Redis | Cluster {
  const { hosts, kind, master, sentinelUsername, sentinelPassword, database: db, tls } = address;
  switch (kind) {
    case 'single':
      return new Redis({ ...options, ...hosts[0], db });
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: hosts.map((host) => ({ ...host })),
        name: master as string,
        db,
        sentinelRetryStrategy: options.sentinelRetryStrategy ?? retryStrategy,
        ...(sentinelUsername === null ? {} : { sentinelUsername }),
        ...(sentinelPassword === null ? {} : { sentinelPassword }),
        ...(tls === null ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(address) }),
      });
    case 'cluster': {
      const { retryStrategy: _own, enableOfflineQueue = true, ...redisOptions } = options;
      return new Cluster(
        hosts.map((host) => ({ ...host })),
        {
          redisOptions,
          enableOfflineQueue,
          clusterRetryStrategy: retryStrategy,
          slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
          // A certificate is for names, and the nodes tell theirs.
          ...(tls === null ? {} : { dnsLookup: (name, found) => found(null, name) }),
        },
      );
    }
  }
}

function loginOf(address: RedisAddress): Options {
  const { username, password } = loginNow(address);
  return {
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(address.tls === null ? {} : { tls: tlsOptions(address) }),
  };
}

function tlsOptions({ tls }: RedisAddress): TlsOptions {
  return tls?.ca == null ? {} : { ca: tls.ca };
}

/**
 * Whenever the client connects again, it does so with the login of the moment. Where that is refused, it is asked
 * whether there is a newer one. Redis keeps connections that are open when a password changes.
 */
function followLogin(client: Redis | Cluster, address: RedisAddress): void {
  const { secret } = address;
  if (secret === undefined) return;
  // Another connection may have been refused before, and the value of the moment may be another one since.
  let used = secret.current();
  client.on('error', (error: Error) => {
    if (['WRONGPASS', 'NOAUTH'].includes(replyCode(error) ?? '')) void secret.refused(used);
  });
  const options = client instanceof Cluster ? client.options.redisOptions : client.options;
  if (options === undefined) return;
  const { password, sentinelPassword } = options as RedisOptions;
  // A user may come in with a new password where there was none.
  const names = [
    ...(password == null ? [] : (['username', 'password'] as const)),
    ...(sentinelPassword == null ? [] : (['sentinelUsername', 'sentinelPassword'] as const)),
  ];
  for (const name of names)
    Object.defineProperty(options, name, {
      get: () => {
        used = secret.current();
        return loginNow(address)[name] ?? undefined;
      },
      set: () => {},
      enumerable: true,
      configurable: true,
    });
}

/** BullMQ makes its blocking connections from ours; one that it forgets to end would be tried for ever. */
function remember(client: Redis | Cluster, address: RedisAddress, made: Set<Redis | Cluster>): void {
  followLogin(client, address);
  const duplicate = client.duplicate.bind(client) as (...given: unknown[]) => Redis | Cluster;
  Object.assign(client, {
    duplicate(...given: unknown[]) {
      const another = duplicate(...given);
      made.add(another);
      remember(another, address, made);
      return another;
    },
  });
}
