import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { fitRedis } from '../../src/queue/redis-check.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { tcpProxy } from './tcp-proxy.ts';

const PATIENCE_MS = 150_000;
const silent = pino({ level: 'silent' });

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
}, PATIENCE_MS);

async function redis(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  ends.push(() => server.stop());
  return server;
}

async function out(redisUrl: string, redisCa?: string): Promise<{ stage: Stage; walk: Journey }> {
  const set = await setOut({ redisUrl, ...(redisCa === undefined ? {} : { redisCa }) });
  ends.push(() => set.stage.close());
  expect(set.stage.latchkey.jobQueue).toBe('redis');
  return set;
}

const queueOf = async ({ latchkey }: Stage) =>
  (
    (await (
      await fetch(`${latchkey.url}/readyz`, { headers: { authorization: 'Bearer read-token-for-tests' } })
    ).json()) as { queue: string }
  ).queue;

const isReady = (stage: Stage, walk: Journey) =>
  walk.until('the queue is ready', async () => (await queueOf(stage)) === 'ready', 40_000);

/** How many jobs a server's queues were given, so far. */
async function jobsGiven(port: number): Promise<number> {
  const client = new Redis(port, '127.0.0.1');
  const keys = await client.keys('{latchkey}:*:events');
  const added = await Promise.all(keys.map((key) => client.xlen(key)));
  client.disconnect();
  return added.reduce((sum, one) => sum + one, 0);
}

const given = (walk: Journey, who: string, reason: string) =>
  walk.isGiven(who, { entitlement: 'orders-api-read', reason });

describe.skipIf(!hasRedis())('a failover in which connections stay on the old primary', () => {
  test(
    'is over at its first READONLY: the queue goes on on the new primary',
    async () => {
      // given a primary and its replica behind one address
      const [old, next] = [await redis(), await redis()];
      await next.say('REPLICAOF', '127.0.0.1', old.port);
      const proxy = await tcpProxy(old.port);
      ends.push(proxy.close);
      const { stage, walk } = await out(`redis://127.0.0.1:${proxy.port}`);
      await given(walk, 'ines', 'Before the failover');
      expect(await jobsGiven(old.port)).toBeGreaterThan(0);

      // when the address leads to the new primary, and whoever is connected stays where they are
      await next.say('REPLICAOF', 'NO', 'ONE');
      await old.say('REPLICAOF', '127.0.0.1', next.port);
      proxy.leadTo(next.port);
      const before = await jobsGiven(next.port);
      await given(walk, 'erik', 'After the failover');

      // then
      await isReady(stage, walk);
      await given(walk, 'sam', 'On the new primary');
      expect(await jobsGiven(next.port)).toBeGreaterThan(before);
      await walk.isQuiet();
    },
    PATIENCE_MS,
  );
});

describe.skipIf(!hasRedis())('a Cluster', () => {
  async function cluster(): Promise<RedisServer[]> {
    const buses: number[] = [];
    const nodes: RedisServer[] = [];
    for (let n = 0; n < 3; n += 1) {
      // By itself it takes one of the ports that systems give to outgoing connections.
      const bus = await freePort();
      const settings = [
        '--cluster-enabled',
        'yes',
        '--cluster-node-timeout',
        '2000',
        '--cluster-port',
        String(bus),
      ];
      const node = await redis({ settings });
      if (n > 0) await node.say('CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0, buses[0] ?? 0);
      nodes.push(node);
      buses.push(bus);
    }
    await serve(nodes);
    for (const node of nodes)
      for (
        let looks = 0;
        !String(await node.say('CLUSTER', 'INFO')).includes('cluster_state:ok');
        looks += 1
      ) {
        if (looks > 600) throw new Error('the cluster does not come up');
        await new Promise((r) => setTimeout(r, 50));
      }
    return nodes;
  }
  const ranges = [
    [0, 5_460],
    [5_461, 10_922],
    [10_923, 16_383],
  ] as const;
  const serve = (nodes: RedisServer[]) =>
    Promise.all(nodes.map((node, n) => node.say('CLUSTER', 'ADDSLOTSRANGE', ...(ranges[n] ?? []))));

  test(
    'carries the queue, and what is due is done while it is down',
    async () => {
      // given
      const nodes = await cluster();
      const url = `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
      const { stage, walk } = await out(url);
      await given(walk, 'ines', 'On a Cluster');
      expect(await queueOf(stage)).toBe('ready');

      // when its slots are served by nobody
      await Promise.all(nodes.map((node, n) => node.say('CLUSTER', 'DELSLOTSRANGE', ...(ranges[n] ?? []))));
      await given(walk, 'erik', 'Without the Cluster');

      // then
      expect(await queueOf(stage)).toMatch(/^away since .*Cluster that is down|does not/);
      await serve(nodes);
      await isReady(stage, walk);
      await given(walk, 'sam', 'On it again');
      await walk.isQuiet();
    },
    PATIENCE_MS,
  );

  test(
    'that REDIS_URL calls a single server is refused at start, and the other way round',
    async () => {
      const [node] = await cluster();
      const alone = await redis();
      await expect(fitRedis(`redis://127.0.0.1:${node?.port}`, null, silent)).rejects.toMatchObject({
        code: 'config.invalid',
        message: expect.stringContaining('part of a Cluster: write redis+cluster://'),
      });
      await expect(fitRedis(`redis+cluster://127.0.0.1:${alone.port}`, null, silent)).rejects.toMatchObject({
        message: expect.stringContaining('the server is none: write redis://'),
      });
      await expect(fitRedis(alone.url, null, silent)).resolves.toMatchObject({ kind: 'single' });
    },
    PATIENCE_MS,
  );
});

