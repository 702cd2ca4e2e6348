import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOktaEmulator } from '../../src/sandbox/okta/emulator.ts';
import { oktaConsole } from './okta-console.ts';
import { startScimRecorder, until } from './scim-recorder.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

const GROUP = 'anypoint-orders-read';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let started: StartedEmulator;
let console: ReturnType<typeof oktaConsole>;
let scim: Awaited<ReturnType<typeof startScimRecorder>>;

beforeEach(async () => {
  scim = await startScimRecorder();
  started = await startEmulator(createOktaEmulator, { latchkey: { url: scim.url, scimToken: 's3cret' } });
  console = oktaConsole(started.url);
  await console.setPush({ latencyMs: 0, jitterMs: 0 });
  // given somebody who was pushed
  await console.addMember(GROUP, 'erik');
  await idle();
  scim.pushes.length = 0;
});
afterEach(async () => {
  await started.close();
  await scim.close();
});

const idle = () => until(async () => (await console.readPush()).pending === 0);
/** What was patched, resource by resource. */
async function patched(): Promise<unknown[]> {
  await idle();
  expect(scim.pushes.every((p) => p.method === 'PATCH')).toBe(true);
  return scim.pushes.flatMap((p) => p.body.Operations ?? []);
}

test('a change of the profile is pushed, the department and the manager with it', async () => {
  await console.changeProfile('erik', { department: 'Payments', manager: 'sofia' });
  expect(await patched()).toMatchObject([
    {
      op: 'replace',
      value: {
        displayName: 'Erik Lind',
        [ENTERPRISE]: { department: 'Payments', manager: { value: 'sofia@acme.example' } },
      },
    },
  ]);
  expect(await patched()).not.toHaveProperty([0, 'path']);
});

test('a profile that is as it was, and that of somebody without the app, push nothing', async () => {
  await console.changeProfile('erik', { department: 'Orders' });
  await console.assign('tom', false);
  await console.changeProfile('tom', { department: 'Payments' });
  expect(await patched()).toEqual([]);
});

test('suspended and unsuspended push nothing; deactivated is switched off, reactivated switched on', async () => {
  await console.setStatus('erik', 'SUSPENDED');
  await console.setStatus('erik', 'ACTIVE');
  await console.clearSessions('erik');
  expect(await patched()).toEqual([]);
  await console.setStatus('erik', 'DEPROVISIONED');
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  await console.setStatus('erik', 'ACTIVE');
  expect((await patched())[1]).toEqual({ op: 'replace', value: { active: true } });
});

test('a deleted person is switched off, and never deleted by SCIM', async () => {
  await console.deleteUser('erik');
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  expect((await console.readGroups()).find((g) => g.name === GROUP)?.members).toEqual([]);
});

test('without the app they are switched off, with it on again', async () => {
  await console.assign('erik', false);
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  await console.assign('erik', true);
  expect((await patched())[1]).toEqual({ op: 'replace', value: { active: true } });
});

test('a renamed group is renamed there, with its read-only id along, as Okta does', async () => {
  await console.renameGroup(GROUP, 'anypoint-orders-look');
  expect(await patched()).toEqual([
    { op: 'replace', value: { id: expect.any(String), displayName: 'anypoint-orders-look' } },
  ]);
});
