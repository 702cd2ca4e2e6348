import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

export const PATIENCE_MS = 120_000;
const read = 'orders-api-read';
const TEAM = 'Orders API readers';
/** From the click to seen, without the queue and on a machine that does much else. */
const WITHOUT_MS = 20_000;

/** The effect of each fault on the server, the words of /readyz about it, and the end of it. */
export type Fault = {
  name: string;
  says: RegExp;
  begin(): Promise<unknown> | unknown;
  end(): Promise<unknown> | unknown;
};

/** A Latchkey whose queue is on the first Redis, by way of the proxy. The second is there for a failover. */
export const scene = {} as {
  first: RedisServer;
  second: RedisServer;
  proxy: TcpProxy;
  stage: Stage;
  walk: Journey;
  /** The end of the fault that is on, for the case that its test does not come to that. */
  ending: (() => unknown) | null;
};

export const set = (name: string, value: string | number) => scene.first.say('CONFIG', 'SET', name, value);

/** On a connection of its own: a script that does not end keeps the one it came by. */
export async function apart(work: (client: Redis) => Promise<unknown>): Promise<void> {
  const client = new Redis(scene.first.port, '127.0.0.1', { enableReadyCheck: false });
  client.on('error', () => {});
  await work(client).catch(() => {});
  client.disconnect();
}

export async function eachQueue(work: (queue: Queue) => Promise<void>): Promise<void> {
  for (const lane of ['core', 'idp', 'mulesoft', 'slack', 'model']) {
    const queue = new Queue(lane, { connection: { port: scene.first.port }, prefix: '{latchkey}' });
    await work(queue);
    await queue.close();
  }
}

const withToken = { headers: { authorization: 'Bearer read-token-for-tests' } };
const readyz = async () =>
  (await (await fetch(`${scene.stage.latchkey.url}/readyz`, withToken)).json()) as {
    ready: boolean;
    queue: string;
  };
const queueSays = (what: RegExp, ms = 30_000) =>
  scene.walk.until(`/readyz says ${what}`, async () => what.test((await readyz()).queue), ms);
const awayMetric = async () => {
  const answer = await fetch(`${scene.stage.latchkey.url}/metrics`, withToken);
  return Number(/^latchkey_queue_away (\d)$/m.exec(await answer.text())?.[1]);
};

/** The scene for these faults, and a test of each. `more` registers tests in the same scene. */
export function testQueueAway(faults: readonly Fault[], more: () => void = () => {}): void {
  // Four of the crowd for each fault: they hold what they were given in the one before.
  const crowd = Array.from({ length: faults.length * 4 }, (_, n) => crowdPerson(n));
  function peopleOf(name: string): string[] {
    const at = faults.findIndex((fault) => fault.name === name) * 4;
    return crowd.slice(at, at + 4).map(({ key }) => key);
  }

  describe.skipIf(!hasRedis())('a Redis that', () => {
    beforeAll(async () => {
      scene.first = await startRedis({
        settings: ['--enable-protected-configs', 'yes', '--lua-time-limit', '200'],
      });
      scene.second = await startRedis();
      scene.proxy = await tcpProxy(scene.first.port);
      const redisUrl = `redis://127.0.0.1:${scene.proxy.port}`;
      Object.assign(scene, await setOut({ redisUrl, people: [...seeded, ...crowd] }));
      await scene.walk.isQuiet();
    });
    afterAll(async () => {
      await scene.stage?.close();
      await scene.proxy?.close();
      await scene.first?.stop();
      await scene.second?.stop();
    });
    afterEach(async () => {
      await scene.ending?.();
      scene.ending = null;
      await queueSays(/^ready$/);
    }, PATIENCE_MS);

    test.each(faults)(
      '$name: what is due is done within seconds, it is said, and all is as before when it is over',
      async ({ name, says, begin, end }) => {
        const { walk } = scene;
        const [holder, waiting, newcomer, later] = peopleOf(name) as [string, string, string, string];
        // given ten seconds of access, and somebody who asked
        const asked = await walk.asks(waiting, { entitlement: read, reason: `Asked before: ${name}` });
        const short = await walk.isGiven(holder, {
          entitlement: read,
          seconds: 10,
          reason: `Ten s: ${name}`,
        });
        expect((await readyz()).queue).toBe('ready');

        // when
        scene.ending = end;
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
        await walk.until('the metric says it', async () => (await awayMetric()) === 1);

        // when it is over
        scene.ending = null;
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

    more();
  });
}
