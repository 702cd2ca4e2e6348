import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Observation, PersonHint } from '../../../src/core/drift/observation.ts';
import { processObservations } from '../../../src/flow/drift/process-observations.ts';
import { recordObservations } from '../../../src/flow/drift/record-observations.ts';
import { idpsOf } from '../../../src/flow/idps/idps.ts';
import type { Context } from '../../../src/flow/kernel/context.ts';
import { createOkta } from '../../../src/idp/okta/okta.ts';
import { createOktaEmulator } from '../../../src/sandbox/okta/emulator.ts';
import { credentials } from '../../../src/sandbox/seed.ts';
import { readPerson } from '../../../src/store/people.ts';
import { type Locks, openLocks } from '../../../src/store/postgres/locks.ts';
import { freshDatabase } from '../../database.ts';
import { type StartedEmulator, startEmulator } from '../../sandbox/start-emulator.ts';

let started: StartedEmulator;
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let locks: Locks;
let context: Context;
beforeAll(async () => {
  started = await startEmulator(createOktaEmulator);
  fresh = await freshDatabase();
  locks = openLocks(fresh.url);
  context = {
    db: fresh.database.db,
    locks,
    nudge: () => {},
    log: pino({ level: 'silent' }),
    idps: idpsOf(createOkta({ orgUrl: `${started.url}/okta`, auth: { token: credentials.oktaApiToken } })),
  } as unknown as Context;
});
afterAll(async () => {
  await started.close();
  await locks.close();
  await fresh.database.close();
  await fresh.close();
});
beforeEach(() => {
  started.world.faults.clear();
  started.world.faults.forgetSeen();
});

const told = (key: string, person: PersonHint): Observation => ({
  key,
  eventSource: 'set',
  payload: { kind: 'person', person, happening: 'changed' },
  actor: null,
  occurredAt: new Date(),
});
const row = async (key: string) => {
  const [found] = await fresh.database.db
    .selectFrom('observed')
    .select(['outcome', 'person_id', 'processed_at', 'next_at', 'received_at'])
    .where('key', '=', key)
    .execute();
  if (found === undefined) throw new Error(`nothing was observed as ${key}`);
  return found;
};
const asked = () => started.world.faults.seen({ vendor: 'okta', path: '/users' }).length;

test('an IdP that is away is asked once for a batch, and nothing that was told is lost', async () => {
  started.world.faults.add({ vendor: 'okta', path: '/users', kind: 'status', status: 503 });
  const names = ['tom', 'ines', 'erik'];
  await recordObservations(
    context,
    names.map((name) => told(`away:${name}`, { id: `${name}@acme.example` })),
  );
  expect(await processObservations(context)).not.toEqual({ done: true });
  expect(asked()).toBe(1);
  for (const name of names) {
    const { processed_at, next_at, received_at } = await row(`away:${name}`);
    expect(processed_at).toBeNull();
    expect(next_at.getTime()).toBeGreaterThan(received_at.getTime());
  }

  // when it answers again
  started.world.faults.clear();
  await fresh.database.db
    .updateTable('observed')
    .set({ next_at: new Date(0) })
    .execute();
  expect(await processObservations(context)).toEqual({ done: true });
  for (const name of names) expect((await row(`away:${name}`)).outcome).toBe('evaluated');
});

test('who is long to be told apart holds up for seconds what others told, and no longer', async () => {
  // given one is not told apart within the time of a request, and another is told of by an identity provider that answers
  started.world.faults.add({ vendor: 'okta', path: '/users/long', kind: 'latency', ms: 7_000 });
  const quick = told('quick', { id: 'sam@acme.example' });
  await recordObservations(context, [
    told('long', { id: 'long@acme.example' }),
    told('behind it', { id: 'erik@acme.example' }),
    { ...quick, payload: { ...quick.payload, idp: 'okta' } },
  ]);

  // when
  const since = performance.now();
  expect(await processObservations(context)).not.toEqual({ done: true });

  // then
  expect(performance.now() - since).toBeLessThan(5_500);
  expect((await row('quick')).outcome).toBe('evaluated');
  for (const key of ['long', 'behind it']) expect((await row(key)).processed_at).toBeNull();

  // when it answers
  started.world.faults.clear();
  await fresh.database.db
    .updateTable('observed')
    .set({ next_at: new Date(0) })
    .execute();
  await processObservations(context);
  expect((await row('behind it')).outcome).toBe('evaluated');
});

test('one that the IdP refuses to answer about holds up no other, and is asked about ever more seldom', async () => {
  started.world.faults.add({ vendor: 'okta', path: '/users/odd', kind: 'status', status: 400 });
  await recordObservations(context, [
    told('odd', { id: 'odd@acme.example' }),
    told('after the odd one', { id: 'olga@acme.example' }),
  ]);
  await processObservations(context);
  expect((await row('after the odd one')).outcome).toBe('evaluated');
  const aged = new Date(Date.now() - 3_600_000);
  await fresh.database.db
    .updateTable('observed')
    .set({ next_at: new Date(0), received_at: aged })
    .where('key', '=', 'odd')
    .execute();
  await processObservations(context);
  const { processed_at, next_at } = await row('odd');
  expect(processed_at).toBeNull();
  expect(next_at.getTime()).toBeGreaterThan(Date.now() + 300_000);
});

test('a push under an id that is not the IdP’s is about whom the IdP knows by that login', async () => {
  await recordObservations(context, [told('by login', { id: 'sam@acme.example' })]);
  await processObservations(context);
  const sam = (await row('by login')).person_id;
  const pushed = { login: 'sam@acme.example', email: 'sam@acme.example', name: 'Sam', isActive: true };
  await recordObservations(context, [told('by another id', { id: 'employee-4711', pushed })]);
  await processObservations(context);
  expect((await row('by another id')).person_id).toBe(sam);
  expect((await readPerson(context.db, sam ?? ''))?.login).toBe('sam@acme.example');

  // somebody whom nobody has met is remembered as the push has them, without a question
  started.world.faults.forgetSeen();
  const stranger = { login: 'new@acme.example', email: 'new@acme.example', name: 'New', isActive: true };
  await recordObservations(context, [told('never met', { id: 'employee-4712', pushed: stranger })]);
  await processObservations(context);
  expect((await row('never met')).outcome).toBe('evaluated');
  expect(asked()).toBe(0);
});
