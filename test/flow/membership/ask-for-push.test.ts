import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { idpsOf } from '../../../src/flow/idps/idps.ts';
import type { Context } from '../../../src/flow/kernel/context.ts';
import { askForPush, pushToAskFor, pushTrouble } from '../../../src/flow/membership/ask-for-push.ts';
import type { IdentityProvider } from '../../../src/ports/identity-provider.ts';
import { enterpriseApp } from '../../../src/sandbox/entra/synchronization-api.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { type StartedEntra, startEntra } from '../../idp/entra/start-entra.ts';
import { type StartedScim, startScim } from '../../scim/start-scim.ts';
import { idpPerson } from '../../store/given.ts';

const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';
const provisioning = { servicePrincipalId: enterpriseApp.servicePrincipalId };

let scim: StartedScim;
let entra: StartedEntra;
let idp: IdentityProvider;
let clean: unknown;

beforeAll(async () => {
  scim = await startScim(null, 'entra');
  const url = scim.url.replace('/scim/v2', '');
  entra = await startEntra({ latchkey: { url, scimToken: 'another', entraScimToken: scim.token } });
  clean = entra.emulator.snapshot();
});
beforeEach(async () => {
  entra.emulator.restore(clean);
  idp = entra.idp({ provisioning });
  await sql`delete from changes`.execute(scim.database.db);
});
afterAll(async () => {
  await entra.close();
  await scim.close();
});

const run = (groupId = ORDERS_READ) =>
  askForPush(
    {
      db: scim.database.db,
      idps: idpsOf(idp),
      catalogue: { targets: () => [] },
      log: pino({ level: 'silent' }),
    } as unknown as Context,
    { job: 'askForPush', groupId, idp: 'entra' },
  );

/** A membership that was written so long ago and that no push has told of. */
async function written(login: string, secondsAgo = 1, groupId = ORDERS_READ): Promise<string> {
  const user = await entra.createUser({ userPrincipalName: `${login}@acme.example` });
  const { id } = await rememberPerson(scim.database.db, 'entra', idpPerson(login, { id: user.id }));
  await entra.idp().addMember(groupId, user.id);
  const doc = { legs: { idpWrittenAt: new Date(Date.now() - secondsAgo * 1_000), scimPushedAt: null } };
  await sql`insert into changes (id, state, version, kind, entitlement_key, person_id, group_id, requested_at, doc)
    values (${randomUUID()}, 'verifying', 1, 'grant', ${login}, ${id}, ${groupId}, now(), ${JSON.stringify(doc)})`.execute(
    scim.database.db,
  );
  return user.id;
}
const pushed = async () =>
  (await scim.call('GET', '/Users?count=100')).body.Resources.map(
    ({ userName }: { userName: string }) => userName.split('@')[0],
  ).sort();
const calls = async () => (await entra.asked()).filter((one) => one.endsWith('/provisionOnDemand')).length;

test('whoever waits for a push in this group is pushed at once, five in a call, until nobody waits', async () => {
  for (let i = 1; i <= 7; i += 1) await written(`w${i}`);
  await written('long-ago', 700);
  await written('elsewhere', 1, 'f0000000-0000-4000-8000-000000000003');
  expect(await run()).toEqual({ againInMs: 2_000 });
  expect(await calls()).toBe(1);
  expect(await pushed()).toHaveLength(5);

  // when the pushes have come back
  await sql`update changes set doc = jsonb_set(doc, '{legs,scimPushedAt}', '"2026-11-29T10:00:00Z"')
    where entitlement_key in (select split_part(login, '@', 1) from people join scim_users u on u.user_name = login || '@acme.example')`.execute(
    scim.database.db,
  );
  await run();
  await sql`update changes set doc = jsonb_set(doc, '{legs,scimPushedAt}', '"2026-11-29T10:00:00Z"')
    where entitlement_key like 'w%'`.execute(scim.database.db);
  expect(await run()).toEqual({ done: true });
  expect(await pushed()).toEqual(['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7']);
});

test('a limit waits for its time and holds up nothing else', async () => {
  await written('ines-x');
  for (let i = 0; i < 5; i += 1) await run();
  const ran = await run();
  expect(ran).toMatchObject({ againInMs: expect.any(Number) });
  expect((ran as { againInMs: number }).againInMs).toBeGreaterThan(2_000);
  expect(await calls()).toBe(5);
});

test('what Entra refuses or can’t do is left to its own time', async () => {
  const { id } = await entra.createGroup({ displayName: 'apart' });
  await written('apart-x', 1, id);
  expect(await run(id)).toEqual({ againInMs: 2_000 });
  await entra.portal('/permissions', [
    'GroupMember.ReadWrite.All',
    'User.Read.All',
    'Synchronization.Read.All',
  ]);
  expect(await run(id)).toEqual({ done: true });
});

test('nothing is asked where the IdP pushes by itself, and nothing after anything but a write', async () => {
  const job = { groupId: ORDERS_READ, idp: 'entra' };
  const wrote = [{ type: 'idpWritten' }] as unknown as ChangeEvent[];
  expect(pushToAskFor({ idp }, job, wrote)).toEqual([{ job: 'askForPush', ...job }]);
  expect(pushToAskFor({ idp }, job, [])).toEqual([]);
  idp = entra.idp();
  expect(pushToAskFor({ idp }, job, wrote)).toEqual([]);
  await written('by-itself');
  expect(await run()).toEqual({ done: true });
  expect(await calls()).toBe(0);
});

test('the alarm is told why nothing is pushed, where that is known', async () => {
  expect(await pushTrouble({ idp })).toBeNull();
  await entra.portal('/sync', { isPaused: true });
  expect(await pushTrouble({ idp })).toMatch(/switched off: Start provisioning/);
  await entra.portal('/settings', { refuse: { status: 503 } });
  expect(await pushTrouble({ idp })).toBeNull();
});
