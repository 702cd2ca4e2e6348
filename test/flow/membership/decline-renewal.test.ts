import { afterAll, beforeAll, expect, test } from 'vitest';
import { letEnd } from '../../../src/core/change/extended.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { declineRenewal } from '../../../src/flow/membership/decline-renewal.ts';
import { refuseRenewal, refuseWaitingRenewal } from '../../../src/flow/request/refuse-renewal.ts';
import { readChange } from '../../../src/store/changes.ts';
import { unendedGrants } from '../../../src/store/grants.ts';
import { asks, target } from '../../core/given.ts';
import { freshDatabase } from '../../database.ts';
import { approved, received, somebody } from '../../store/given.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

/** Somebody who holds it by two grants, and has asked to extend it. */
async function holder() {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const grants = [received(personId), received(personId)];
  for (const request of grants)
    await commit(db, async () => ({
      result: null,
      events: [request, approved(request.changeId, new Date())],
    }));
  const extension = { ...received(personId), cause: 'extension' as const };
  await commit(db, async () => ({ result: null, events: [extension] }));
  return { db, personId, pair: { personId, entitlementKey: extension.entitlementKey }, grants, extension };
}

async function declines(pair: Parameters<typeof declineRenewal>[1], name: string) {
  const { db } = fresh.database;
  const id = await somebody(db);
  return await commit(db, async (unit) => {
    const events = await declineRenewal(unit, pair, { id, name });
    return { result: events?.map(({ type }) => type) ?? null, events: events ?? [] };
  });
}

test('every live grant is marked, and an extension that waits is closed with who said so', async () => {
  const { db, pair, grants, extension } = await holder();

  const said = await declines(pair, 'Olga');

  expect(said).toEqual(['requestClosed', 'renewalDeclined', 'renewalDeclined']);
  for (const { changeId } of grants)
    expect((await readChange(db, changeId))?.renewalDeclined?.name).toBe('Olga');
  expect(await readChange(db, extension.changeId)).toMatchObject({
    state: 'closed',
    decision: { byName: 'Olga', note: 'Olga reviewed this access, and it is not to be renewed' },
  });
  expect(await refuseRenewal(db, await unendedGrants(db, pair))).toMatchObject({ reason: 'notRenewed' });
  expect((await refuseWaitingRenewal(db, extension))?.text).toContain('Olga');
});

test('what was approved or asked for from later on is called off, and who asked can read why', async () => {
  const { db, pair, personId } = await holder();
  const startsAt = new Date(Date.now() + 7 * 86_400_000);
  const scheduled = { ...received(personId), startsAt };
  const { grant: _grant, ...decided } = approved(scheduled.changeId, new Date());
  await commit(db, async () => ({
    result: null,
    events: [
      scheduled,
      {
        ...decided,
        verdict: asks,
        type: 'changeScheduled',
        target,
        startsAt,
        endsAt: new Date(startsAt.getTime() + 3_600_000),
      },
    ],
  }));

  const said = await declines(pair, 'Olga');

  expect(said?.filter((type) => type === 'requestClosed')).toHaveLength(2);
  expect(await readChange(db, scheduled.changeId)).toMatchObject({
    state: 'closed',
    decision: { byName: 'Olga', note: 'Olga reviewed this access, and it is not to be renewed' },
  });
});

test('said again, by a campaign after a digest, it changes nothing: the first word stands', async () => {
  const { db, pair, grants } = await holder();
  await declines(pair, 'Olga');
  expect(await declines(pair, 'Tom')).toEqual([]);
  expect((await readChange(db, grants[0]?.changeId ?? ''))?.renewalDeclined?.name).toBe('Olga');
});

test('where nothing is held there is nothing to say', async () => {
  const personId = await somebody(fresh.database.db);
  expect(await declines({ personId, entitlementKey: 'orders' }, 'Olga')).toBeNull();
});

test('whoever lets their own access end has not declined it: they can still extend it', async () => {
  const { db, personId, pair, grants, extension } = await holder();
  await commit(db, async (unit) => {
    const change = await unit.change(grants[0]?.changeId ?? '');
    const events = change === null ? [] : letEnd(change, { id: personId, name: 'Ines' }, unit.now);
    return { result: null, events: isRefusal(events) ? [] : events };
  });
  expect((await readChange(db, grants[0]?.changeId ?? ''))?.endAgreed?.name).toBe('Ines');
  expect(await refuseRenewal(db, await unendedGrants(db, pair))).toBeNull();
  expect(await refuseWaitingRenewal(db, extension)).toBeNull();
});
