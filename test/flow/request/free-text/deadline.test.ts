import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untilOf } from '../../../../src/flow/request/free-text/deadline.ts';

/** A Tuesday, 10:00 in Berlin. */
const now = new Date('2026-03-03T09:00:00Z');
const HOUR = 3_600;

test.each([
  ['until Friday', '2026-03-06T23:00:00.000Z'],
  ['until tomorrow', '2026-03-04T23:00:00.000Z'],
  ['until 18:00', '2026-03-03T17:00:00.000Z'],
  ['until 17:30 today', '2026-03-03T16:30:00.000Z'],
  ['until 5pm', '2026-03-03T16:00:00.000Z'],
  ['by Thursday noon', '2026-03-05T11:00:00.000Z'],
  ['until 2026-03-10', '2026-03-10T23:00:00.000Z'],
  ['until the end of the week', '2026-03-06T23:00:00.000Z'],
  ['today', '2026-03-03T23:00:00.000Z'],
  // Summer time begins in between: the offset is that of the day, not of today.
  ['until March 31', '2026-03-31T22:00:00.000Z'],
  ['until 29 March 2026 12:00', '2026-03-29T10:00:00.000Z'],
  ['bis Freitag', '2026-03-06T23:00:00.000Z'],
  ['jusqu’à vendredi', '2026-03-06T23:00:00.000Z'],
  ['hasta el viernes', '2026-03-06T23:00:00.000Z'],
  ['for 3 days', '2026-03-06T09:00:00.000Z'],
  ['for an hour', '2026-03-03T10:00:00.000Z'],
  ['for two weeks', '2026-03-17T09:00:00.000Z'],
  ['2h', '2026-03-03T11:00:00.000Z'],
  ['up to 2 days', '2026-03-05T09:00:00.000Z'],
  ['read the logs until Friday for INC-4711', '2026-03-06T23:00:00.000Z'],
])('%s, in Berlin', (words, at) => {
  expect(untilOf(words, now, 'Europe/Berlin')?.at.toISOString()).toBe(at);
});

test.each([
  'until yesterday',
  'nothing of the kind',
  'INC-4711',
  'orders-api-v2',
  'version 3 of 2 March',
  '',
])('%j says no time to come', (words) => {
  expect(untilOf(words, now, 'Europe/Berlin')).toBeNull();
});

test.each([
  ['until Friday', '2026-03-06T23:00:00.000Z'],
  ['bis Freitag', '2026-03-06T23:00:00.000Z'],
  ['until next Friday', '2026-03-13T23:00:00.000Z'],
  ['until tomorrow', '2026-03-07T23:00:00.000Z'],
  ['until Thursday', '2026-03-12T23:00:00.000Z'],
  ['until the end of the week', '2026-03-06T23:00:00.000Z'],
])('%s, on a Friday in Berlin, is the same at every hour of it', (words, at) => {
  for (let minutes = 0; minutes < 24 * 60; minutes += 15) {
    const then = new Date(Date.parse('2026-03-05T23:00:00Z') + minutes * 60_000);
    expect([then, untilOf(words, then, 'Europe/Berlin')?.at.toISOString()]).toEqual([then, at]);
  }
});

test('the day ends where the person is', () => {
  const ends = (zone: string | null) => untilOf('until Friday', now, zone)?.seconds;
  expect(ends('Europe/Berlin')).toBe(86 * HOUR);
  expect(ends('Europe/London')).toBe(87 * HOUR);
  expect(ends('Asia/Tokyo')).toBe(78 * HOUR);
  expect(ends('America/New_York')).toBe(92 * HOUR);
  // Not known, or no zone at all: UTC, and the form shows it.
  expect(ends(null)).toBe(87 * HOUR);
  expect(ends('Not/AZone')).toBe(87 * HOUR);
});

test('whatever is written, in whatever zone: no time, or one that is yet to come', () => {
  const words = fc
    .array(
      fc.constantFrom(
        'until',
        'for',
        '3',
        'Friday',
        '25:99',
        'days',
        '31 February',
        'next',
        '-1',
        '2099-13-45',
        'bis',
        'h',
        '1e9',
        'weeks',
        'yesterday',
        '🙂',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(
      fc.oneof(words, fc.string({ maxLength: 60 })),
      fc.constantFrom('UTC', 'Asia/Kathmandu', null),
      (text, zone) => {
        const until = untilOf(text, now, zone);
        if (until === null) return;
        expect(Number.isInteger(until.seconds) && until.seconds > 0).toBe(true);
        expect(until.at.getTime()).toBeGreaterThan(now.getTime());
      },
    ),
    { numRuns: 1_000 },
  );
});
