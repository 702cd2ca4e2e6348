import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SecretsManager, startSecretsManager } from '../../src/sandbox/secrets/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import { open } from '../secrets/open.ts';
import type { Stage } from '../stage.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

describe.skipIf(!hasRedis())('Redis’s password is changed while work goes on', () => {
  let manager: SecretsManager;
  let redis: RedisServer;
  let stage: Stage;
  let walk: Journey;
  const address = (password: string) => `redis://:${password}@127.0.0.1:${redis.port}`;

  beforeAll(async () => {
    manager = await startSecretsManager();
    redis = await startRedis({ settings: ['--requirepass', 'first'], client: { password: 'first' } });
    manager.vault.create('redis', { SecretString: address('first') });
    const { book } = await open(manager, { REDIS_URL: 'secret://aws/redis' });
    const secret = book.secret('REDIS_URL');
    if (secret === null) throw new Error('there is no such secret');
    ({ stage, walk } = await setOut({ redisUrl: secret }));
  });
  afterAll(async () => {
    await stage.close();
    await redis.stop();
    await manager.close();
  });

  test('every connection that breaks comes back with the new one, those that wait for work too', async () => {
    expect(stage.latchkey.jobQueue).toBe('redis');
    await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'Before the change' });
    await redis.say('config', 'set', 'requirepass', 'second');
    manager.vault.put('redis', { SecretString: address('second') });
    // Open connections stay; now they break, all at once.
    await redis.say('client', 'kill', 'type', 'normal', 'skipme', 'yes');

    await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'After the change' });
    const queueOf = async () => (await stage.latchkey.readiness()).queue;
    await walk.until('the queue is ready', async () => (await queueOf()) === 'ready', 30_000);
    const workers = await walk.until('the queue’s connections are back', async () => {
      const list = String(await redis.say('client', 'list'));
      const blocking = list.split('\n').filter((line) => /cmd=b?zpopmin/.test(line));
      return blocking.length >= 5 && blocking;
    });
    expect(workers.length).toBeGreaterThanOrEqual(5);
  });

  // ElastiCache's users, and redis #4300: two users that take turns, each with a password of its own.
  test('another user takes over, with the password', async () => {
    await redis.say('acl', 'setuser', 'second', 'on', '>of the second', '~*', '&*', '+@all');
    manager.vault.put('redis', {
      SecretString: `redis://second:${encodeURIComponent('of the second')}@127.0.0.1:${redis.port}`,
    });
    await redis.say('config', 'set', 'requirepass', 'nobody knows');
    await redis.say('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await walk.isGiven('sam', { entitlement: 'orders-api-read', reason: 'As another user' });
    const users = await walk.until('the queue’s connections are the second’s', async (saw) => {
      const list = String(await redis.say('client', 'list')).split('\n');
      const blocking = list.filter((line) => /cmd=b?zpopmin/.test(line));
      return saw(blocking).length >= 5 && blocking.map((line) => /user=(\S+)/.exec(line)?.[1]);
    });
    expect(new Set(users)).toEqual(new Set(['second']));
  });

  test('what the queue keeps there, jobs and their failures included, has no secret in it', async () => {
    const read: Record<string, readonly [string, ...(string | number)[]]> = {
      string: ['get'],
      hash: ['hgetall'],
      list: ['lrange', 0, -1],
      set: ['smembers'],
      zset: ['zrange', 0, -1],
      stream: ['xrange', '-', '+'],
    };
    const keys = (await redis.say('keys', '*')) as string[];
    const all: unknown[] = [];
    for (const key of keys) {
      const type = String(await redis.say('type', key));
      const [command = 'get', ...rest] = read[type] ?? [];
      if (type !== 'none') all.push(key, await redis.say(command, key, ...rest));
    }
    const text = JSON.stringify(all);
    expect(text).toContain('{latchkey}');
    const secrets = ['of the second', 'nobody knows', ...Object.values(credentials)];
    expect(secrets.filter((value) => text.includes(value))).toEqual([]);
  });
});
