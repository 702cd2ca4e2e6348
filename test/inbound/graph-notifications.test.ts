import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../src/core/drift/observation.ts';
import type { Subscription } from '../../src/sandbox/entra/notifier.ts';
import { eventually } from '../eventually.ts';
import { GROUP, type StartedGraph, startGraph } from '../idp/start-graph.ts';

let stage: StartedGraph;
let seen = 0;
beforeAll(async () => {
  stage = await startGraph();
  await stage.keeper.look();
});
afterAll(() => stage.close());
beforeEach(async () => {
  await stage.portal('/settings', { copies: 1, ids: true, delta: true });
  seen = (await stage.observed()).length;
});

/** What was observed since the test began, once there is that much. */
async function fresh(atLeast: number): Promise<Observation[]> {
  await eventually(`${atLeast} observed`, async () => (await stage.observed()).length >= seen + atLeast);
  return (await stage.observed()).slice(seen);
}

const subscriptionTo = async (group: string | null): Promise<Subscription> => {
  const ours = (await stage.ours()).find(({ groupName }) => groupName === group);
  return (await stage.theirs()).find(({ id }) => id === ours?.id) as Subscription;
};
const settled = async (deliveries: number) =>
  await eventually('it is answered', async () => (await stage.deliveries()).length >= deliveries);
const move = (key: string, isMember: boolean) =>
  stage.portal<{ groupId: string; userId: string }>('/members', { group: GROUP, key, isMember });

