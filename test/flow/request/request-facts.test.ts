import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askOutside, clockOf, type OutsideSources } from '../../../src/flow/request/request-facts.ts';
import { createOkta } from '../../../src/idp/okta/okta.ts';
import { sandboxOutside } from '../../../src/sandbox/launch.ts';
import { people } from '../../../src/sandbox/seed.ts';
import { createVisitor } from '../../../src/sandbox/visitor.ts';
import { type RunningWorld, startWorld } from '../../../src/sandbox/world.ts';
import { createSlackClient } from '../../../src/slack/api/client.ts';
import { createSlackDirectory } from '../../../src/slack/directory.ts';
import { oktaOf } from '../../idp/settings-of.ts';
import { oktaConsole } from '../../sandbox/okta-console.ts';

const SUNDAY_NIGHT = new Date('2026-03-01T23:30:00Z');

test.each([
  ['UTC', { hour: 23, weekday: 'sunday' }],
  ['Europe/Berlin', { hour: 0, weekday: 'monday' }],
  ['America/Los_Angeles', { hour: 15, weekday: 'sunday' }],
  ['Nowhere/At_All', {}],
  [null, {}],
])('by the clock of %s', (zone, expected) => {
  expect(clockOf(SUNDAY_NIGHT, zone)).toEqual(expected);
});

describe('what only others know', () => {
  let world: RunningWorld;
  let okta: ReturnType<typeof oktaConsole>;
  beforeAll(async () => {
    world = await startWorld({ port: 0, stateFile: null, latchkey: null });
    okta = oktaConsole(world.url);
    await okta.signIn('erik', 'Germany');
  });
  afterAll(() => world?.close());
  const heal = () => createVisitor(world.url).request('DELETE', '/control/faults');
  beforeEach(heal);

  const who = (key: string, hasMet = true) => {
    const person = people.find((p) => p.key === key);
    if (person === undefined) throw new Error(`nobody is called ${key}`);
    return { idpId: person.oktaId, accountId: hasMet ? person.slackId : null, email: person.email };
  };

  /** Answers, and what was told of those that there are not. Nothing read before counts. */
  async function ask(key: string, from: Partial<OutsideSources> = {}, hasMet = true, withinMs?: number) {
    const outside = sandboxOutside(world.url);
    const { slack } = outside;
    const settings = oktaOf(outside);
    const told: string[] = [];
    const facts = await askOutside(
      {
        idp: createOkta(settings),
        chat: createSlackDirectory(createSlackClient(slack, pino({ level: 'silent' }))),
        onCall: { slackUserGroup: 'oncall-integration' },
        signInWithinSeconds: 43_200,
        ...from,
      },
      who(key, hasMet),
      (fact, why) => told.push(`${fact}: ${why}`),
      withinMs,
    );
    return { facts, told };
  }

  test('is asked of Slack and of Okta’s log', async () => {
    expect(await ask('erik')).toEqual({ facts: { isOnCall: true, location: 'Germany' }, told: [] });
    expect(await ask('ines')).toEqual({ facts: { isOnCall: false }, told: [] });
  });

  test('whoever never met us in Slack is found there by their address', async () => {
    expect((await ask('erik', {}, false)).facts.isOnCall).toBe(true);
    expect((await ask('kit', {}, false)).facts.isOnCall).toBe(false);
  });

  test('of many whom nobody met, those on call are read once, and Slack is not asked for each of their addresses', async () => {
    const { request } = createVisitor(world.url);
    await request('DELETE', '/control/requests');
    const chat = createSlackDirectory(
      createSlackClient(sandboxOutside(world.url).slack, pino({ level: 'silent' })),
    );
    const crowd = Array.from({ length: 100 }, (_, n) => `nobody-${n}@acme.example`);
    const erik = who('erik', false).email.toUpperCase();
    const onCall = await Promise.all(
      [...crowd, erik].map(async (email) => {
        const from = { idp: createOkta(oktaOf(sandboxOutside(world.url))), chat, signInWithinSeconds: null };
        const { isOnCall } = await askOutside(
          { ...from, onCall: { slackUserGroup: 'oncall-integration' } },
          { idpId: null, accountId: null, email, isOneOfMany: true },
          (_, why) => expect.fail(why),
        );
        return isOnCall;
      }),
    );
    expect(onCall).toEqual([...crowd.map(() => false), true]);
    const asked = await request<{ path: string }[]>('GET', '/control/requests?vendor=slack');
    expect(asked.filter(({ path }) => path.includes('lookupByEmail'))).toHaveLength(1);
    expect(asked.length).toBeLessThan(20);
  });

  test('who is on call may be whoever is in a group of the IdP', async () => {
    const onCall = { idpGroup: 'security-officers' };
    expect((await ask('sam', { onCall })).facts.isOnCall).toBe(true);
    expect((await ask('erik', { onCall })).facts.isOnCall).toBe(false);
  });

  test('nothing is asked that nobody needs', async () => {
    const { request } = createVisitor(world.url);
    await request('DELETE', '/control/requests');
    expect(await ask('erik', { onCall: null, signInWithinSeconds: null })).toEqual({ facts: {}, told: [] });
    expect(await request('GET', '/control/requests')).toEqual([]);
  });

  test('a group that there is not tells nothing, and that is told', async () => {
    expect(await ask('erik', { onCall: { slackUserGroup: 'nobody' } })).toEqual({
      facts: { location: 'Germany' },
      told: ['onCall: there is no user group @nobody in Slack, or it is switched off'],
    });
    expect((await ask('erik', { onCall: { idpGroup: 'nobody' } })).told).toEqual([
      'onCall: there is no group nobody in okta',
    ]);
  });

  test('one that refuses leaves its own fact unknown, and not the other', async () => {
    await createVisitor(world.url).request('POST', '/control/faults', {
      vendor: 'okta',
      kind: 'status',
      status: 403,
      path: '/logs',
    });
    expect(await ask('erik')).toEqual({ facts: { isOnCall: true }, told: ['location: idp.forbidden'] });
  });

  test('an answer that does not come in time is none', async () => {
    await createVisitor(world.url).request('POST', '/control/faults', {
      vendor: 'slack',
      kind: 'timeout',
      path: 'usergroups',
    });
    const before = performance.now();
    expect(await ask('erik')).toEqual({
      facts: { location: 'Germany' },
      told: ['onCall: no answer within 2000 ms'],
    });
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test('who has less time waits less: an emergency is acknowledged within Slack’s three seconds', async () => {
    await createVisitor(world.url).request('POST', '/control/faults', {
      vendor: 'okta',
      kind: 'timeout',
      path: '/logs',
    });
    const { facts, told } = await ask('erik', {}, true, 800);
    expect(told).toEqual(['location: no answer within 800 ms']);
    expect(facts).toEqual({ isOnCall: true });
  });
});
