import { expect, test } from 'vitest';
import { clockOf } from '../../src/flow/request-facts.ts';

const SUNDAY_NIGHT = new Date('2026-03-01T23:30:00Z');

test.each([
  ['UTC', { hour: 23, weekday: 'sunday' }],
  ['Europe/Berlin', { hour: 0, weekday: 'monday' }],
  ['America/Los_Angeles', { hour: 15, weekday: 'sunday' }],
  ['Nowhere/At_All', {}],
  [null, {}],
])('by the clock of %s', (zone, expected) => {
  expect(clockOf(SUNDAY_NIGHT, zone)).toEqual(expected);
});
