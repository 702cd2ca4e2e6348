import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { up } from '../../migrations/0060_rungs.ts';
import { shownOf } from '../../src/core/change/shown.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { readChange } from '../../src/store/changes.ts';
import { asks, entitlement, planOfOne, target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { received, somebody } from './given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test('a ladder climbed before its rungs were called so stays climbed, and a reason that speaks of "tiers" stays', async () => {
  // given a request whose first rung is asked, stored as it was before
  const { db } = fresh.database;
  const reason = 'all "tiers": [1] of the shop, "tiers": low';
  const event = { ...received(await somebody(db)), reason };
  const olga = { id: await somebody(db), name: 'olga', email: 'olga@acme.example' };
  const rungs = [{ source: 'owner', people: [olga], pinged: true }];
  const plan = planOfOne({ of: 'any', quorum: 1, slots: [], rungs, escalated: false });
  const base = { changeId: event.changeId, actor: { part: 'latchkey' } } as const;
  await commit(db, async ({ now }) => ({
    result: null,
    events: [
      event,
      {
        ...base,
        at: now,
        type: 'approversAsked',
        plan,
        verdict: asks,
        round: 1,
        lapsesAt: null,
        target,
        shown: shownOf(entitlement(), target),
      },
      { ...base, at: now, type: 'approversEscalated', rung: 1, why: 'noAnswer', to: 'the owner' },
    ],
  }));
  const stored = await readChange(db, event.changeId);
  await sql`update changes set doc = replace(doc::text, '"rungs": ', '"tiers": ')::jsonb`.execute(db);
  expect((await readChange(db, event.changeId))?.clock?.rungs).toBeUndefined();

  // when it is migrated, and once more
  await up(db as unknown as Kysely<unknown>);
  await up(db as unknown as Kysely<unknown>);

  // then
  const change = await readChange(db, event.changeId);
  expect(change).toEqual(stored);
  expect([change?.clock?.rungs, change?.reason]).toEqual([[1], reason]);
  expect(change?.plan).toEqual(plan);
});
