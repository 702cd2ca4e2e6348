import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueWarning, nextWarningAt, warningsOf } from '../../../src/core/change/warnings.ts';
import { later, T0 } from '../given.ts';

const HOUR = 3_600;
const DAY = 86_400;
const term = (seconds: number) => ({ startsAt: T0, endsAt: later(seconds) });

test.each([
  ['ten seconds', 10, []],
  ['an hour', HOUR, []],
  ['two hours less a second', 2 * HOUR - 1, []],
  ['two hours', 2 * HOUR, [HOUR]],
  ['a day', DAY, [DAY - HOUR]],
  ['two days less a second', 2 * DAY - 1, [2 * DAY - 1 - HOUR]],
  ['two days', 2 * DAY, [DAY, 2 * DAY - HOUR]],
  ['a week', 7 * DAY, [6 * DAY, 7 * DAY - HOUR]],
])('the end of %s is warned of a day and an hour before, by its length', (_length, seconds, warned) => {
  expect(warningsOf(term(seconds)).map(({ at }) => at)).toEqual(warned.map((s) => later(s)));
});

describe('each warning is given once', () => {
  const week = term(7 * DAY);

  test('a day before, then an hour before, then never again', () => {
    expect(dueWarning(week, later(6 * DAY - 1), null)).toBeNull();
    expect(dueWarning(week, later(6 * DAY), null)).toBe('day');
    expect(dueWarning(week, later(6 * DAY + 60), later(6 * DAY))).toBeNull();
    expect(dueWarning(week, later(7 * DAY - HOUR), later(6 * DAY))).toBe('hour');
    expect(dueWarning(week, later(7 * DAY - 1), later(7 * DAY - HOUR))).toBeNull();
  });

  test('of two that fell due while nobody looked only the later', () => {
    expect(dueWarning(week, later(7 * DAY - 60), null)).toBe('hour');
    expect(dueWarning(week, later(7 * DAY - 30), later(7 * DAY - 60))).toBeNull();
  });

  test('whatever the length, whenever it is looked at', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 * DAY }),
        fc.array(fc.integer({ min: 0, max: 60 * DAY }), { maxLength: 30 }),
        (seconds, looks) => {
          const of = term(seconds);
          const given: string[] = [];
          let warnedAt: Date | null = null;
          for (const look of looks.filter((s) => s < seconds).sort((a, b) => a - b)) {
            const due = dueWarning(of, later(look), warnedAt);
            if (due === null) continue;
            given.push(due);
            warnedAt = later(look);
          }
          expect(new Set(given).size).toBe(given.length);
          expect(given.length).toBeLessThanOrEqual(warningsOf(of).length);
        },
      ),
    );
  });
});

test('the next warning after one is the other', () => {
  const week = term(7 * DAY);
  expect(nextWarningAt(week, null)).toEqual(later(6 * DAY));
  expect(nextWarningAt(week, later(6 * DAY))).toEqual(later(7 * DAY - HOUR));
  expect(nextWarningAt(week, later(7 * DAY - HOUR))).toBeNull();
});
