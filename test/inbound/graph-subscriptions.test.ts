import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Subscription } from '../../src/sandbox/entra/notifier.ts';
import { eventually } from '../eventually.ts';
import { GROUP, type StartedGraph, startGraph } from '../idp/start-graph.ts';

let stage: StartedGraph;
beforeAll(async () => {
  stage = await startGraph();
});
afterAll(() => stage.close());

const ids = (of: readonly { id: string }[]) => of.map(({ id }) => id).sort();
const minutesLeft = (at: Date) => (at.getTime() - Date.now()) / 60_000;

test('subscribes to people and to each group that carries an entitlement, once, and checks the groups', async () => {
  // when
  await stage.keeper.look();
  await stage.keeper.look();

  // then
  const [ours, theirs] = [await stage.ours(), await stage.theirs()];
  expect(ids(ours)).toEqual(ids(theirs));
  expect(ours.filter(({ groupName }) => groupName === null).map(({ resource }) => resource)).toEqual([
    'users',
  ]);
  const groups = ours.flatMap(({ groupName }) => groupName ?? []);
  expect(groups).toContain(GROUP);
  expect(new Set(groups).size).toBe(groups.length);
  for (const { expiresAt, renewAt } of ours) {
    expect(minutesLeft(expiresAt)).toBeLessThan(41_760);
    expect(minutesLeft(renewAt)).toBeLessThan(minutesLeft(expiresAt) / 1.9);
  }
  const told = (await stage.observed()).map((one) => one.payload);
  expect(told).toHaveLength(groups.length);
  expect(told).toContainEqual({ kind: 'group', group: { name: GROUP } });
});

test('the secret is kept as a hash, and Graph never shows it', async () => {
  const [theirs] = await stage.theirs();
  const { rows } = await sql`select * from graph_subscriptions`.execute(stage.fresh.database.db);
  expect(theirs?.clientState).toHaveLength(64);
  expect(JSON.stringify(rows)).not.toContain(theirs?.clientState);
});

test('renews what is due, and only that', async () => {
  const db = stage.fresh.database.db;
  const due = (await stage.ours())[0];
  await sql`update graph_subscriptions set renew_at = clock_timestamp(), expires_at = clock_timestamp() + interval '1 minute' where id = ${due?.id}`.execute(
    db,
  );
  const before = (await stage.asked()).length;
  await stage.keeper.look();
  const patched = (await stage.asked()).slice(before).filter((line) => line.startsWith('PATCH'));
  expect(patched).toEqual([`PATCH /subscriptions/${due?.id}`]);
  const now = (await stage.ours()).find(({ id }) => id === due?.id);
  expect(minutesLeft(now?.expiresAt as Date)).toBeGreaterThan(40_000);
});

test('a secret that is old is replaced, one subscription at a time, and what was sent with it is taken for a while', async () => {
  // given
  const theirOld = (await stage.theirs()).find(({ resource }) => resource === 'users');
  const before = await stage.ours();
  const notification = (of: Subscription | undefined, about: string) => ({
    value: [
      {
        subscriptionId: of?.id,
        clientState: of?.clientState,
        changeType: 'updated',
        resourceData: { id: about },
      },
    ],
  });
  const isTaken = async (of: Subscription | undefined, about: string) => {
    expect((await stage.post('/graph/notifications', notification(of, about))).status).toBe(202);
    return (await stage.observed()).some(({ payload }) => JSON.stringify(payload).includes(about));
  };

  // when
  await stage.keeperWith({ secretForMs: 0 }).look();
  await stage.keeper.look();

  // then
  expect(ids(await stage.ours())).toEqual(ids(await stage.theirs()));
  const ours = await stage.ours();
  for (const old of before) {
    const now = ours.find(({ resource }) => resource === old.resource);
    expect(now?.id).not.toBe(old.id);
    expect(now?.clientState.equals(old.clientState)).toBe(false);
  }
  const theirNew = (await stage.theirs()).find(({ resource }) => resource === 'users');
  expect(await isTaken(theirNew, 'sent-with-the-new')).toBe(true);
  expect(await isTaken(theirOld, 'sent-with-the-old')).toBe(true);
  const mixed = theirNew && { ...theirNew, clientState: theirOld?.clientState ?? null };
  expect(await isTaken(mixed, 'sent-with-another-one')).toBe(false);

  // and not for ever
  await sql`update graph_subscriptions_ended set until = clock_timestamp()`.execute(stage.fresh.database.db);
  expect(await isTaken(theirOld, 'sent-too-late')).toBe(false);
});

