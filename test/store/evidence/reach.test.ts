import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import { commit } from '../../../src/flow/kernel/commit.ts';
import { type ReachScope, reachAt } from '../../../src/store/evidence/reach.ts';
import { rememberPerson } from '../../../src/store/people.ts';
import { happenings, historyOf, nameOf } from '../../core/evidence/history.ts';
import { later } from '../../core/given.ts';
import { type FreshDatabase, freshDatabase } from '../../database.ts';
import { idpPerson } from '../given.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

const steps = fc.array(fc.record({ place: fc.nat({ max: 3 }), happening: fc.constantFrom(...happenings) }), {
  minLength: 10,
  maxLength: 40,
});

test('the record answers for every moment as a bystander would have', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      // Of this history alone.
      const run = randomUUID().slice(0, 8);
      const { db } = fresh.database;
      const ines = (await rememberPerson(db, 'okta', idpPerson(`ines-${run}`))).id;
      const omar = (await rememberPerson(db, 'okta', idpPerson(`omar-${run}`))).id;
      const places = [ines, omar].flatMap((personId) =>
        [`orders-${run}`, `billing-${run}`].map((key) => ({
          personId,
          entitlementKey: key as EntitlementKey,
        })),
      );
      const told = historyOf(places, given).filter(({ events }) => events.length > 0);
      for (const { events } of told) await commit(db, async () => ({ result: null, events }));
      const moments = [{ at: later(0), after: new Map<string, string>() }, ...told];
      for (const { at, after } of moments)
        for (const key of [`orders-${run}`, `billing-${run}`])
          for (const scope of [{ entitlementKey: key }, { groupId: `g-${key}` }, { teamId: `t-${key}` }])
            expect(await statesOf(at, scope)).toEqual(
              new Map([...after].filter(([name]) => name.endsWith(key))),
            );
      const last = moments.at(-1) as (typeof moments)[number];
      expect(await statesOf(last.at, { personId: ines })).toEqual(
        new Map([...last.after].filter(([name]) => name.startsWith(ines))),
      );
    }),
    { numRuns: 6 },
  );
});

async function statesOf(at: Date, scope: ReachScope): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for await (const one of reachAt(fresh.database.db, at, scope))
    states.set(nameOf(one as Parameters<typeof nameOf>[0]), one.is);
  return states;
}
