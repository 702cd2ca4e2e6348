import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  countInWords,
  durationInWords,
  elapsedInWords,
  parseDuration,
  roughlyInWords,
} from '../../src/core/duration.ts';

test.each([
  ['90s', 90],
  ['15m', 900],
  ['8h', 28_800],
  ['7d', 604_800],
])('%s is a duration', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '0s', '1', 's', '1.5h', '-1h', '1 h', '1w', '1h30m', '01h', '1H', '9999999s', ' 1h', '1h\n'])(
  '%j is none',
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);

test.each([
  [1, '1 second'],
  [90, '90 seconds'],
  [60, '1 minute'],
  [3_600, '1 hour'],
  [5_400, '90 minutes'],
  [86_400, '1 day'],
  [90_000, '25 hours'],
  [172_800 + 3_600, '2 days 1 hour'],
  [486_000, '5 days 15 hours'],
  [7_260, '2 hours 1 minute'],
  [604_800, '7 days'],
])('%i seconds are %s', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words);
});

test('words say the length exactly', () => {
  const units = { second: 1, minute: 60, hour: 3_600, day: 86_400 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000_000 }), (seconds) => {
      const said = durationInWords(seconds).matchAll(/(\d+) (second|minute|hour|day)s?/g);
      const total = [...said].reduce(
        (sum, [, n, unit]) => sum + Number(n) * units[unit as keyof typeof units],
        0,
      );
      expect(total).toBe(seconds);
    }),
  );
});

test.each([
  [-5, '0.0 s'],
  [0, '0.0 s'],
  [3_240, '3.2 s'],
  [9_999, '10.0 s'],
  [14_400, '14 s'],
  [61_000, '61 s'],
])('%i ms are %s', (ms, words) => {
  expect(elapsedInWords(ms)).toBe(words);
});

test.each([
  [0, '1 second'],
  [119, '119 seconds'],
  [120, '2 minutes'],
  [7_199, '119 minutes'],
  [7_200, '2 hours'],
  [172_799, '47 hours'],
  [172_800, '2 days'],
  [200_000, '2 days'],
])('%i seconds are roughly %s', (seconds, words) => {
  expect(roughlyInWords(seconds)).toBe(words);
});

test.each([
  [0, 'no'],
  [1, 'one'],
  [2, 'two'],
  [3, 'three'],
  [4, 'four'],
  [5, 'five'],
  [6, 'six'],
  [7, 'seven'],
  [8, 'eight'],
  [9, 'nine'],
  [10, '10'],
])('%i is %s', (count, words) => {
  expect(countInWords(count)).toBe(words);
});

test('from ten seconds on, whole seconds are enough', () => {
  expect([9_949, 9_999, 10_000, 10_499].map(elapsedInWords)).toEqual(['9.9 s', '10.0 s', '10 s', '10 s']);
});
