import { expect, test } from 'vitest';
import { compared } from './before-after.ts';
import type { Figure } from './figure.ts';
import { middleOf } from './runs.ts';

const figure = (metric: string, value: number, ratio: number | null): Figure => ({
  ...{ bench: 'one', metric, value, baseline: ratio === null ? null : 'bare', baselineValue: null, ratio },
  ...{ target: 'ratio <= 1.5', holds: ratio === null || ratio <= 1.5 },
});

test('of several runs the one in the middle is shown, with the least and the greatest', () => {
  const runs = [[figure('a', 9, 3), figure('b', 7, null)], [figure('a', 5, 1)], [figure('a', 6, 2)]];
  expect(middleOf(runs)).toEqual([
    { ...figure('a', 6, 2), spread: '1 to 3', holds: false },
    { ...figure('b', 7, null), spread: '7 to 7' },
  ]);
});

test('one run is shown as it is', () => {
  expect(middleOf([[figure('a', 9, 3)]])).toEqual([figure('a', 9, 3)]);
});

test('now is held against an earlier commit, figure by figure', () => {
  const before = [figure('a', 10, 2), figure('gone', 1, null), figure('a', 20, 2), figure('a', 30, 2)];
  const now = [figure('a', 5, 1), figure('new', 1, null), figure('a', 5, 1), figure('a', 6, 1)];
  expect(compared(before, now, 'abc')).toEqual([
    {
      ...figure('a', 5, 1),
      ...{ baseline: 'at abc', baselineValue: 20, ratio: 0.25, spread: '0.2 to 0.5', target: 'none' },
    },
  ]);
});