describe.skipIf(!hasRedis())('Sentinel', () => {
  test(
    'leads to the new master when the old one dies',
    async () => {
      // given a master, a replica and a Sentinel that watches them
      const [master, replica] = [await redis(), await redis()];
      await replica.say('REPLICAOF', '127.0.0.1', master.port);
      const dir = mkdtempSync(join(tmpdir(), 'latchkey-sentinel-'));
      ends.push(() => rmSync(dir, { recursive: true, force: true }));
      const file = join(dir, 'sentinel.conf');
      writeFileSync(
        file,
        `sentinel monitor latchkey 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds latchkey 1000
sentinel failover-timeout latchkey 5000
`,
      );
      const sentinel = await redis({ file });
      await expect(fitRedis(`redis://127.0.0.1:${sentinel.port}`, null, silent)).rejects.toMatchObject({
        message: expect.stringContaining('names a Sentinel as if it were Redis'),
      });
      const { stage, walk } = await out(`redis+sentinel://127.0.0.1:${sentinel.port}/latchkey`);
      await given(walk, 'ines', 'By Sentinel');
      expect(await queueOf(stage)).toBe('ready');
      await walk.until(
        'it knows the replica',
        async () => String(await sentinel.say('INFO', 'sentinel')).includes('slaves=1'),
        30_000,
      );

      // when
      await master.stop();
      await given(walk, 'erik', 'While it fails over');

      // then
      await isReady(stage, walk);
      const before = await jobsGiven(replica.port);
      await given(walk, 'sam', 'On the new master');
      expect(await jobsGiven(replica.port)).toBeGreaterThan(before);
    },
    PATIENCE_MS,
  );
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
describe.skipIf(!hasRedis() || !hasOpenssl)('TLS', () => {
  test(
    'with a certificate of one’s own authority: REDIS_CA',
    async () => {
      // given
      const dir = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
      ends.push(() => rmSync(dir, { recursive: true, force: true }));
      const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
          ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert],
        ],
        { stdio: 'ignore' },
      );
      const port = await freePort();
      const ca = readFileSync(cert, 'utf8');
      await redis({
        port,
        settings: [
          ...['--tls-port', String(port), '--port', '0', '--tls-auth-clients', 'no'],
          ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert],
        ],
        client: { tls: { ca } },
      });

      // then
      const { stage, walk } = await out(`rediss://localhost:${port}`, ca);
      await given(walk, 'ines', 'Over TLS');
      expect(await queueOf(stage)).toBe('ready');
      const said: string[] = [];
      const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) });
      await fitRedis(`rediss://localhost:${port}`, null, log);
      expect(said.join()).toMatch(/name its authority in REDIS_CA/);
    },
    PATIENCE_MS,
  );
});

describe.skipIf(!hasRedis())('what is said at start', () => {
  const saidOf = async (url: string) => {
    const said: string[] = [];
    await fitRedis(url, null, pino({ level: 'warn' }, { write: (line: string) => void said.push(line) }));
    return said.join();
  };

  test('a Redis that may throw away work, one that is a replica, and one that is not there', async () => {
    const [server, other] = [await redis(), await redis()];
    expect(await saidOf(server.url)).toBe('');
    await server.say('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await saidOf(server.url)).toContain('maxmemory-policy is allkeys-lru');
    await other.say('REPLICAOF', '127.0.0.1', server.port);
    expect(await saidOf(other.url)).toContain('names a replica');
    expect(await saidOf(`redis://127.0.0.1:${await freePort()}`)).toContain('can’t be connected to');
  });

  test('a Redis older than the queue needs is refused', async () => {
    // given a server that says that it is Redis 4
    const info = 'redis_version:4.0.14\r\nredis_mode:standalone\r\n';
    const server = createServer((socket) =>
      socket.on('data', (data) => {
        for (const [, name = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
          socket.write(
            /info/i.test(name)
              ? `$${info.length}\r\n${info}\r\n`
              : /hello/i.test(name)
                ? "-ERR unknown command 'HELLO'\r\n"
                : '+OK\r\n',
          );
      }),
    );
    const port = await freePort();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    ends.push(() => void server.close());

    // then
    await expect(fitRedis(`redis://127.0.0.1:${port}`, null, silent)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('version 4.0.14, and the queue needs 5.0'),
    });
  });
});
