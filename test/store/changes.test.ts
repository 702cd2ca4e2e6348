import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commit } from '../../src/flow/kernel/commit.ts';
import { findByIdempotencyKey, pendingRequest, underwayIds } from '../../src/store/changes.ts';
import { target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { approved, received, somebody } from './given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

describe('one pending request for a person and entitlement', () => {
  test('the database refuses the second of two racing ones', async () => {
    const { db } = fresh.database;
    const personId = await somebody(db);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () =>
        commit(db, async () => ({ result: null, events: [received(personId)] })),
      ),
    );
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
    for (const o of outcomes) if (o.status === 'rejected') expect(o.reason).toMatchObject({ code: '23505' });
    expect(await pendingRequest(db, personId, 'orders')).toMatchObject({ state: 'received' });
  });

  test('another entitlement, another person, or a settled request are no hindrance', async () => {
    const { db } = fresh.database;
    const personId = await somebody(db);
    const first = received(personId);
    await commit(db, async () => ({ result: null, events: [first] }));
    await commit(db, async () => ({
      result: null,
      events: [received(personId, { entitlementKey: 'payments' })],
    }));
    await commit(db, async () => ({ result: null, events: [received(personId, { entitlementKey: 'x' })] }));
    await commit(db, async ({ now }) => ({ result: null, events: [approved(first.changeId, now)] }));
    await commit(db, async () => ({ result: null, events: [received(personId)] }));
  });
});

test('a duplicate finds the first by its key', async () => {
  const { db } = fresh.database;
  const event = received(await somebody(db));
  await commit(db, async () => ({ result: null, events: [event], idempotencyKey: 'slack:V1' }));
  expect((await findByIdempotencyKey(db, 'slack:V1'))?.id).toBe(event.changeId);
  const again = commit(db, async () => ({
    result: null,
    events: [received(event.personId, { entitlementKey: 'payments' })],
    idempotencyKey: 'slack:V1',
  }));
  await expect(again).rejects.toMatchObject({ code: '23505' });
});

test('changes on their way are found by group and by team, and only those', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const going = received(personId);
  const waiting = received(personId, { entitlementKey: 'payments' });
  await commit(db, async ({ now }) => ({
    result: null,
    events: [going, approved(going.changeId, now), waiting],
  }));
  expect(await underwayIds(db, { personId, groupId: target.groupId })).toEqual([going.changeId]);
  expect(await underwayIds(db, { personId, teamId: target.teamId })).toEqual([going.changeId]);
  expect(await underwayIds(db, { personId, groupId: 'another' })).toEqual([]);
});