test('Graph that wants one renewed has it renewed', async () => {
  const before = (await stage.asked()).length;
  const { id } = await stage.portal<{ id: string }>('/lifecycle', {
    resource: 'users',
    event: 'reauthorizationRequired',
  });
  await eventually('it is renewed', async () =>
    (await stage.asked()).slice(before).includes(`PATCH /subscriptions/${id}`),
  );
});

test('what Graph has removed or let expire is made anew, and the group checked for what was missed', async () => {
  const resource = (await stage.ours()).find(({ groupName }) => groupName === GROUP)?.resource;
  const groupChecks = async () =>
    (await stage.observed()).filter(({ payload: told }) => JSON.stringify(told).includes(GROUP)).length;
  const before = await groupChecks();
  const { id } = await stage.portal<{ id: string }>('/lifecycle', { resource, event: 'subscriptionRemoved' });
  await eventually('there is another', async () =>
    (await stage.ours()).some((one) => one.resource === resource && one.id !== id),
  );
  expect(await groupChecks()).toBe(before + 1);

  // given one that ends without a word
  const short = stage.keeperWith({ lifetimeMs: 400 });
  const again = (await stage.ours()).find((one) => one.resource === resource);
  await sql`update graph_subscriptions set renew_at = clock_timestamp() where id = ${again?.id}`.execute(
    stage.fresh.database.db,
  );
  await short.look();
  await eventually('it has expired', async () => (await stage.theirs()).every((one) => one.id !== again?.id));
  await stage.keeper.look();
  expect((await stage.ours()).find((one) => one.resource === resource)?.id).not.toBe(again?.id);
  expect(ids(await stage.ours())).toEqual(ids(await stage.theirs()));
  expect(await groupChecks()).toBe(before + 2);
});

test('notifications that Graph says were missed: the groups are checked', async () => {
  const before = (await stage.observed()).length;
  await stage.portal('/lifecycle', { resource: 'users', event: 'missed' });
  const groups = (await stage.ours()).filter(({ groupName }) => groupName !== null).length;
  await eventually('all groups', async () => (await stage.observed()).length >= before + groups);
});

test('one of which the secret is lost is replaced, and none is left behind', async () => {
  await sql`delete from graph_subscriptions where resource = 'users'`.execute(stage.fresh.database.db);
  const lost = (await stage.theirs()).find(({ resource }) => resource === 'users')?.id;
  await stage.keeper.look();
  expect(ids(await stage.ours())).toEqual(ids(await stage.theirs()));
  expect(ids(await stage.theirs())).not.toContain(lost);
});

test('two that look at once make no second subscription', async () => {
  await sql`delete from graph_subscriptions`.execute(stage.fresh.database.db);
  await Promise.all([stage.keeper.look(), stage.keeperWith({}).look()]);
  expect(ids(await stage.ours())).toEqual(ids(await stage.theirs()));
  expect(new Set((await stage.theirs()).map(({ resource }) => resource)).size).toBe(
    (await stage.theirs()).length,
  );
});

test('with the right to write alone people are subscribed to, groups are not; with Group.Read.All all are', async () => {
  await stage.portal('/permissions', ['GroupMember.ReadWrite.All', 'User.Read.All']);
  for (const { id } of await stage.theirs()) await stage.graph.unsubscribe(id);

  await stage.keeper.look();
  expect((await stage.theirs()).map(({ resource }) => resource)).toEqual(['users']);

  await stage.portal('/permissions', ['GroupMember.ReadWrite.All', 'User.Read.All', 'Group.Read.All']);
  await stage.keeper.look();
  expect((await stage.theirs()).length).toBeGreaterThan(1);
});

test('a group that the catalogue names by its object id is subscribed to, and a group of another is not', async () => {
  const [id] = await stage.graph.groupIdsNamed(GROUP);
  await stage.keeperWith({ groupNames: () => [String(id)] }).look();
  expect((await stage.theirs()).map(({ resource }) => resource).sort()).toEqual([
    `groups/${id}/members`,
    'users',
  ]);
  await stage.keeper.look();
});

test('an address that does not answer is no subscription, and a fault ends nothing that is there', async () => {
  const before = ids(await stage.ours());
  await stage.portal('/settings', { refuse: { status: 500 } });
  await expect(stage.keeper.look()).rejects.toMatchObject({ code: 'idp.unavailable' });
  await stage.portal('/settings', { refuse: null });
  expect(ids(await stage.ours())).toEqual(before);
});
