import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/core/change/events.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { type Reach, type ReachEvent, reachAfter, reachEvents } from '../../../src/core/evidence/reach.ts';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import { person } from '../given.ts';
import { happenings, historyOf, nameOf } from './history.ts';

const places = ['ines', 'omar'].flatMap((name) =>
  ['orders', 'billing'].map((key) => ({ personId: person(name), entitlementKey: key as EntitlementKey })),
);
const steps = fc.array(
  fc.record({ place: fc.nat({ max: places.length - 1 }), happening: fc.constantFrom(...happenings) }),
  { minLength: 1, maxLength: 80 },
);

test('at every moment of any history, who could reach what is what a bystander saw', () => {
  fc.assert(
    fc.property(steps, (given) => {
      const told = historyOf(places, given);
      isPossible(told.flatMap(({ events }) => events));
      const past: ReachEvent[] = [];
      for (const { events, after } of told) {
        past.push(...events.filter(isOfReach));
        expect(statesOf(reachAfter(past))).toEqual(new Map(after));
      }
    }),
    { numRuns: 200 },
  );
});

test('every state of a membership is met in such histories', () => {
  const met = new Set(
    fc
      .sample(steps, { numRuns: 300, seed: 1 })
      .flatMap((given) => historyOf(places, given).flatMap(({ after }) => [...after.values()])),
  );
  expect([...met].sort()).toEqual(['approved', 'arriving', 'found', 'held', 'leaving', 'missing'].sort());
});

/** The life cycle allows all of it. */
function isPossible(events: readonly ChangeEvent[]): void {
  const changes = new Map<string, ReturnType<typeof evolve>>();
  for (const event of events) changes.set(event.changeId, evolve(changes.get(event.changeId) ?? null, event));
}

function isOfReach(event: ChangeEvent): event is ReachEvent {
  return (reachEvents as readonly string[]).includes(event.type);
}

function statesOf(reaches: readonly Reach[]): Map<string, string> {
  return new Map(reaches.map((one) => [nameOf(one as Parameters<typeof nameOf>[0]), one.is]));
}
