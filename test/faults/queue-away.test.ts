import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

const redisIsHere = hasRedis();
const read = 'orders-api-read';
const TEAM = 'Orders API readers';
/** From the click to seen, without the queue and on a machine that does much else. */
const WITHOUT_MS = 20_000;
const PATIENCE_MS = 120_000;

/** What each fault does to the server, what /readyz says of it, and what ends it. */
type Fault = {
  name: string;
  says: RegExp;
  begin(): Promise<unknown> | unknown;
  end(): Promise<unknown> | unknown;
};

let first: RedisServer;
let second: RedisServer;
let proxy: TcpProxy;
let stage: Stage;
let walk: Journey;

const cut = () => first.say('CLIENT', 'KILL', 'TYPE', 'normal');
const set = (name: string, value: string | number) => first.say('CONFIG', 'SET', name, value);

const crowd = Array.from({ length: 80 }, (_, n) => crowdPerson(n));
const faults: Fault[] = [
  {
    name: 'is read-only after a failover that nobody is led to',
    says: /read-only/,
    begin: () => first.say('REPLICAOF', '127.0.0.1', second.port),
    end: () => first.say('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'is frozen and answers nothing',
    says: /does not answer/,
    begin: () => first.freeze(),
    end: () => first.thaw(),
  },
  {
    name: 'is paused',
    says: /does not answer/,
    begin: () => first.say('CLIENT', 'PAUSE', 600_000, 'WRITE'),
    end: () => first.say('CLIENT', 'UNPAUSE'),
  },
  {
    name: 'has no memory left',
    says: /no memory left/,
    begin: () => set('maxmemory', 1),
    end: () => set('maxmemory', 0),
  },
  {
    name: 'can’t save its data',
    says: /can’t save its data/,
    async begin() {
      await set('dir', '/proc');
      await set('save', '1 1');
      await first.say('SET', 'something', 'to save');
      await first.say('BGSAVE').catch(() => {});
      await walk.until('it fails to save', async () =>
        String(await first.say('INFO', 'persistence')).includes('last_bgsave_status:err'),
      );
    },
    async end() {
      await set('save', '');
      await set('dir', '/tmp');
    },
  },
  {
    name: 'has too few replicas',
    says: /too few replicas/,
    begin: () => set('min-replicas-to-write', 1),
    end: () => set('min-replicas-to-write', 0),
  },
  {
    name: 'wants another password than we have',
    says: /password/,
    async begin() {
      await set('requirepass', 'rotated');
      await cut().catch(() => {});
    },
    async end() {
      const client = new Redis(first.port, '127.0.0.1', { password: 'rotated' });
      await client.config('SET', 'requirepass', '');
      client.disconnect();
    },
  },
  {
    name: 'does not let us run scripts',
    says: /does not let our user/,
    begin: () => first.say('ACL', 'SETUSER', 'default', '-evalsha', '-eval'),
    end: () => first.say('ACL', 'SETUSER', 'default', '+@all'),
  },
  {
    name: 'is busy with a script',
    says: /busy|does not answer/,
    begin: () => void apart((client) => client.eval('while true do end', 0)),
    end: () => apart((client) => client.script('KILL')),
  },
  {
    name: 'takes work and hands out none: its workers can’t wait for any',
    says: /handed out nothing|does not answer/,
    begin: () => first.say('ACL', 'SETUSER', 'default', '-bzpopmin'),
    end: () => first.say('ACL', 'SETUSER', 'default', '+@all'),
  },
  {
    name: 'takes work and hands out none: its queues were paused',
    says: /handed out nothing|does not answer/,
    begin: () => eachQueue((queue) => queue.pause()),
    end: () => eachQueue((queue) => queue.resume()),
  },
  {
    name: 'has connections that are half open',
    says: /does not answer/,
    begin: () => proxy.fallSilent(),
    end: () => proxy.speak(),
  },
  {
    name: 'is killed',
    says: /./,
    begin: () => first.stop(),
    async end() {
      first = await startRedis({ port: first.port });
    },
  },
];

/** On a connection of its own: a script that does not end keeps the one it came by. */
async function apart(work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(first.port, '127.0.0.1', { enableReadyCheck: false });
  client.on('error', () => {});
  await work(client).catch(() => {});
  client.disconnect();
}

/** Four of the crowd for each fault: they hold what they were given in the one before. */
function peopleOf(name: string): string[] {
  const at = faults.findIndex((fault) => fault.name === name) * 4;
  return crowd.slice(at, at + 4).map(({ key }) => key);
}

async function eachQueue(work: (queue: Queue) => Promise<void>): Promise<void> {
  for (const lane of ['core', 'idp', 'mulesoft', 'slack', 'model']) {
    const queue = new Queue(lane, { connection: { port: first.port }, prefix: '{latchkey}' });
    await work(queue);
    await queue.close();
  }
}

const withToken = { headers: { authorization: 'Bearer read-token-for-tests' } };
const readyz = async () =>
  (await (await fetch(`${stage.latchkey.url}/readyz`, withToken)).json()) as {
    ready: boolean;
    queue: string;
  };
const queueSays = (what: RegExp, ms = 30_000) =>
  walk.until(`/readyz says ${what}`, async () => what.test((await readyz()).queue), ms);
const awayMetric = async () => {
  const answer = await fetch(`${stage.latchkey.url}/metrics`, withToken);
  return Number(/^latchkey_queue_away (\d)$/m.exec(await answer.text())?.[1]);
};
const isBack = (message: { text: string }) => message.text.includes('queue is back');
const toldAdmins = async () =>
  (await walk.messages('sam', 'dm')).filter((m) => m.text.includes('Latchkey’s queue'));

describe.skipIf(!redisIsHere)('a Redis that', () => {
  beforeAll(async () => {
    first = await startRedis({ settings: ['--enable-protected-configs', 'yes', '--lua-time-limit', '200'] });
    second = await startRedis();
    proxy = await tcpProxy(first.port);
    ({ stage, walk } = await setOut({
      redisUrl: `redis://127.0.0.1:${proxy.port}`,
      people: [...seeded, ...crowd],
    }));
    await walk.isQuiet();
  });
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
    await first?.stop();
    await second?.stop();
  });
  let ending: (() => unknown) | null = null;
  afterEach(async () => {
    await ending?.();
    ending = null;
    await queueSays(/^ready$/);
  }, PATIENCE_MS);

  test.each(faults)(
    '$name: what is due is done within seconds, it is said, and all is as before when it is over',
    async ({ name, says, begin, end }) => {
      const [holder, waiting, newcomer, later] = peopleOf(name) as [string, string, string, string];
      // given ten seconds of access, and somebody who asked
      const asked = await walk.asks(waiting, { entitlement: read, reason: `Asked before: ${name}` });
      const short = await walk.isGiven(holder, { entitlement: read, seconds: 10, reason: `Ten s: ${name}` });
      expect((await readyz()).queue).toBe('ready');

      // when
      ending = end;
      await begin();

      // then a request gets its card, a click is decided and carried out, and the ten seconds end
      await walk.click('olga', asked.card, 'approve');
      const anew = await walk.asks(newcomer, { entitlement: read, reason: `Asked meanwhile: ${name}` });
      await walk.becomes(asked.id, 'inEffect', WITHOUT_MS);
      await walk.endsAs(short.id, 'inEffect', WITHOUT_MS);
      expect(await walk.isInTeam(holder, TEAM)).toBe(false);
      await walk.cardSays(short, 'gone from MuleSoft', WITHOUT_MS);
      // and it is said
      await queueSays(says);
      expect((await readyz()).ready).toBe(true);
      expect(await awayMetric()).toBe(1);

      // when it is over
      ending = null;
      await end();

      // then
      await queueSays(/^ready$/);
      expect(await awayMetric()).toBe(0);
      await walk.click('olga', anew.card, 'approve');
      await walk.becomes(anew.id, 'inEffect');
      const given = await walk.isGiven(later, { entitlement: read, reason: `After: ${name}` });
      for (const one of [asked, anew, given]) {
        const types = await walk.auditTypes(one.id);
        for (const once of ['changeApproved', 'idpWritten', 'changeSeen'])
          expect(types.filter((type) => type === once)).toHaveLength(1);
      }
      await walk.isQuiet();
    },
    PATIENCE_MS,
  );

  test(
    'the admins hear of it once, and once that it is over, however long it lasts',
    async () => {
      // given
      await walk.until('what was before is over', async () => (await toldAdmins()).every(isBack));
      const before = (await toldAdmins()).length;

      // when
      ending = () => set('maxmemory', 0);
      await set('maxmemory', 1);

      // then
      const message = await walk.until(
        'an admin hears of it',
        async () => (await toldAdmins()).find((m) => !isBack(m)),
        30_000,
      );
      expect(message.text).toMatch(/takes no work since .*: it has no memory left.*\*What to do:\*/s);
      await sleep(6_000);
      expect(await toldAdmins()).toHaveLength(before + 1);

      // when it is over
      ending = null;
      await set('maxmemory', 0);

      // then it is the same message
      await walk.until(
        'it says that it is over',
        async () => (await toldAdmins()).find((m) => m.ts === message.ts && isBack(m)),
        40_000,
      );
      expect(await toldAdmins()).toHaveLength(before + 1);
      const notes = await walk.query(
        `select type from audit where type like 'queue%' order by id desc limit 2`,
      );
      expect(notes).toEqual([{ type: 'queueBack' }, { type: 'queueAway' }]);
    },
    PATIENCE_MS,
  );
});
