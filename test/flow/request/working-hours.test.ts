import { describe, expect, test } from 'vitest';
import { nextWorkingMoment } from '../../../src/flow/request/working-hours.ts';

const office = { from: 9 * 60, to: 17 * 60, days: [1, 2, 3, 4, 5], timeZone: 'UTC' };
const next = (at: string, zone: string | null, hours = office) =>
  nextWorkingMoment(new Date(at), hours, zone).toISOString();

describe('the next moment at which somebody works', () => {
  test.each([
    ['at work', '2026-03-02T10:30:00Z', 'UTC', '2026-03-02T10:30:00.000Z'],
    ['as it opens', '2026-03-02T09:00:00Z', 'UTC', '2026-03-02T09:00:00.000Z'],
    ['in the early morning', '2026-03-02T05:00:00Z', 'UTC', '2026-03-02T09:00:00.000Z'],
    ['as it closes', '2026-03-02T17:00:00Z', 'UTC', '2026-03-03T09:00:00.000Z'],
    ['on Friday evening', '2026-03-06T20:00:00Z', 'UTC', '2026-03-09T09:00:00.000Z'],
    ['on Sunday', '2026-03-08T12:00:00Z', 'UTC', '2026-03-09T09:00:00.000Z'],
    [
      'in Tokyo, where it is evening already',
      '2026-03-02T09:30:00Z',
      'Asia/Tokyo',
      '2026-03-03T00:00:00.000Z',
    ],
    [
      'in Los Angeles, where it is still Sunday',
      '2026-03-02T01:00:00Z',
      'America/Los_Angeles',
      '2026-03-02T17:00:00.000Z',
    ],
    [
      'over the night in which the clock goes on',
      '2026-03-27T20:00:00Z',
      'Europe/Berlin',
      '2026-03-30T07:00:00.000Z',
    ],
    [
      'over the night in which it goes back',
      '2026-10-23T20:00:00Z',
      'Europe/Berlin',
      '2026-10-26T08:00:00.000Z',
    ],
    ['in a zone that there is not', '2026-03-02T05:00:00Z', 'Mars/Olympus', '2026-03-02T09:00:00.000Z'],
    ['in no zone', '2026-03-02T05:00:00Z', null, '2026-03-02T09:00:00.000Z'],
  ])('%s', (_what, at, zone, is) => {
    expect(next(at, zone)).toBe(is);
  });

  test('works on Sunday alone', () => {
    expect(next('2026-03-02T10:00:00Z', 'UTC', { ...office, days: [7] })).toBe('2026-03-08T09:00:00.000Z');
    expect(next('2026-03-08T18:00:00Z', 'UTC', { ...office, days: [7] })).toBe('2026-03-15T09:00:00.000Z');
  });
});
