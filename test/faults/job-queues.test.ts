import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Journey, setOut, wordsOf } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const redisIsHere = hasRedis();
const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';

describe.each(['postgres', 'redis'] as const)('on %s', (kind) => {
  const runs = kind === 'postgres' || redisIsHere;
  let redis: RedisServer | null = null;
  let stage: Stage;
  let walk: Journey;
  beforeAll(async () => {
    if (!runs) return;
    redis = kind === 'redis' ? await startRedis() : null;
    ({ stage, walk } = await setOut({ redisUrl: redis?.url ?? null }));
  });
  afterAll(async () => {
    await stage?.close();
    await redis?.stop();
  });
  const title = (text: string) => (runs ? text : `${text} (left out: redis-server is not installed)`);

  test.runIf(runs)(title('what is approved is seen in Anypoint and given back again'), async () => {
    // given
    expect(stage.latchkey.jobQueue).toBe(kind);
    const asked = await walk.isGiven('ines', { entitlement: read, reason: `The road on ${kind}` });
    expect(await walk.isInTeam('ines', TEAM)).toBe(true);
    const status = await walk.until('the message offers it', async () => {
      const now = await walk.statusOf('ines', asked.id);
      return wordsOf(now).includes('I’m done') && now;
    });

    // when
    await walk.click('ines', status, 'release');

    // then
    await walk.endsAs(asked.id, 'inEffect');
    expect(await walk.isInGroup('ines', GROUP)).toBe(false);
    expect(await walk.isInTeam('ines', TEAM)).toBe(false);
    await walk.cardSays(asked, 'gone from MuleSoft');
    await walk.isQuiet();
  });

  test.runIf(runs)(title('two racing clicks are one decision and one write'), async () => {
    // given
    const asked = await walk.asks('erik', { entitlement: read, reason: `A race on ${kind}` });
    await walk.request('DELETE', '/control/requests');

    // when
    await Promise.all([walk.click('tom', asked.card, 'approve'), walk.click('olga', asked.card, 'approve')]);

    // then
    await walk.becomes(asked.id, 'inEffect');
    await walk.isQuiet();
    const types = await walk.auditTypes(asked.id);
    expect(types.filter((type) => type === 'changeApproved')).toHaveLength(1);
    expect(await walk.requests({ vendor: 'okta', method: 'PUT' })).toHaveLength(1);
  });

  test.runIf(runs)(title('Latchkey stopped and started again goes on where it was'), async () => {
    // given a request that waits, and Okta that does not answer
    const asked = await walk.asks('sam', { entitlement: read, reason: `Restarted on ${kind}` });
    await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'status', status: 500 });
    await walk.click('olga', asked.card, 'approve');
    await walk.becomes(asked.id, 'applying');

    // when
    await stage.restart();
    await walk.heal();

    // then
    await walk.becomes(asked.id, 'inEffect');
    await walk.cardSays(asked, 'In effect in MuleSoft');
    const types = await walk.auditTypes(asked.id);
    expect(types.filter((type) => type === 'changeApproved')).toHaveLength(1);
  });
});

test.runIf(redisIsHere)(
  `a Redis emptied in mid-flight loses nothing${redisIsHere ? '' : ' (left out: redis-server is not installed)'}`,
  async () => {
    // given
    const redis = await startRedis();
    const { stage, walk } = await setOut({ redisUrl: redis.url });
    try {
      // a decided change whose write waits for Okta, requests that wait for a decision, one being taken in
      await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'latency', ms: 1_000 });
      const reasons = ['ines', 'erik', 'sam'].map((as) => [as, `Flushed for ${as}`] as const);
      const asked = await Promise.all(
        reasons.map(([as, reason]) => walk.asks(as, { entitlement: read, reason })),
      );

      // when Redis is emptied again and again while the clicks are worked off
      const flushing = (async () => {
        for (let i = 0; i < 40; i++) {
          await redis.flush();
          await walk.request('GET', '/control/health');
        }
      })();
      await Promise.all(asked.map(({ card }) => walk.click('olga', card, 'approve')));
      await flushing;
      await redis.flush();

      // then
      for (const one of asked) {
        await walk.becomes(one.id, 'inEffect', 60_000);
        await walk.cardSays(one, 'In effect in MuleSoft', 30_000);
        const types = await walk.auditTypes(one.id);
        for (const once of ['changeApproved', 'idpWritten', 'changeSeen'])
          expect(types.filter((type) => type === once)).toHaveLength(1);
      }
      for (const [as] of reasons) expect(await walk.isInTeam(as, TEAM)).toBe(true);
      await walk.isQuiet();
    } finally {
      await stage.close();
      await redis.stop();
    }
  },
  90_000,
);
