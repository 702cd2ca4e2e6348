import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from './scim-recorder.ts';
import { type PushingOkta, startPushingOkta } from './start-okta.ts';

const GROUP = 'anypoint-orders-read';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let org: PushingOkta;

beforeEach(async () => {
  org = await startPushingOkta();
  // given somebody who was pushed
  await org.console.addMember(GROUP, 'erik');
  await idle();
  org.scim.pushes.length = 0;
});
afterEach(() => org.close());

const idle = () => until(async () => (await org.console.readPush()).pending === 0);
/** What was patched, resource by resource. */
async function patched(): Promise<unknown[]> {
  await idle();
  expect(org.scim.pushes.every((p) => p.method === 'PATCH')).toBe(true);
  return org.scim.pushes.flatMap((p) => p.body.Operations ?? []);
}

test('a change of the profile is pushed, the department and the manager with it', async () => {
  await org.console.changeProfile('erik', { department: 'Payments', manager: 'sofia' });
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
  await org.console.changeProfile('erik', { department: 'Orders' });
  await org.console.assign('tom', false);
  await org.console.changeProfile('tom', { department: 'Payments' });
  expect(await patched()).toEqual([]);
});

test('suspended and unsuspended push nothing; deactivated is switched off, reactivated switched on', async () => {
  await org.console.setStatus('erik', 'SUSPENDED');
  await org.console.setStatus('erik', 'ACTIVE');
  await org.console.clearSessions('erik');
  expect(await patched()).toEqual([]);
  await org.console.setStatus('erik', 'DEPROVISIONED');
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  await org.console.setStatus('erik', 'ACTIVE');
  expect((await patched())[1]).toEqual({ op: 'replace', value: { active: true } });
});

test('a deleted person is switched off, and never deleted by SCIM', async () => {
  await org.console.deleteUser('erik');
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  expect((await org.console.readGroups()).find((g) => g.name === GROUP)?.members).toEqual([]);
});

test('without the app they are switched off, with it on again', async () => {
  await org.console.assign('erik', false);
  expect(await patched()).toEqual([{ op: 'replace', value: { active: false } }]);
  await org.console.assign('erik', true);
  expect((await patched())[1]).toEqual({ op: 'replace', value: { active: true } });
});

test('a renamed group is renamed there, with its read-only id along, as Okta does', async () => {
  await org.console.renameGroup(GROUP, 'anypoint-orders-look');
  expect(await patched()).toEqual([
    { op: 'replace', value: { id: expect.any(String), displayName: 'anypoint-orders-look' } },
  ]);
});
