import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentials } from '../../src/sandbox/seed.ts';
import { type RunningWorld, startWorld } from '../../src/sandbox/world.ts';
import { freePort } from '../../src/store/postgres/free-port.ts';
import { seedAndCrowd } from '../bench/crowd.ts';
import { unopenedDatabase } from '../database.ts';
import { type Asked, type Journey, walkOn } from '../journeys/journey.ts';
import { type LatchkeyProcess, latchkeyProcess } from './latchkey-process.ts';

const MANY = 12;
const PATIENCE_MS = 60_000;
const people = seedAndCrowd().slice(0, -200 + 2 * MANY);
const crowd = people.filter(({ key }) => key.startsWith('crowd')).map(({ key }) => key);
const keys = crowd.slice(0, MANY);
const others = crowd.slice(MANY);

let world: RunningWorld;
let fresh: Awaited<ReturnType<typeof unopenedDatabase>>;
let web: LatchkeyProcess;
let worker: LatchkeyProcess;
let second: LatchkeyProcess;
let walk: Journey;
beforeAll(async () => {
  world = await startWorld({ port: 0, stateFile: null, latchkey: null, people });
  fresh = await unopenedDatabase();
  const processOf = async (only: 'web' | 'worker') =>
    latchkeyProcess({
      worldUrl: world.url,
      databaseUrl: fresh.url,
      port: await freePort(),
      args: [`--only=${only}`],
    });
  web = await processOf('web');
  worker = await processOf('worker');
  second = await processOf('worker');
  await web.start();
  walk = await walkOn(world.url, fresh.url);
  await walk.request('PUT', '/control/latchkey', { url: web.url, scimToken: credentials.scimToken });
});
afterAll(async () => {
  await Promise.all([worker?.close(), second?.close()]);
  await web?.close();
  await world?.close();
  await fresh?.drop().catch(() => {});
});

const entitlement = 'orders-api-read';

async function eachIsCarriedOutOnce(asked: readonly Asked[]): Promise<void> {
  for (const { id } of asked) await walk.becomes(id, 'inEffect', PATIENCE_MS);
  await walk.owesNothing(PATIENCE_MS);
  for (const { id } of asked) {
    const types = await walk.auditTypes(id);
    for (const once of ['changeReceived', 'changeApproved', 'idpWritten', 'changeSeen'])
      expect(types.filter((type) => type === once)).toEqual([once]);
  }
}

test('a web process answers and runs nothing; a worker process carries out what it took in, and answers nobody', async () => {
  // given a request that only the web process has seen
  await walk.ask('ines', { entitlement, reason: 'Through the web' });
  await walk.until('it is stored', async () => (await walk.changeBecause('Through the web')) !== null);
  const { id } = (await walk.changeBecause('Through the web')) ?? { id: '' };
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await walk.auditTypes(id)).toEqual(['changeReceived']);

  // when
  await worker.start();

  // then
  await walk.until('its card is out', async () => {
    const cards = await walk.messages('sofia', 'access-requests');
    return cards.some(({ metadata }) => metadata?.event_payload?.marker === `${id}:card`);
  });
  const card = await walk.card('tom', ({ metadata }) => metadata?.event_payload?.marker === `${id}:card`);
  await walk.click('tom', card, 'approve');
  await walk.becomes(id, 'inEffect', PATIENCE_MS);
  expect((await fetch(`${worker.url}/slack/events`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(`${worker.url}/scim/v2/Users`)).status).toBe(404);
  expect((await fetch(`${worker.url}/readyz`)).status).toBe(200);
}, 120_000);

test('a worker that is killed with its hands full loses nothing: another goes on', async () => {
  // given
  const asked: Asked[] = [];
  for (const key of keys) asked.push(await walk.asks(key, { entitlement, reason: `Of ${key}` }));
  await walk.fault({ vendor: 'okta', method: 'PUT', path: '/groups/', kind: 'latency', ms: 1_000 });
  for (const one of asked) await walk.click('tom', await walk.cardNow(one), 'approve');
  await walk.until('some are being written', async () => {
    const rows = await walk.query(`select 1 from outbox where leased and done_at is null`);
    return rows.length >= 3;
  });

  // when
  await worker.kill();
  await walk.heal();
  await walk.query('update outbox set next_at = clock_timestamp() where done_at is null and leased');
  await worker.start();

  // then
  await eachIsCarriedOutOnce(asked);
}, 180_000);

test('of two workers one is killed with its hands full, and the other takes over what it had; each change is carried out once', async () => {
  // given both have work under way
  await second.start();
  const asked: Asked[] = [];
  for (const key of others) asked.push(await walk.asks(key, { entitlement, reason: `Of both, ${key}` }));
  await walk.fault({ vendor: 'anypoint', method: 'PUT', path: '/members/', kind: 'latency', ms: 600 });
  await walk.fault({ vendor: 'okta', method: 'PUT', path: '/groups/', kind: 'latency', ms: 600 });
  for (const one of asked) await walk.click('tom', await walk.cardNow(one), 'approve');
  await walk.until('some are carried out, and others are not', async (saw) => {
    const states = await walk.query<{ state: string }>('select state from changes where id = any($1)', [
      asked.map(({ id }) => id),
    ]);
    const seen = saw(states.filter(({ state }) => state === 'inEffect').length);
    return seen > 0 && seen < MANY;
  });

  // when, and its leases have run out
  await worker.kill();
  await walk.query('update outbox set next_at = clock_timestamp() where done_at is null and leased');
  await walk.heal();

  // then
  await eachIsCarriedOutOnce(asked);
}, 180_000);
