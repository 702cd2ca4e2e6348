import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { unopenedDatabase } from '../database.ts';
import { type Asked, type Journey, walkOn, wordsOf } from '../journeys/journey.ts';
import { type LatchkeyProcess, latchkeyProcess } from './latchkey-process.ts';

let world: RunningWorld;
let fresh: Awaited<ReturnType<typeof unopenedDatabase>>;
let latchkey: LatchkeyProcess;
let walk: Journey;
beforeAll(async () => {
  world = await startWorld({ port: 0, stateFile: null, latchkey: null });
  fresh = await unopenedDatabase();
  latchkey = latchkeyProcess({ worldUrl: world.url, databaseUrl: fresh.url, port: await freePort() });
  await latchkey.start();
  walk = await walkOn(world.url, fresh.url);
  await walk.request('PUT', '/control/latchkey', { url: latchkey.url, scimToken: credentials.scimToken });
});
beforeEach(() => walk.heal());
afterAll(async () => {
  await latchkey?.close();
  await world?.close();
  await fresh?.drop().catch(() => {});
});

const read = 'orders-api-read';
/** A killed worker's lease on its work runs out after 15 s; then another takes it. */
const TAKEN_OVER_MS = 40_000;

async function isDoneOnce(who: string, asked: Asked): Promise<void> {
  await walk.becomes(asked.id, 'inEffect', TAKEN_OVER_MS);
  await walk.cardSays(asked, 'In effect in MuleSoft', TAKEN_OVER_MS);
  await walk.until(
    'the requester reads it',
    async () => wordsOf(await walk.statusOf(who, asked.id)).includes('In effect in MuleSoft'),
    TAKEN_OVER_MS,
  );
  expect(await walk.isInGroup(who, 'anypoint-orders-read')).toBe(true);
  expect(await walk.isInTeam(who, 'Orders API readers')).toBe(true);
  const types = await walk.auditTypes(asked.id);
  for (const once of ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'changeSeen'])
    expect(types.filter((type) => type === once)).toEqual([once]);
  expect(await walk.query('select 1 from grants where change_id = $1', [asked.id])).toHaveLength(1);
  await walk.owesNothing(TAKEN_OVER_MS);
  const markers = [...(await walk.messages('sofia', 'access-requests')), ...(await walk.messages(who, 'dm'))]
    .map((m) => m.metadata?.event_payload?.marker)
    .filter((marker) => marker?.startsWith(asked.id));
  expect(markers).toHaveLength(new Set(markers).size);
}

/** Killed, and the leases on what it was at have run out when this resolves: as if 15 s had passed. */
async function killAndWaitOut(): Promise<void> {
  await latchkey.kill();
  await walk.query('update outbox set next_at = clock_timestamp() where done_at is null and leased');
}

const writesOf = () => walk.requests({ vendor: 'okta', method: 'PUT', path: '/groups/.*/users/' });

test('killed after the click and before it was looked at, Latchkey decides it when it is back', async () => {
  // given Okta is slow to say who clicked
  const asked = await walk.asks('ines', { entitlement: read, reason: 'Killed before the decision' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'GET', kind: 'latency', ms: 5_000 });
  const click = await walk.click('tom', asked.card, 'approve');
  expect(click.acked).toBe(true);

  // when
  await latchkey.kill();
  expect((await walk.change(asked.id)).state).toBe('asking');
  await walk.heal();
  await latchkey.start();

  // then
  await isDoneOnce('ines', asked);
  expect(await writesOf()).toHaveLength(1);
}, 180_000);

test('killed while the write to Okta is under way, Latchkey reads it back and completes once', async () => {
  // given Okta takes two seconds for the write
  const asked = await walk.asks('erik', { entitlement: read, reason: 'Killed in the write' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'latency', ms: 2_000 });
  await walk.click('olga', asked.card, 'approve');
  await walk.until('the write is under way', async () => (await writesOf()).length === 1);

  // when
  await killAndWaitOut();
  expect((await walk.change(asked.id)).state).toBe('applying');
  await walk.until('Okta has the write', () => walk.isInGroup('erik', 'anypoint-orders-read'));
  await walk.heal();
  await latchkey.start();

  // then
  await isDoneOnce('erik', asked);
  expect(await writesOf()).toHaveLength(1);
}, 180_000);

test('killed before the write to Okta had an effect, Latchkey writes it when it is back', async () => {
  // given Okta never answers the write and never does it
  const asked = await walk.asks('sam', { entitlement: read, reason: 'Killed before the write' });
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ vendor: 'okta', method: 'PUT', kind: 'timeout' });
  await walk.click('olga', asked.card, 'approve');
  await walk.until('the write is under way', async () => (await writesOf()).length === 1);

  // when
  await killAndWaitOut();
  expect(await walk.isInGroup('sam', 'anypoint-orders-read')).toBe(false);
  await walk.heal();
  await latchkey.start();

  // then
  await isDoneOnce('sam', asked);
  expect(await writesOf()).toHaveLength(2);
}, 180_000);

test('killed while the card is being posted, Latchkey finds the card again', async () => {
  // given Slack has the card and does not say so
  const reason = 'Killed in the post';
  await walk.fault({ vendor: 'slack', path: 'chat.postMessage', kind: 'timeoutAfterWrite' });
  const sent = await walk.ask('tom', { entitlement: read, reason });
  expect(sent.sent).toBe(true);
  const card = await walk.card('sofia', (m) => wordsOf(m).includes(reason));
  const { id } = await walk.until('it is stored', () => walk.changeBecause(reason));

  // when
  await killAndWaitOut();
  await walk.heal();
  await latchkey.start();

  // then
  await walk.until(
    'the requester has a message',
    async () =>
      (await walk.messages('tom', 'dm')).some(
        (m) => m.metadata?.event_payload?.marker === `${id}:beneficiary`,
      ),
    TAKEN_OVER_MS,
  );
  await walk.click('olga', card, 'approve');
  await isDoneOnce('tom', { id, card });
}, 180_000);
