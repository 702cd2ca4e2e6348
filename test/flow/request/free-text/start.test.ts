import { expect, test } from 'vitest';
import { endSaid, startSaid } from '../../../../src/flow/request/free-text/start.ts';

/** A Tuesday, 10:00 in Berlin. */
const now = new Date('2026-03-03T09:00:00Z');
const ends = (words: string, zone = 'Europe/Berlin') => {
  const { startsAt, rest } = startSaid(words, now, zone);
  return [startsAt?.toISOString() ?? null, endSaid(rest, startsAt ?? now, zone)?.at.toISOString() ?? null];
};

test.each<[words: string, from: string | null, until: string | null]>([
  ['orders from Monday', '2026-03-09T08:00:00.000Z', null],
  ['orders from Monday for two weeks', '2026-03-09T08:00:00.000Z', '2026-03-23T08:00:00.000Z'],
  ['starting 8 Mar 9:00 for two weeks', '2026-03-08T08:00:00.000Z', '2026-03-22T08:00:00.000Z'],
  ['starting tomorrow at 14:00 for 2 hours', '2026-03-04T13:00:00.000Z', '2026-03-04T15:00:00.000Z'],
  ['from Thursday until Friday', '2026-03-05T08:00:00.000Z', '2026-03-06T23:00:00.000Z'],
  ['for 8 hours from tomorrow', '2026-03-04T08:00:00.000Z', '2026-03-04T16:00:00.000Z'],
  ['as of 2026-03-10 for 3 days', '2026-03-10T08:00:00.000Z', '2026-03-13T08:00:00.000Z'],
  ['ab Montag für zwei Wochen', '2026-03-09T08:00:00.000Z', '2026-03-23T08:00:00.000Z'],
  ['à partir de lundi', '2026-03-09T08:00:00.000Z', null],
  ['from 8 Apr to 10 Apr', '2026-04-08T07:00:00.000Z', '2026-04-10T22:00:00.000Z'],
  ['from Thursday to Friday', '2026-03-05T08:00:00.000Z', '2026-03-06T23:00:00.000Z'],
  ['from 8 Mar 9:00 to 17:00', '2026-03-08T08:00:00.000Z', '2026-03-08T16:00:00.000Z'],
  ['from Monday to read the logs', '2026-03-09T08:00:00.000Z', null],
  ['von 9.3. bis 11.3.', '2026-03-09T08:00:00.000Z', '2026-03-11T23:00:00.000Z'],
  ['vom 9.3. bis zum 11.3.', '2026-03-09T08:00:00.000Z', '2026-03-11T23:00:00.000Z'],
  // An end before the start is none, and not that of the next year.
  ['from 9 March until March 7', '2026-03-09T08:00:00.000Z', null],
  ['von 9.3. bis 7.3.', '2026-03-09T08:00:00.000Z', null],
  // Summer time begins in between: nine is nine by the clock of that day. A length is elapsed time.
  ['from 30 March for 1 day', '2026-03-30T07:00:00.000Z', '2026-03-31T07:00:00.000Z'],
  ['from 28 March 9:00 for 2 days', '2026-03-28T08:00:00.000Z', '2026-03-30T08:00:00.000Z'],
  // An hour that the clock leaves out is the one after it.
  ['from 29 March 2:30 for 1 hour', '2026-03-29T01:30:00.000Z', '2026-03-29T02:30:00.000Z'],
])('%s, in Berlin', (words, from, until) => {
  expect(ends(words)).toEqual([from, until]);
});

test.each([
  'from now on',
  'from yesterday',
  'from 8:00 today',
  'read logs from the Orders API',
  'a note from Nadia about Monday',
  'take the data from orders-api-v2 until Friday',
  '',
])('%j says no start to come', (words) => {
  expect(startSaid(words, now, 'Europe/Berlin')).toEqual({ startsAt: null, rest: words });
});

test('nine is nine where the person is', () => {
  expect(ends('from Monday', 'America/New_York')[0]).toBe('2026-03-09T13:00:00.000Z');
  expect(ends('from Monday', 'Asia/Kolkata')[0]).toBe('2026-03-09T03:30:00.000Z');
});
