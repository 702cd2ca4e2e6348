import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort } from '../../src/store/postgres/free-port.ts';

export type RedisServer = {
  url: string;
  port: number;
  /** A command to it, on a connection of the test's own. */
  say(command: string, ...given: (string | number)[]): Promise<unknown>;
  flush(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
};

/** Whether this machine has Redis. In CI it has to: a suite left out there is a failure. */
export function hasRedis(): boolean {
  const isThere = spawnSync('redis-server', ['--version']).status === 0;
  if (!isThere && process.env.CI === 'true')
    throw new Error('redis-server is missing and CI leaves nothing out: apt-get install -y redis-server');
  return isThere;
}

export type RedisServerOptions = {
  port?: number;
  /** More of its settings, as on its command line. */
  settings?: readonly string[];
  /** How the test's own connection is made. */
  client?: Omit<RedisOptions, 'replyMapping'>;
  /** A file of settings that it rewrites: a Sentinel's. */
  file?: string;
};

/** A port found free can be taken by somebody else before it is used. */
const STARTS_MAX = 3;

/** A Redis of its own on a free port, in memory only. Throws when it does not start. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let starts = 1; ; starts += 1) {
    const started = await start(options);
    if (started !== null) return started;
    if (options.port !== undefined || starts === STARTS_MAX) throw new Error('redis-server does not start');
  }
}

/** Null when it ended at once. */
async function start(options: RedisServerOptions): Promise<RedisServer | null> {
  const port = options.port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const own = [
    ...(options.file === undefined ? [] : [options.file, '--sentinel']),
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
    ...(options.file === undefined ? ['--save', '', '--appendonly', 'no'] : []),
  ];
  const server = spawn('redis-server', [...own, ...(options.settings ?? [])], { stdio: 'ignore' });
  const client = new Redis(port, '127.0.0.1', {
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
    ...options.client,
  });
  client.on('error', () => {});
  const ended = new Promise<'ended'>((resolve) => server.once('exit', () => resolve('ended')));
  const ping = client.ping();
  ping.catch(() => {});
  if ((await Promise.race([ping, ended])) === 'ended') {
    client.disconnect();
    rmSync(dir, { recursive: true, force: true });
    return null;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    say: (command, ...given) => client.call(command, ...given),
    async flush() {
      await client.flushall();
    },
    freeze: () => server.kill('SIGSTOP'),
    thaw: () => server.kill('SIGCONT'),
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      client.disconnect();
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
