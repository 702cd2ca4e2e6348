import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { watchProvisioning } from '../../src/flow/provisioning/watch.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut } from './journey.ts';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'entra', listenEveryMs: 250 }));
});
afterEach(async () => {
  await walk.heal();
  await quarantine(null);
  await walk.until('nothing is told any more', async () => (await open()) === 0);
  await walk.owesNothing();
});
afterAll(() => stage?.close());

const SAID = 'We received this unexpected response from your application: 401 Unauthorized';
const quarantine = (why: object | null) => walk.request('POST', '/entra/sim/sync/quarantine', why);
/** What the alarm's messages to an admin say now, oldest first. */
const told = async (admin = 'sam') =>
  (await walk.messages(admin, 'dm'))
    .filter(({ metadata }) => metadata?.event_payload?.marker?.includes(':provisioning:'))
    .map(({ text }) => text);
const open = async () =>
  (
    await walk.query<{ n: number }>(
      'select count(*)::int as n from provisioning_troubles where back_at is null',
    )
  )[0]?.n;
async function read(path: string): Promise<string> {
  const { url } = stage.latchkey;
  const answer = await fetch(`${url}${path}`, { headers: { authorization: 'Bearer read-token-for-tests' } });
  return await answer.text();
}

test('Entra’s provisioning job goes into quarantine: the admins are told why and what to do before any change is late, and told when it is over', async () => {
  // given nobody has asked for anything
  expect(await walk.query('select 1 from changes')).toEqual([]);
  expect(JSON.parse(await read('/readyz'))).toMatchObject({ can: { 'group changes from Entra': true } });

  // when
  await quarantine({ code: 'InvalidCredentials', message: SAID });

  // then
  for (const admin of ['sam', 'sofia'])
    await walk.until(`${admin} reads it`, async () =>
      (await told(admin)).some((text) =>
        /Entra has carried no group changes to Latchkey since .*in quarantine.*401 Unauthorized.*What to do:.*SCIM token.*Test Connection/s.test(
          text,
        ),
      ),
    );
  expect(await read('/metrics')).toContain('latchkey_alarms_open{of="provisioning"} 1');
  const { ready, can, cannot } = JSON.parse(await read('/readyz'));
  expect({ ready, can: can['group changes from Entra'], cannot }).toEqual({
    ready: false,
    can: false,
    cannot: [
      expect.stringMatching(/^group changes from Entra: Entra: its provisioning job is in quarantine.*401/),
    ],
  });
  expect(await walk.query('select 1 from changes')).toEqual([]);

  // when
  await quarantine(null);

  // then
  await walk.until('it is said to be over', async () =>
    (await told()).every((text) => /carries group changes to Latchkey again since/.test(text)),
  );
  expect(await told()).toHaveLength(1);
  expect(await read('/metrics')).toContain('latchkey_alarms_open{of="provisioning"} 0');
  const entries = await walk.query<{ type: string }>(
    `select type from audit where type like 'provisioning%' order by id`,
  );
  expect(entries.map(({ type }) => type)).toEqual(['provisioningStopped', 'provisioningResumed']);
});

test('however many look at once, it is told once; another reason edits the message, and not to know changes nothing', async () => {
  const count = (await told()).length;
  const { context } = stage.latchkey;
  // when
  await quarantine({ message: 'The host did not answer.' });
  await Promise.all(Array.from({ length: 5 }, () => watchProvisioning(context)));
  await walk.until('it is told', async () => (await told()).length === count + 1);

  // and when
  await quarantine({ reason: 'TooManyDeletes', message: 'The limit of 500 deletions is exceeded.' });
  await walk.until('the message says so', async () =>
    (await told()).some((text) => /limit of 500 deletions.*Allow deletes/s.test(text)),
  );

  // and when Entra does not answer
  await walk.fault({ vendor: 'entra', path: '/synchronization/', kind: 'status', status: 503 });
  await quarantine(null);
  await Promise.all(Array.from({ length: 2 }, () => watchProvisioning(context)));

  // then
  expect(await open()).toBe(1);
  await walk.heal();
  await walk.until('it is over', async () => (await open()) === 0);
  await walk.owesNothing();
  expect(await told()).toHaveLength(count + 1);
});

test('with the settings gone nothing stays open', async () => {
  // given
  await quarantine({});
  await walk.until('it is told', async () => (await open()) === 1);
  const { context } = stage.latchkey;
  const [idp] = context.idps.all;

  // when
  await watchProvisioning({
    ...context,
    idps: { ...context.idps, all: [], find: (system) => (system === idp?.system ? null : (idp ?? null)) },
  });

  // then
  const ended = await walk.query<{ data: { why: string } }>(
    `select data from audit where type = 'provisioningResumed' order by id desc limit 1`,
  );
  expect(ended[0]?.data.why).toBe('provisioning is no longer set up');
});
