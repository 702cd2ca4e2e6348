import { expect, test } from 'vitest';
import { isUnusedFor, type UsageFacts, usageOf } from '../../../src/core/usage/usage.ts';

const now = new Date('2026-11-30T09:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const MONTH = 30 * 86_400;

const signIns = (since: number, checked: number): UsageFacts['signIns'] => [
  { source: 'anypointUsers', sinceAt: daysAgo(since), checkedAt: daysAgo(checked) },
];
const used = (days: number): UsageFacts['last'] => ({
  at: daysAgo(days),
  source: 'anypointUsers',
  what: null,
});

test.each<[string, UsageFacts, boolean | null]>([
  ['a use last week', { last: used(7), signIns: signIns(90, 0), troubles: [] }, false],
  [
    'a use long ago, and nothing can have been missed',
    { last: used(31), signIns: signIns(90, 0), troubles: [] },
    true,
  ],
  [
    'a use long ago, and sign-ins were read two days ago',
    { last: used(31), signIns: signIns(90, 2), troubles: [] },
    null,
  ],
  ['a use long ago, and sign-ins are not read at all', { last: used(31), signIns: [], troubles: [] }, null],
  [
    'no use in a record that goes far enough back',
    { last: null, signIns: signIns(31, 0), troubles: [] },
    true,
  ],
  ['no use in a record that began last week', { last: null, signIns: signIns(7, 0), troubles: [] }, null],
  ['nothing known of the person', { last: null, signIns: [], troubles: [] }, null],
  ['a record that can’t be read', { last: null, signIns: [], troubles: ['the audit log refuses'] }, null],
])('%s', (_, facts, expected) => {
  expect(isUnusedFor(usageOf(facts, now), MONTH, now)).toBe(expected);
});

test('what could not be checked says why', () => {
  const usage = usageOf(
    { last: null, signIns: [], troubles: ['Anypoint’s audit log could not be read'] },
    now,
  );
  expect(usage).toEqual({ known: 'unknown', why: 'Anypoint’s audit log could not be read' });
});
