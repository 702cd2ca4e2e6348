import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Checked } from '../../src/core/checked.ts';
import { GRAPH_NOTIFICATIONS_PATH } from '../../src/idp/entra/graph.ts';
import { checkGraph } from '../../src/idp/entra/graph-check.ts';
import { loadCatalogue } from '../../src/policy/catalogue-file.ts';
import { GROUP, type StartedGraph, startGraph } from './start-graph.ts';

let started: StartedGraph;
let groupNames: string[];
beforeAll(async () => {
  started = await startGraph();
  await started.portal('/permissions', ['Group.Read.All', 'User.Read.All']);
  const { entitlements } = await loadCatalogue('policy');
  groupNames = [...new Set(entitlements.map((e) => e.idpGroup))];
});
afterAll(() => started.close());
beforeEach(() => started.portal('/settings', { refuse: null }));

const check = (
  more: Partial<StartedGraph['settings']> = {},
  notificationUrl = `${started.url}${GRAPH_NOTIFICATIONS_PATH}`,
) => checkGraph({ ...started.settings, ...more }, { groupNames, notificationUrl });
const told = (all: readonly Checked[], name: string) => all.find((one) => one.name === name);
const refuse = (below: string, status = 403) => started.portal('/settings', { refuse: { status, below } });

test('before Latchkey has run there is no subscription yet, which is a note', async () => {
  const all = await check();
  expect(all.filter((one) => one.trouble !== null && one.isOptional !== true)).toEqual([]);
  expect(told(all, 'Graph notifications')).toMatchObject({
    isOptional: true,
    trouble: expect.stringContaining('Latchkey makes and renews them while it runs'),
  });
});

test('with every subscription there all is well, and a group that Entra has not is a note', async () => {
  await started.keeper.look();
  expect(await check()).toEqual([
    { name: 'Graph', trouble: null },
    { name: 'Graph groups', trouble: null },
    { name: 'Graph people', trouble: null },
    { name: 'Graph permissions', trouble: null },
    { name: 'Graph notifications', trouble: null },
  ]);
  groupNames.push('only-in-okta');
  const all = await check();
  groupNames.pop();
  expect(all.find((one) => one.isOptional)?.trouble).toContain('no group called only-in-okta');
  expect(told(all, 'Graph notifications')?.trouble).toBeNull();
});

test('one that is gone is named by what it tells of', async () => {
  await started.keeper.look();
  const lost = (await started.theirs()).find((one) => one.resource.startsWith('groups/'));
  await started.graph.unsubscribe(lost?.id ?? '');
  const is = told(await check(), 'Graph notifications');
  expect(is?.isOptional).toBeUndefined();
  expect(is?.trouble).toMatch(/^no subscription tells of anypoint-[\w-]+: .*its log says why/);
  await started.keeper.look();
  expect(told(await check(), 'Graph notifications')?.trouble).toBeNull();
});

test('subscriptions that deliver to another address: PUBLIC_URL', async () => {
  await started.keeper.look();
  const is = told(await check({}, 'https://elsewhere.example/graph/notifications'), 'Graph notifications');
  expect(is?.trouble).toContain(`deliver to ${started.url}`);
  expect(is?.trouble).toContain('set PUBLIC_URL');
});

test.each([
  ['a wrong secret', { auth: { secret: 'wrong' } }, 'AADSTS7000215', 'Certificates & secrets'],
  ['an unknown tenant', { tenantId: 'nobody' }, 'AADSTS90002', 'GRAPH_TENANT_ID'],
  ['nobody there', { loginUrl: 'http://127.0.0.1:1' }, 'connection failed', 'GRAPH_LOGIN_URL'],
])('%s: says what is wrong and what to set, and asks no further', async (_, more, wrong, next) => {
  const all = await check(more);
  expect(all).toHaveLength(1);
  expect(all[0]?.trouble).toContain(wrong);
  expect(all[0]?.trouble).toContain(next);
});

test.each([
  ['/groups', 'Graph groups', 'Group.Read.All'],
  ['/users', 'Graph people', 'User.Read.All'],
  ['/subscriptions', 'Graph', 'Group.Read.All and User.Read.All'],
])('a permission that is missing at %s is named', async (below, name, permission) => {
  await refuse(below);
  const all = await check();
  expect(all.filter((one) => one.trouble !== null && one.isOptional !== true)).toEqual([
    { name, trouble: expect.stringContaining(`${permission} in Entra, App registrations, API permissions`) },
  ]);
});

test('Graph that is busy: wait', async () => {
  await refuse('/groups', 429);
  expect(told(await check(), 'Graph groups')?.trouble).toContain('in a few minutes');
  expect(groupNames).toContain(GROUP);
});
