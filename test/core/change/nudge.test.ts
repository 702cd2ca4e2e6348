import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { mayNudge, nudge } from '../../../src/core/change/undecided.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { changeAfter, later, person, wayTo } from '../given.ts';

const HOUR = 3_600;
const ines = { id: person('ines'), name: 'Ines' };

function nudged(change: Change, seconds: number): Change | string {
  const outcome = nudge(change, ines, later(seconds));
  if (isRefusal(outcome)) return `${outcome.text} ${outcome.next}`;
  return outcome.reduce<Change>((before, event) => evolve(before, event), change);
}

describe('approvers are asked once more', () => {
  test('once in four hours, and three times in all', () => {
    let change = changeAfter(...wayTo.asking);
    for (const at of [0, 4 * HOUR, 8 * HOUR]) {
      const after = nudged(change, at);
      if (typeof after === 'string') throw new Error(after);
      change = after;
      if (at < 8 * HOUR)
        expect(nudged(change, at + 300)).toBe(
          'The approvers were asked once more a short while ago. You can do so again in 3 hours.',
        );
    }
    expect(change.nudges).toHaveLength(3);
    expect(mayNudge(change)).toBe(false);
    expect(nudged(change, 100 * HOUR)).toContain('three times already');
  });

  test('by who asked or whom it is for, and by nobody else', () => {
    expect(nudge(changeAfter(...wayTo.asking), { id: person('tom'), name: 'Tom' }, later(1))).toMatchObject({
      reason: 'notYours',
    });
  });

  test.each(['applying', 'denied', 'lapsed', 'inEffect'] as const)('not of what is %s', (state) => {
    expect(nudged(changeAfter(...wayTo[state]), 1)).toContain('Nobody is asked about this any more');
    expect(mayNudge(changeAfter(...wayTo[state]))).toBe(false);
  });
});
