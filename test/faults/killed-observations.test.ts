import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createEntraEmulator, entraSettings } from '../../src/sandbox/entra/emulator.ts';
import type { Delivery } from '../../src/sandbox/entra/notifier.ts';
import { credentials, people } from '../../src/sandbox/seed.ts';
import { startTransmitter, type Transmitter } from '../inbound/transmitter.ts';
import type { Journey } from '../journeys/journey.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';
import { type Killable, setKillable } from './killable.ts';

/** An observation that was answered 2xx is processed, whatever happens to the process that answered. */
const AUDIENCE = 'https://latchkey.example/set';
const DISABLED = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled';
const GROUP = 'anypoint-orders-read';
const PATIENCE_MS = 60_000;

let entra: StartedEmulator;
let transmitter: Transmitter;
let killable: Killable;
let walk: Journey;
beforeAll(async () => {
  entra = await startEmulator(createEntraEmulator);
  transmitter = await startTransmitter('https://idp.example', AUDIENCE);
  const graph = entraSettings(entra.url);
  killable = await setKillable({
    env: {
      GRAPH_TENANT_ID: graph.tenantId,
      GRAPH_CLIENT_ID: graph.clientId,
      GRAPH_CLIENT_SECRET: graph.auth.secret,
      GRAPH_URL: graph.url,
      GRAPH_LOGIN_URL: graph.loginUrl,
      SET_ISSUERS: `${transmitter.issuer}=${transmitter.jwksUrl}`,
      SET_AUDIENCE: AUDIENCE,
    },
  });
  walk = killable.walk;
  await walk.until(
    'Latchkey has subscribed',
    async () => (await walk.query('select 1 from graph_subscriptions')).length > 3,
  );
  await walk.isQuiet();
});
afterAll(async () => {
  await killable?.close();
  await Promise.all([entra?.close(), transmitter?.close()]);
});
beforeEach(() => killable.silence());
afterEach(() => killable.unsilence());

const idOf = (key: string) => people.find((person) => person.key === key)?.oktaId ?? '';

const findingsAbout = (key: string) =>
  walk.query<{ id: string; state: string }>(
    `select c.id, c.state from changes c join people p on p.id = c.person_id
     where p.email = $1 and c.doc->>'cause' = 'finding'`,
    [`${key}@acme.example`],
  );

/**
 * Tells by one event source what is so in Okta; Latchkey is killed once that is answered, and is dead when this
 * resolves.
 */
async function toldAndKilled(tell: () => Promise<number>, answer: number, key: string): Promise<void> {
  // Okta is slow, so that nothing can have come of it yet.
  await walk.fault({ vendor: 'okta', path: '^/api/v1/(users|groups)', kind: 'latency', ms: 2_000 });
  expect(await tell()).toBe(answer);
  await killable.kill();
  expect(await findingsAbout(key)).toEqual([]);
  await killable.unsilence();
  await killable.silence();
}

async function isAskedOnce(key: string): Promise<void> {
  const { id } = await walk.until(
    `a finding about ${key} is asked about`,
    async () => (await findingsAbout(key)).find(({ state }) => state === 'asking'),
    PATIENCE_MS,
  );
  await walk.until('the owner has the card', async () =>
    (await walk.messages('olga', 'access-requests')).some(
      (m) => m.metadata?.event_payload?.marker === `${id}:card`,
    ),
  );
  await killable.isWhole();
  expect(await findingsAbout(key)).toHaveLength(1);
}

const byHand = (key: string) => walk.request('POST', `/okta/sim/groups/${GROUP}/members/${key}`);

test('a SCIM PATCH', async () => {
  await byHand('erik');
  const group = await killable.scim<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?filter=${encodeURIComponent(`displayName eq "${GROUP}"`)}`,
  );
  const [known] = await walk.query<{ id: string }>(
    `select id from scim_users where user_name = 'erik@acme.example'`,
  );
  const user =
    known ??
    (await killable.scim<{ id: string }>('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'erik@acme.example',
      externalId: idOf('erik'),
      active: true,
    }));
  const patch = async () => {
    await killable.scim('PATCH', `/Groups/${group.Resources[0]?.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'members', value: [{ value: user.id }] }],
    });
    return 204;
  };

  await toldAndKilled(patch, 204, 'erik');
  await killable.latchkey.start();

  await isAskedOnce('erik');
  // The bridge has it too: Anypoint is as SCIM says until the owner has decided.
  await walk.until('in the team', () => walk.isInTeam('erik', 'Orders API readers'));
}, 90_000);

test('a delivery of Okta’s event hook', async () => {
  await byHand('tom');
  await walk.heal();
  const events = (await killable.logged('group.user_membership.add')).filter(({ target }) =>
    target.some(({ id }) => id === idOf('tom')),
  );
  expect(events).toHaveLength(1);
  await killable.silence();
  const deliver = async () =>
    (
      await fetch(`${killable.latchkey.url}/okta/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: credentials.oktaHookSecret },
        body: JSON.stringify({ eventId: 'e-1', data: { events } }),
      })
    ).status;

  await toldAndKilled(deliver, 204, 'tom');
  await killable.latchkey.start();
  // Okta does not know that it was taken, and sends it again.
  expect(await deliver()).toBe(204);

  await isAskedOnce('tom');
}, 90_000);

test('a notification of Microsoft Graph', async () => {
  await byHand('sam');
  const deliveries = async () =>
    (await (await fetch(`${entra.url}/entra/sim/deliveries`)).json()) as Delivery[];
  const notify = async () => {
    const before = (await deliveries()).length;
    await fetch(`${entra.url}/entra/sim/members`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ group: GROUP, key: 'sam', isMember: true }),
    });
    return await walk.until(
      'Graph has its answer',
      async () => (await deliveries()).slice(before).find(({ status }) => status !== null)?.status,
    );
  };

  await toldAndKilled(notify, 202, 'sam');
  await killable.latchkey.start();

  await isAskedOnce('sam');
}, 90_000);

test('a Security Event Token', async () => {
  // given somebody who holds a grant and has left, of which only a transmitter tells
  await killable.unsilence();
  const given = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'To be told by a SET' });
  await walk.isQuiet();
  await killable.silence();
  await walk.request('POST', '/okta/sim/users/ines/status', { status: 'DEPROVISIONED' });
  const token = await transmitter.sign(
    { [DISABLED]: {} },
    { claims: { sub_id: { format: 'email', email: 'ines@acme.example' } } },
  );
  const push = async () =>
    (
      await fetch(`${killable.latchkey.url}/set`, {
        method: 'POST',
        headers: { 'content-type': 'application/secevent+jwt' },
        body: token,
      })
    ).status;

  await toldAndKilled(push, 202, 'ines');
  expect((await walk.change(given.id)).ended).toBeNull();
  // What Latchkey itself does in Okta is pushed.
  await walk.request('POST', '/okta/sim/push', { drop: 'none' });
  await killable.latchkey.start();

  expect((await walk.becomes(given.id, 'ended', PATIENCE_MS)).ended?.cause).toBe('leaver');
  await walk.until('out of the team', async () => !(await walk.isInTeam('ines', 'Orders API readers')));
  await killable.isWhole();
  expect(await walk.query('select 1 from offboardings')).toHaveLength(1);
}, 90_000);
