import { spawn, spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import { freePort } from '../../src/store/free-port.ts';

export type RedisServer = { url: string; flush(): Promise<void>; stop(): Promise<void> };

/** Whether this machine has Redis. In CI it has to: a suite left out there is a failure. */
export function hasRedis(): boolean {
  const isThere = spawnSync('redis-server', ['--version']).status === 0;
  if (!isThere && process.env.CI === 'true')
    throw new Error('redis-server is missing and CI leaves nothing out: apt-get install -y redis-server');
  return isThere;
}

/** A Redis of its own on a free port, in memory only. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  await client.ping();
  return {
    url: `redis://127.0.0.1:${port}`,
    async flush() {
      await client.flushall();
    },
    async stop() {
      client.disconnect();
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
    },
  };
}
