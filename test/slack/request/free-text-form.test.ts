import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Draft } from '../../../src/flow/request/free-text/draft.ts';
import { viewComplaints } from '../../../src/sandbox/slack/block-kit.ts';
import { requestModal } from '../../../src/slack/request/form.ts';
import { filledIn } from '../../../src/slack/request/free-text-form.ts';
import { entitlement, later } from '../../core/given.ts';
import { interpretedTexts, isVerbatim, oddText, unmeantMarkup } from '../odd-text.ts';

const one = entitlement();
const read: Draft['read'] = {
  answered: true,
  provenance: {
    model: 'm',
    promptId: 'free-text',
    promptVersion: 1,
    inputTokens: 1,
    outputTokens: 1,
    latencyMs: 1,
    droppedClaims: 0,
  },
};
const draft = (rest: Partial<Draft> = {}): Draft => ({
  entitlement: one,
  candidates: [one],
  seconds: 3_600,
  startsAt: null,
  until: null,
  isCut: false,
  isForever: false,
  words: 'trace the stuck orders for INC-4711',
  reason: 'Trace the stuck orders',
  ticket: 'INC-4711',
  endsWithTicket: false,
  read,
  ...rest,
});
const form = (given: Draft) => filledIn(requestModal([one], given.entitlement), given);
const durationOf = (given: Draft) =>
  (
    form(given).blocks.find((b) => b.block_id === 'duration') as
      | { element: { initial_option: { value: string }; options: { value: string }[] } }
      | undefined
  )?.element;

test('from when they wrote stands in its field, and above it where that comes from', () => {
  const startOf = (given: Draft) =>
    form(given).blocks.find((b) => b.block_id === 'start') as { element: { initial_date_time?: number } };
  const startsAt = new Date('2026-03-09T08:00:00Z');
  expect(startOf(draft({ startsAt })).element.initial_date_time).toBe(startsAt.getTime() / 1_000);
  expect(JSON.stringify(form(draft({ startsAt })).blocks[0])).toContain(
    `From when: <!date^${startsAt.getTime() / 1_000}^`,
  );
  expect(startOf(draft()).element).not.toHaveProperty('initial_date_time');
  expect(viewComplaints(form(draft({ startsAt })))).toEqual([]);
});

test('a time that is offered is chosen, one that is not is offered too', () => {
  expect(durationOf(draft())).toMatchObject({ initial_option: { value: '3600' }, options: { length: 2 } });
  expect(durationOf(draft({ seconds: 309_600 }))).toMatchObject({
    initial_option: { value: '309600' },
    options: [{ value: '309600' }, {}, {}],
  });
  expect(durationOf(draft({ seconds: null }))?.initial_option.value).toBe(String(one.defaultSeconds));
  expect(durationOf(draft({ entitlement: null }))).toBeUndefined();
});

test.each([
  ['filled in', draft({ until: later(3_600) }), ['Look it over', 'as you wrote']],
  ['cut to what is allowed', draft({ isCut: true }), ['the longest there is, is less than you wrote']],
  [
    'without an end',
    draft({ isCut: true, isForever: true }),
    ['is the longest there is; nothing is given for ever'],
  ],
  [
    'without an end, of nothing yet',
    draft({ entitlement: null, isForever: true }),
    ['Nothing is given for ever'],
  ],
  ['not clear', draft({ entitlement: null }), ['not clear which access']],
  [
    'not read',
    draft({ entitlement: null, read: { answered: false, why: 'slow' } }),
    ['could not read that by itself', 'You wrote: trace the stuck orders'],
  ],
])('%s: it says so', (_name, given, words) => {
  for (const part of words) expect(JSON.stringify(form(given).blocks)).toContain(part);
});

test('whatever was written: Slack takes the form, and interprets nothing of it', () => {
  fc.assert(
    fc.property(
      fc.record({
        reason: oddText(1_000),
        ticket: fc.option(oddText(100), { nil: null }),
        title: oddText(75),
        seconds: fc.option(fc.integer({ min: 60, max: 604_800 }), { nil: null }),
        isChosen: fc.boolean(),
      }),
      ({ reason, ticket, title, seconds, isChosen }) => {
        const odd = entitlement({ title });
        const view = filledIn(
          requestModal([odd], isChosen ? odd : null),
          draft({ entitlement: isChosen ? odd : null, candidates: [odd], reason, ticket, seconds }),
        );
        expect(viewComplaints(view)).toEqual([]);
        for (const shown of interpretedTexts(view)) expect(unmeantMarkup(shown)).toEqual([]);
        expect(isVerbatim(view)).toBe(true);
      },
    ),
  );
});
