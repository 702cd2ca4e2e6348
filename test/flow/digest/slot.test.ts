import { expect, test } from 'vitest';
import { slotIn } from '../../../src/flow/digest/slot.ts';

const monday9 = { weekday: 1, minute: 540, unusedSeconds: 1 };

test.each<[string, string | null, string, { week: string; dueAt: string; isOpen: boolean }]>([
  [
    'nine in Berlin in winter',
    'Europe/Berlin',
    '2026-11-30T08:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T08:00:00.000Z', isOpen: true },
  ],
  [
    'a minute before',
    'Europe/Berlin',
    '2026-11-30T07:59:00Z',
    { week: '2026-11-23', dueAt: '2026-11-23T08:00:00.000Z', isOpen: false },
  ],
  [
    'nine in Berlin in summer',
    'Europe/Berlin',
    '2026-07-06T07:00:00Z',
    { week: '2026-07-06', dueAt: '2026-07-06T07:00:00.000Z', isOpen: true },
  ],
  [
    'the Monday after the clocks went forward',
    'Europe/Berlin',
    '2026-03-30T07:00:00Z',
    { week: '2026-03-30', dueAt: '2026-03-30T07:00:00.000Z', isOpen: true },
  ],
  [
    'the Monday after the clocks went back',
    'America/New_York',
    '2026-11-02T14:00:00Z',
    { week: '2026-11-02', dueAt: '2026-11-02T14:00:00.000Z', isOpen: true },
  ],
  [
    'Kathmandu, a quarter of an hour off',
    'Asia/Kathmandu',
    '2026-11-30T03:15:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T03:15:00.000Z', isOpen: true },
  ],
  [
    'Kiritimati, a day ahead',
    'Pacific/Kiritimati',
    '2026-11-29T19:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-29T19:00:00.000Z', isOpen: true },
  ],
  [
    'no zone',
    null,
    '2026-11-30T09:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T09:00:00.000Z', isOpen: true },
  ],
  [
    'a zone that nobody knows',
    'Mars/Olympus',
    '2026-11-30T09:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T09:00:00.000Z', isOpen: true },
  ],
  [
    'Latchkey was away until Monday night: not at night',
    'Europe/Berlin',
    '2026-11-30T22:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T08:00:00.000Z', isOpen: false },
  ],
  [
    'and on Tuesday morning',
    'Europe/Berlin',
    '2026-12-01T08:30:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T08:00:00.000Z', isOpen: true },
  ],
  [
    'on Thursday it says nothing any more',
    'Europe/Berlin',
    '2026-12-03T09:00:00Z',
    { week: '2026-11-30', dueAt: '2026-11-30T08:00:00.000Z', isOpen: false },
  ],
])('%s', (_, zone, now, expected) => {
  const slot = slotIn(zone, monday9, new Date(now));
  expect({ week: slot.week, dueAt: slot.dueAt.toISOString(), isOpen: slot.isOpen }).toEqual(expected);
});

test('a time that the change of clocks leaves out is the next that there is', () => {
  const sunday230 = { weekday: 7, minute: 150, unusedSeconds: 1 };
  const slot = slotIn('Europe/Berlin', sunday230, new Date('2026-03-29T01:30:00Z'));
  expect([slot.week, slot.dueAt.toISOString(), slot.isOpen]).toEqual([
    '2026-03-29',
    '2026-03-29T01:30:00.000Z',
    true,
  ]);
});

test('a time that comes twice is due once', () => {
  const sunday230 = { weekday: 7, minute: 150, unusedSeconds: 1 };
  const [first, again] = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((now) =>
    slotIn('Europe/Berlin', sunday230, new Date(now)),
  );
  expect(first?.week).toBe('2026-10-25');
  expect(again).toEqual(first);
});
