import { expect, test } from 'vitest';
import { awayIn } from '../../src/slack/away-status.ts';

const MONDAY = 1_782_000_000;
const until = new Date(MONDAY * 1_000);

test.each<[string, string, number, ReturnType<typeof awayIn>]>([
  [':palm_tree:', 'Vacationing', MONDAY, { until }],
  [':face_with_thermometer:', 'Out sick', MONDAY, { until }],
  [':spiral_calendar_pad:', 'Out of office', MONDAY, { until }],
  [':date:', 'OOO until Monday', MONDAY, { until }],
  ['', 'im Urlaub', MONDAY, { until }],
  [':palm_tree:', '', 0, { until: null }],
  [':spiral_calendar_pad:', 'In a meeting', MONDAY, null],
  [':house_with_garden:', 'Working remotely', MONDAY, null],
  [':bus:', 'Commuting', MONDAY, null],
  [':palm_tree:', 'Back from vacation', MONDAY, null],
  [':hamburger:', 'Lunch', MONDAY, null],
  [':fire:', 'footoooo', MONDAY, null],
  ['', '', 0, null],
])('%s %s', (status_emoji, status_text, status_expiration, away) => {
  expect(awayIn({ status_emoji, status_text, status_expiration })).toEqual(away);
});

test('no profile at all says nothing', () => {
  expect(awayIn(undefined)).toBeNull();
});
