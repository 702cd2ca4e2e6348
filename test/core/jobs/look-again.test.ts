import { expect, test } from 'vitest';
import { lookAgainMs } from '../../../src/core/jobs/look-again.ts';

const objectiveMs = 60_000;

test.each([
  ['undelivered', 0, 5_000],
  ['undelivered', 58_000, 2_000],
  ['undelivered', 59_990, 50],
  ['undelivered', 60_000, 2_000],
  ['undelivered', 600_000, 30_000],
  ['undelivered', 86_400_000, 300_000],
  ['delivered', 6_000, 1_000],
  ['delivered', 59_400, 600],
  ['delivered', 60_000, 2_000],
  ['oneOfMany', 1_000, 59_000],
  ['oneOfMany', 60_000, 300_000],
  ['massChange', 0, 1_000],
  ['massChange', 120_000, 5_000],
  ['massChange', 3_600_000, 60_000],
  ['offboarding', 0, 300],
  ['offboarding', 5_000, 1_000],
  ['offboarding', 59_700, 300],
  ['offboarding', 60_000, 3_000],
  ['offboarding', 600_000, 30_000],
] as const)('%s, %i ms old: looked at again in %i ms', (of, ageMs, inMs) => {
  expect(lookAgainMs(of, ageMs, objectiveMs)).toBe(inMs);
});