describe('validation', () => {
  const validate = (path: string, query: string) => fetch(`${stage.url}${path}?${query}`, { method: 'POST' });

  test.each(['/graph/notifications', '/graph/lifecycle'])(
    '%s echoes the decoded token as text',
    async (path) => {
      const token = 'Validation: Testing client application reachability for subscription Request-Id: 3f-1';
      const response = await validate(path, `validationToken=${encodeURIComponent(token)}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await response.text()).toBe(token);
    },
  );

  test.each([
    ['markup', 'validationToken=%3Cscript%3Ealert(1)%3C/script%3E'],
    ['nothing', 'validationToken='],
    ['a long one', `validationToken=${'x'.repeat(2_000)}`],
    ['two', 'validationToken=a&validationToken=b'],
    ['a line break', 'validationToken=a%0d%0aSet-Cookie:x'],
  ])('%s is not echoed', async (_, query) => {
    const response = await validate('/graph/notifications', query);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain('<script>');
  });
});

describe('what a notification says', () => {
  test('somebody put into a group and taken out again', async () => {
    const { userId } = await move('erik', true);
    await fresh(1);
    await move('erik', false);
    const told = (await fresh(2)).map((one) => one.payload);
    const base = { kind: 'membership', person: { entraId: userId }, group: { name: GROUP } };
    expect(told).toEqual([
      { ...base, direction: 'added' },
      { ...base, direction: 'removed' },
    ]);
  });

  test('a group without saying who: the whole group', async () => {
    await stage.portal('/settings', { delta: false });
    await move('tom', true);
    expect((await fresh(1)).map((one) => one.payload)).toEqual([{ kind: 'group', group: { name: GROUP } }]);
  });

  test('people changed and deleted', async () => {
    const { userId } = await stage.portal<{ userId: string }>('/users', {
      key: 'nadia',
      happening: 'updated',
    });
    await fresh(1);
    await stage.portal('/users', { key: 'nadia', happening: 'deleted' });
    expect((await fresh(2)).map((one) => one.payload)).toEqual([
      { kind: 'person', person: { entraId: userId }, happening: 'changed' },
      { kind: 'person', person: { entraId: userId }, happening: 'deleted' },
    ]);
  });

  test('several subscriptions in one POST', async () => {
    const before = (await stage.deliveries()).length;
    await Promise.all([move('sam', true), stage.portal('/users', { key: 'sam', happening: 'updated' })]);
    expect(new Set((await fresh(2)).map((one) => one.payload.kind))).toEqual(
      new Set(['membership', 'person']),
    );
    expect((await stage.deliveries()).slice(before).map((one) => one.notifications)).toEqual([2]);
  });

  test('told three times it is one; without any mark a repeat counts, which costs a look and loses none', async () => {
    const before = (await stage.deliveries()).length;
    await stage.portal('/settings', { copies: 3 });
    await move('olga', true);
    await settled(before + 1);
    expect(await fresh(1)).toHaveLength(1);

    await stage.portal('/settings', { copies: 1, ids: false });
    await move('olga', false);
    await fresh(2);
    await move('olga', true);
    await fresh(3);
    await move('olga', false);
    const directions = (await fresh(4)).map(
      ({ payload: told }) => told.kind === 'membership' && told.direction,
    );
    expect(directions).toEqual(['added', 'removed', 'added', 'removed']);
  });

  test('a nested group or a very long delta is one look at the group', async () => {
    const { id: subscriptionId, clientState } = await subscriptionTo(GROUP);
    const notification = (delta: unknown[], id: string) => ({
      id,
      subscriptionId,
      clientState,
      changeType: 'updated',
      resourceData: { id: 'f0000000-0000-4000-8000-000000000001', 'members@delta': delta },
    });
    const many = Array.from({ length: 101 }, (_, n) => ({ id: `u${n}` }));
    const nested = [{ '@odata.type': '#microsoft.graph.group', id: 'g1' }];
    const { status } = await stage.post('/graph/notifications', {
      value: [notification(many, 'a'), notification(nested, 'b')],
    });
    expect(status).toBe(202);
    expect((await fresh(2)).map((one) => one.payload.kind)).toEqual(['group', 'group']);
  });
});

describe('what is not believed', () => {
  const forged = async (more: Record<string, unknown>) => {
    const { id: subscriptionId, clientState } = await subscriptionTo(null);
    return {
      subscriptionId,
      clientState,
      changeType: 'updated',
      resourceData: { id: 'e0000000-0000-4000-8000-000000000001' },
      ...more,
    };
  };

  test.each([
    ['a wrong secret', { clientState: 'x'.repeat(64) }],
    ['no secret', { clientState: undefined }],
    ['another’s subscription', { subscriptionId: 'b0000000-0000-4000-8000-000000000001' }],
    ['no subscription', { subscriptionId: undefined }],
    ['a NUL character', { resourceData: { id: 'a\u0000b' } }],
    ['no resource', { resourceData: undefined }],
  ])('%s: 202, and nothing is stored', async (_, more) => {
    const response = await stage.post('/graph/notifications', { value: [await forged(more)] });
    expect(response.status).toBe(202);
    expect((await stage.observed()).length).toBe(seen);
  });

  test('one forged among good ones costs only itself', async () => {
    const value = [await forged({ clientState: 'wrong' }), null, await forged({ id: 'good' })];
    expect((await stage.post('/graph/notifications', { value })).status).toBe(202);
    expect(await fresh(1)).toHaveLength(1);
  });

  test.each([
    ['a removal', 'subscriptionRemoved'],
    ['a renewal', 'reauthorizationRequired'],
  ])('%s with a wrong secret has no effect', async (_, lifecycleEvent) => {
    const before = await stage.ours();
    const value = [await forged({ lifecycleEvent, clientState: 'wrong' })];
    expect((await stage.post('/graph/lifecycle', { value })).status).toBe(202);
    expect(await stage.ours()).toEqual(before);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no list', '{"value":1}'],
  ])('%s is refused', async (_, body) => {
    expect((await stage.post('/graph/notifications', body)).status).toBe(400);
  });

  test('a huge body is refused', async () => {
    const { status } = await stage.post('/graph/notifications', `{"value":["${'x'.repeat(3_000_000)}"]}`);
    expect(status).toBe(413);
  });
});

test('with the database away it is told no, and Graph’s repeat is taken', async () => {
  const other = await startGraph();
  await other.keeper.look();
  const value = (await other.theirs()).map(({ id: subscriptionId, clientState }) => ({
    subscriptionId,
    clientState,
    changeType: 'updated',
    resourceData: { id: 'e0000000-0000-4000-8000-000000000001' },
  }));
  await other.fresh.database.close();
  const response = await other.post('/graph/notifications', { value });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).not.toBeNull();
  await other.close().catch(() => {});
});
