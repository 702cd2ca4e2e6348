import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, test } from 'vitest';
import { slotIn } from '../../../src/flow/digest/slot.ts';
import { seedOfRun } from '../../seed-of-run.ts';

const monday9 = { digest: { weekday: 1, minute: 540, unusedSeconds: 1 } };
const DAY_MS = 86_400_000;
const berlin = { directory: 'Europe/Berlin', chat: null };

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
  const slot = slotIn({ directory: zone, chat: null }, monday9, new Date(now));
  expect({ week: slot.week, dueAt: slot.dueAt.toISOString(), isOpen: slot.isOpen }).toEqual(expected);
});

test('a time that the change of clocks leaves out is the next that there is', () => {
  const sunday230 = { digest: { weekday: 7, minute: 150, unusedSeconds: 1 } };
  const slot = slotIn(berlin, sunday230, new Date('2026-03-29T01:30:00Z'));
  expect([slot.week, slot.dueAt.toISOString(), slot.isOpen]).toEqual([
    '2026-03-29',
    '2026-03-29T01:30:00.000Z',
    true,
  ]);
});

test('a time that comes twice is due once', () => {
  const sunday230 = { digest: { weekday: 7, minute: 150, unusedSeconds: 1 } };
  const [first, again] = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((now) =>
    slotIn(berlin, sunday230, new Date(now)),
  );
  expect(first?.week).toBe('2026-10-25');
  expect(again).toEqual(first);
});

test.each([
  ['the directory’s', { directory: 'Asia/Tokyo', chat: 'Europe/Berlin' }, 'Asia/Tokyo', 'directory'],
  [
    'Slack’s where the directory has none',
    { directory: null, chat: 'Europe/Berlin' },
    'Europe/Berlin',
    'chat',
  ],
  [
    'Slack’s where the directory has one that there is not',
    { directory: 'CET/Nowhere', chat: 'Europe/Berlin' },
    'Europe/Berlin',
    'chat',
  ],
  ['UTC where neither has one', { directory: null, chat: 'Mars/Olympus' }, 'UTC', 'neither'],
])('the time zone is %s', (_, zones, zone, zoneFrom) => {
  expect(slotIn(zones, monday9, new Date('2026-11-30T09:00:00Z'))).toMatchObject({ zone, zoneFrom });
});

const workingHours = { from: 600, to: 960, days: [2, 3, 4, 5, 6], timeZone: 'Asia/Dubai' };

test.each([
  ['Monday at nine is a day off', '2026-11-30T09:00:00+01:00', false],
  ['Tuesday at nine they do not work yet', '2026-12-01T09:59:00+01:00', false],
  ['Tuesday at ten they do', '2026-12-01T10:00:00+01:00', true],
  ['in the evening they do not', '2026-12-01T16:00:00+01:00', false],
  ['Thursday at ten it is not too late: it counts from when they work', '2026-12-03T10:00:00+01:00', true],
  ['Friday it is', '2026-12-04T10:00:00+01:00', false],
])('with working hours in the catalogue: %s', (_, now, isOpen) => {
  const slot = slotIn(berlin, { ...monday9, workingHours }, new Date(now));
  expect([slot.week, slot.isOpen]).toEqual(['2026-11-30', isOpen]);
});

test('with working hours their time zone counts where nobody’s is known', () => {
  const slot = slotIn({ directory: null, chat: null }, { ...monday9, workingHours }, new Date());
  expect([slot.zone, slot.zoneFrom]).toEqual(['Asia/Dubai', 'neither']);
});

/** Zones whose clocks change, also by half an hour and at midnight. */
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Havana',
  'Asia/Beirut',
  'Africa/Casablanca',
  'Pacific/Chatham',
];

/** Three weeks around each change of the clocks in a year, in steps of an hour: a slot is open for one at least. */
function aroundChanges(zone: string): number[][] {
  const offset = (ms: number) => DateTime.fromMillis(ms, { zone }).offset;
  const days = Array.from({ length: 366 }, (_, n) => Date.UTC(2026, 0, 1) + n * DAY_MS);
  const changes = days.filter((day) => offset(day) !== offset(day + DAY_MS));
  return changes.map((day) => Array.from({ length: 21 * 24 }, (_, h) => day - 10 * DAY_MS + h * 3_600_000));
}

test.each(zones)('in %s every week has one digest, and a change of the clocks makes no second', (zone) => {
  const drawn = fc.sample(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 80 })), {
    numRuns: 2,
    seed: seedOfRun(`digests in ${zone}`),
  });
  const spans = aroundChanges(zone);
  for (const [i, [weekday, quarter]] of drawn.entries()) {
    const digest = { weekday, minute: 15 * quarter, unusedSeconds: 1 };
    const times = { digest, ...(i === 0 ? { workingHours: { ...workingHours, timeZone: zone } } : {}) };
    for (const span of spans) {
      const [due, known] = [new Set<string>(), new Set<string>()];
      const open = new Set<string>();
      for (const at of span) {
        const slot = slotIn({ directory: zone, chat: null }, times, new Date(at));
        // The same week is always due at the same moment: looked at twice, it is one digest.
        due.add(`${slot.week} ${slot.dueAt.getTime()}`);
        known.add(slot.week);
        if (slot.isOpen) open.add(slot.week);
      }
      expect(due.size, JSON.stringify(times)).toBe(known.size);
      const weeks = [...open].sort().map((week) => Date.parse(week) / DAY_MS);
      const apart = weeks.slice(1).map((day, n) => day - (weeks[n] ?? 0));
      expect(apart, JSON.stringify(times)).toEqual(apart.map(() => 7));
      expect(weeks.length, JSON.stringify(times)).toBeGreaterThanOrEqual(2);
    }
  }
});
