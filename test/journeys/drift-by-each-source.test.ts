import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { slotsOf } from '../../src/core/policy/routing.ts';
import { credentials, people } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type CardSeen, type Journey, setOut } from './journey.ts';

const GROUP = 'anypoint-orders-deploy';
const idOf = (key: string) => people.find((p) => p.key === key)?.oktaId ?? '';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ listenEveryMs: 500 }));
  await walk.isQuiet();
});
afterAll(async () => {
  await stage.close();
});

const byHand = (method: 'POST' | 'DELETE', key: string, by = 'sam', group = GROUP) =>
  walk.request(method, `/okta/sim/groups/${group}/members/${key}?by=${by}`);
const push = (settings: object) => walk.request('POST', '/okta/sim/push', settings);
const hooks = (settings: object) => walk.request('POST', '/okta/sim/hooks', settings);
/** From now on: a read that had been let in is over once the next one is refused. */
async function logIsRefused(): Promise<void> {
  const path = '^/api/v1/logs';
  const refused = async () =>
    (await walk.requests({ vendor: 'okta', path })).filter((request) => request.status === 403).length;
  const before = await refused();
  await walk.fault({ vendor: 'okta', kind: 'status', status: 403, path });
  await walk.until('the log is refused', async () => (await refused()) > before);
}

beforeEach(async () => {
  await walk.isQuiet();
});
afterEach(async () => {
  await walk.heal();
  await push({ drop: 'none', paused: false });
  await hooks({ lose: false, paused: false, copies: 1, batch: 100, reorder: false, latencyMs: 100 });
});

const openFindings = (key: string) =>
  walk.query<{ id: string }>(
    `select c.id from changes c join people p on p.id = c.person_id
     where p.email = $1 and c.doc->>'cause' = 'finding' and c.state = 'asking'`,
    [`${key}@acme.example`],
  );
async function finding(key: string): Promise<{ id: string; card: CardSeen }> {
  const { id } = await walk.until(`a finding about ${key}`, async () => (await openFindings(key))[0]);
  return { id, card: await walk.card('sofia', (m) => m.metadata?.event_payload?.marker === `${id}:card`) };
}
/** Taken away again by an admin who may, so that the next test finds the group as it was. */
async function reverted(found: { id: string; card: CardSeen }, by = 'olga'): Promise<void> {
  await walk.click(by, await walk.cardNow(found), 'revert');
  await walk.endsAs(found.id, 'inEffect', 30_000);
}
const eventSourcesOf = async (key: string) =>
  (
    await walk.query<{ eventSource: string }>(
      `select distinct o.event_source as "eventSource" from observed o join people p on p.id = o.person_id
       where p.email = $1 and o.payload->>'direction' = 'added' order by 1`,
      [`${key}@acme.example`],
    )
  ).map((row) => row.eventSource);

describe('somebody added by hand', () => {
  test('is found by the event hook alone, and the card says who did it', async () => {
    await push({ drop: 'all' });
    await logIsRefused();
    await byHand('POST', 'erik');
    const found = await finding('erik');
    await walk.cardSays(found, /\*Added by\*\nSam Whitaker in Okta, /);
    expect(await eventSourcesOf('erik')).toEqual(['oktaHook']);
    await reverted(found);
  });

  test('is found by the System Log alone, after Latchkey was down and everything else was lost', async () => {
    await push({ drop: 'all' });
    await hooks({ lose: true });
    await stage.restart(async () => {
      await byHand('POST', 'tom');
    });
    const found = await finding('tom');
    await walk.cardSays(found, /Sam Whitaker in Okta/);
    expect(await eventSourcesOf('tom')).toEqual(['oktaLog']);
    await reverted(found);
  });

  test('told twice, out of order, late and by every event source, is one finding on one card', async () => {
    await hooks({ copies: 2, reorder: true, batch: 1, paused: true });
    await byHand('POST', 'nadia');
    await byHand('DELETE', 'nadia');
    await byHand('POST', 'nadia');
    const found = await finding('nadia');
    await hooks({ paused: false });
    await walk.until('the hook has told all of it', async () => {
      const { pending } = await walk.request<{ pending: number }>('GET', '/okta/sim/hooks');
      return pending === 0;
    });
    await walk.until('all of it is processed', async () => {
      const open = await walk.query('select 1 from observed where processed_at is null');
      return open.length === 0;
    });
    expect(await openFindings('nadia')).toHaveLength(1);
    await walk.cardNow(found);
    const told = await walk.query<{ n: number }>(
      `select count(*)::int as n from observed where key like 'okta:%' and payload->'person'->>'id' = $1
         and payload->>'kind' = 'membership'`,
      [idOf('nadia')],
    );
    expect(told).toEqual([{ n: 3 }]);
    await reverted(found);
  });

  test('by the owner, is put to the admins, and the owner can’t decide on it', async () => {
    await push({ drop: 'all' });
    await byHand('POST', 'erik', 'olga');
    const found = await finding('erik');
    const { plan } = await walk.change(found.id);
    expect(plan?.stages[0]?.escalated).toBe(true);
    // The catalogue takes the manager and the owner to give it, and so to keep it.
    expect(plan?.stages.flatMap(slotsOf).map((s) => s.people.map((p) => p.name).sort())).toEqual([
      ['Tom Okafor'],
      ['Sam Whitaker', 'Sofia Ricci'],
    ]);
    await walk.cardSays(found, /\*Added by\*\nOlga Brandt in Okta, /);

    const before = (await walk.whispers('olga')).length;
    await walk.click('olga', await walk.cardNow(found), 'approve');
    await walk.until('olga is told', async () =>
      (await walk.whispers('olga'))
        .slice(before)
        .some((text) => text.includes('not among those who may decide')),
    );
    expect((await walk.change(found.id)).state).toBe('asking');
    await reverted(found, 'sofia');
  });

  test('by the owner, which is learnt only once she was asked: the admins are asked instead', async () => {
    // given a SCIM push, which says nothing of who did it, into a group that one person decides on
    await logIsRefused();
    await hooks({ paused: true });
    await byHand('POST', 'tom', 'olga', 'anypoint-orders-read');
    const found = await finding('tom');
    expect((await walk.change(found.id)).plan?.stages[0]?.escalated).toBe(false);

    // when the hook says who it was
    await hooks({ paused: false });

    // then
    await walk.until(
      'the admins are asked',
      async () => (await walk.change(found.id)).plan?.stages[0]?.escalated,
    );
    await walk.cardSays(found, /Olga Brandt in Okta/);
    expect((await walk.change(found.id)).round).toBe(2);
    await reverted(found, 'sam');
  });
});

