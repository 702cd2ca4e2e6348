import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { up } from '../../migrations/0050_approver_stages.ts';
import { shownOf } from '../../src/core/change/shown.ts';
import { openStage } from '../../src/core/policy/routing.ts';
import { commit } from '../../src/flow/kernel/commit.ts';
import { readChange } from '../../src/store/changes.ts';
import { anybody, asks, entitlement, planOfOne, target } from '../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { received, somebody } from './given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test('a plan stored before there were stages becomes one of one stage, and nothing else of it changes', async () => {
  // given a request that waits, stored as it was before
  const { db } = fresh.database;
  const event = received(await somebody(db));
  const author = { is: 'untold', why: 'no log' } as const;
  const olga = { id: await somebody(db), name: 'olga', email: 'olga@acme.example' };
  const slots = [{ source: 'owner', people: [olga], pinged: true }];
  const plan = planOfOne({ of: 'all', quorum: 2, slots, escalated: true }, { author });
  const shown = shownOf(entitlement(), target);
  await commit(db, async ({ now }) => ({
    result: null,
    events: [
      event,
      {
        type: 'approversAsked',
        changeId: event.changeId,
        at: now,
        actor: { part: 'latchkey' },
        plan,
        verdict: asks,
        round: 1,
        lapsesAt: null,
        target,
        shown,
      },
    ],
  }));
  const before = { ...plan.stages[0], author };
  await sql`update changes set doc = jsonb_set(jsonb_set(doc, '{plan}', ${JSON.stringify(before)}::jsonb),
    '{shown,approvers}', ${JSON.stringify(shown.approvers.stages[0])}::jsonb) where id = ${event.changeId}`.execute(
    db,
  );
  const unasked = received(await somebody(db));
  await commit(db, async () => ({ result: null, events: [unasked] }));

  // when it is migrated, and once more
  await up(db as unknown as Kysely<unknown>);
  await up(db as unknown as Kysely<unknown>);

  // then
  const change = await readChange(db, event.changeId);
  expect(change?.plan).toEqual(plan);
  expect(change?.shown).toEqual(shown);
  expect(openStage(change?.plan ?? anybody, []).n).toBe(0);
  expect((await readChange(db, unasked.changeId))?.plan).toBeNull();
});
