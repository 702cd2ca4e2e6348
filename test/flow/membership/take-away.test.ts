import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey, PersonId } from '../../../src/core/ids.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { takeAwayReviewed } from '../../../src/flow/membership/take-away.ts';
import { isInBaseline, recordBaselineMember } from '../../../src/store/baseline.ts';
import { birthrightsDue } from '../../../src/store/birthrights.ts';
import { readChange } from '../../../src/store/changes.ts';
import { unendedGrants } from '../../../src/store/grants.ts';
import { target } from '../../core/given.ts';
import { freshDatabase } from '../../database.ts';
import { approved, received, somebody } from '../../store/given.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const by = { id: '11111111-1111-4111-8111-111111111111' as PersonId, name: 'Olga' };
const takeAway = async (
  personId: PersonId,
  reviewer: PersonId | null | undefined = undefined,
  from: typeof target | null = target,
) => {
  const who = reviewer === undefined ? await somebody(fresh.database.db) : reviewer;
  return await commit<string>(fresh.database.db, async (unit) => {
    const taken = await takeAwayReviewed(
      unit,
      { personId, groupId: target.groupId, entitlementKey: 'orders' as EntitlementKey, target: from },
      who === null ? null : { ...by, id: who },
    );
    return typeof taken === 'string' ? { result: taken } : { result: taken.revokeId, ...taken };
  });
};

const revokesOf = async (personId: PersonId) => {
  const rows = await fresh.database.db
    .selectFrom('changes')
    .select('id')
    .where('person_id', '=', personId)
    .where('kind', '=', 'revoke')
    .execute();
  return rows.map(({ id }) => id);
};

test('every grant of the pair and what was there before end, and one revoke goes down the road', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const request = received(personId);
  await commit(db, async () => ({ result: null, events: [request, approved(request.changeId, new Date())] }));
  const pair = { personId, groupId: target.groupId };
  await commit(db, async ({ tx, now }) => {
    await recordBaselineMember(tx, { ...pair, groupName: target.groupName }, now);
    return { result: null };
  });

  const revokeId = await takeAway(personId);

  expect(await unendedGrants(db, pair)).toEqual([]);
  expect(await isInBaseline(db, pair)).toBe(false);
  const revoke = await readChange(db, revokeId);
  expect(revoke).toMatchObject({
    kind: 'revoke',
    cause: 'review',
    state: 'applying',
    decision: { byName: 'Olga' },
  });
  expect(await readChange(db, request.changeId)).toMatchObject({ revokeId, ended: { cause: 'review' } });
  const jobs = await db.selectFrom('outbox').select('job').where('done_at', 'is', null).execute();
  expect(jobs.map(({ job }) => job)).toContain('applyToIdp');
  // Said twice, by the digest and by a campaign: it is the same revoke, and there is no other.
  expect(await takeAway(personId)).toBe(revokeId);
  expect(await revokesOf(personId)).toEqual([revokeId]);
});

test('what a rule gave ends too, and where nobody decided in time Latchkey did', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const given = { ...received(personId), cause: 'birthright' as const };
  await commit(db, async () => ({ result: null, events: [given, approved(given.changeId, new Date())] }));
  await db
    .insertInto('person_snapshots')
    .values({
      person_id: personId,
      status: 'active',
      department: 'Orders',
      manager: null,
      had_app: true,
      evaluated_at: new Date(),
    })
    .execute();
  const due = async () => {
    const rule = { entitlementKey: 'orders', system: 'okta', departments: ['Orders'] };
    return await birthrightsDue(db, { ...rule, until: new Date(Date.now() + 7_200_000) }, null, 10);
  };
  expect(await due()).toEqual([personId]);

  const revokeId = await takeAway(personId, null);

  expect(await unendedGrants(db, { personId, groupId: target.groupId })).toEqual([]);
  expect(await readChange(db, given.changeId)).toMatchObject({
    revokeId,
    ended: { cause: 'review', by: null },
  });
  expect(await revokesOf(personId)).toEqual([revokeId]);
  // The rule does not give it again until they move.
  expect(await due()).toEqual([]);
});

test('what was there before ends while a revoke is underway, and needs no second one', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const request = received(personId);
  await commit(db, async () => ({ result: null, events: [request, approved(request.changeId, new Date())] }));
  const first = await takeAway(personId);
  const pair = { personId, groupId: target.groupId };
  await commit(db, async ({ tx, now }) => {
    await recordBaselineMember(tx, { ...pair, groupName: target.groupName }, now);
    return { result: null };
  });

  expect(await takeAway(personId)).toBe(first);

  expect(await isInBaseline(db, pair)).toBe(false);
  expect(await revokesOf(personId)).toEqual([first]);
});

test('where nothing is held nothing is taken', async () => {
  expect(await takeAway(await somebody(fresh.database.db))).toBe('notHeld');
});

test('what is held in a place that nobody can tell is not taken for gone, and stays on record', async () => {
  const { db } = fresh.database;
  const personId = await somebody(db);
  const pair = { personId, groupId: target.groupId };
  await commit(db, async ({ tx, now }) => {
    await recordBaselineMember(tx, { ...pair, groupName: target.groupName }, now);
    return { result: null };
  });

  expect(await takeAway(personId, undefined, null)).toBe('targetUnknown');

  expect(await isInBaseline(db, pair)).toBe(true);
  expect(await revokesOf(personId)).toEqual([]);
});