test('suspended in Okta, which pushes nothing, is out of the Anypoint team; unsuspended is back', async () => {
  const asked = await walk.isGiven('ines', {
    entitlement: 'orders-api-read',
    seconds: 3_600,
    reason: 'Until suspended',
  });
  const status = (to: 'ACTIVE' | 'SUSPENDED') => walk.directory.sets('ines', to);

  await status('SUSPENDED');
  await walk.until('out of the team', async () => !(await walk.isInTeam('ines', 'Orders API readers')));
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(true);
  expect((await walk.change(asked.id)).ended).toBeNull();

  await status('ACTIVE');
  await walk.until('back in the team', () => walk.isInTeam('ines', 'Orders API readers'));
});

test('another department comes by SCIM push too, and is the person’s', async () => {
  await hooks({ lose: true });
  await logIsRefused();
  await walk.directory.changes('ines', { department: 'Payments' });
  const departmentOf = async () =>
    (
      await walk.query<{ department: string }>(
        `select department from people where email = 'ines@acme.example'`,
      )
    )[0]?.department;
  await walk.until('the person is looked at anew', async () => (await departmentOf()) === 'Payments');
  await walk.directory.changes('ines', { department: 'Orders' });
  await walk.until('and back', async () => (await departmentOf()) === 'Orders');
});

describe('what comes to the hook’s address', () => {
  const url = () => `${stage.latchkey.url}/okta/events`;
  const event = (more: object = {}) => ({
    uuid: crypto.randomUUID(),
    published: new Date().toISOString(),
    eventType: 'user.account.update_profile',
    outcome: { result: 'SUCCESS' },
    target: [{ id: idOf('sam'), type: 'User' }],
    ...more,
  });
  const deliver = (body: unknown, secret: string = credentials.oktaHookSecret) =>
    fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: secret },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const stored = async () =>
    (
      await walk.query<{ n: number }>(
        `select count(*)::int as n from observed where event_source = 'oktaHook'`,
      )
    )[0]?.n;

  test('the one-time verification is answered, and nothing else that is read', async () => {
    const answer = await fetch(url(), { headers: { 'x-okta-verification-challenge': 'c-1' } });
    expect([answer.status, await answer.json()]).toEqual([200, { verification: 'c-1' }]);
    expect((await fetch(url())).status).toBe(400);
  });

  test('a delivery is stored before it is answered, with all its events, and once', async () => {
    const before = (await stored()) ?? 0;
    const delivery = { eventId: 'e-1', data: { events: [event(), event()] } };
    expect((await deliver(delivery)).status).toBe(204);
    expect(await stored()).toBe(before + 2);
    expect((await deliver(delivery)).status).toBe(204);
    expect(await stored()).toBe(before + 2);
  });

  test.each([
    ['a wrong secret', 'wrong'],
    ['none', ''],
    ['the secret as a bearer token', `Bearer ${credentials.oktaHookSecret}`],
  ])('%s: 401, and nothing is stored', async (_name, secret) => {
    const before = await stored();
    expect((await deliver({ data: { events: [event()] } }, secret)).status).toBe(401);
    expect(await stored()).toBe(before);
  });

  test.each([
    ['text that is no JSON', '{"data":', 400],
    ['no body', '', 400],
    ['no events', { data: {} }, 400],
    ['a list', [], 400],
    ['more than fits', { data: { events: ['x'.repeat(3 * 1024 * 1024)] } }, 413],
  ])('%s is refused', async (_name, body, status) => {
    const before = await stored();
    expect((await deliver(body)).status).toBe(status);
    expect(await stored()).toBe(before);
  });

  test('an event that is not understood costs the others nothing', async () => {
    const before = (await stored()) ?? 0;
    const events = [event({ eventType: 'policy.rule.update' }), 'x', event()];
    expect((await deliver({ data: { events } })).status).toBe(204);
    expect(await stored()).toBe(before + 1);
  });
});
