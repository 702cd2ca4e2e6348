import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import type { Entitlement } from '../../../src/core/policy/catalogue.ts';
import { refuse } from '../../../src/core/refusal.ts';
import { viewComplaints } from '../../../src/sandbox/slack/block-kit.ts';
import {
  denyModal,
  entitlementOption,
  extendModal,
  lessModal,
  loadingModal,
  messageModal,
  nothingModal,
  refusalModal,
  requestModal,
  STATIC_OPTIONS_MAX,
} from '../../../src/slack/request/form.ts';
import { entitlement, later } from '../../core/given.ts';
import { interpretedTexts, isVerbatim, oddText, unmeantMarkup } from '../odd-text.ts';

const many = (count: number, rest: Partial<Entitlement> = {}): Entitlement[] =>
  Array.from({ length: count }, (_, i) =>
    entitlement({ key: `e${i}` as EntitlementKey, title: `Entitlement ${i}`, ...rest }),
  );
const key = { change: '00000000-0000-4000-8000-000000000001', round: 1, channel: 'C0000001' };

function expectHarmless(view: unknown): void {
  expect(viewComplaints(view)).toEqual([]);
  for (const shown of interpretedTexts(view)) expect(unmeantMarkup(shown)).toEqual([]);
  expect(isVerbatim(view)).toBe(true);
}

describe('forms that Slack takes', () => {
  const first = entitlement();
  test.each([
    ['loading', loadingModal()],
    ['a message', messageModal('Nothing happened.', 'Try again.')],
    ['a refusal', refusalModal(refuse('guest', 'Guests can’t.', 'Ask your contact.'))],
    [
      'nothing to ask for',
      nothingModal([
        { name: 'Sam Whitaker', accountId: 'U0000005' },
        { name: 'sofia@acme.example', accountId: null },
      ]),
    ],
    ['the request', requestModal([first], null)],
    ['the request, chosen', requestModal([first], first)],
    ['the request, where nobody may ask for later', requestModal([first], first, undefined, false)],
    ['less time', lessModal(key, 'Ines Moreau', 86_400, [3_600, 86_400])],
    ['less time where none is shorter', lessModal(key, 'Ines Moreau', 3_600, [3_600])],
    ['less time of a second', lessModal(key, 'Ines Moreau', 1, [])],
    ['denial', denyModal(key, 'Ines Moreau', 'access-requests')],
  ])('%s', (_name, view) => {
    expectHarmless(view);
  });

  test('a later start is asked for where the catalogue offers it, and keeps its field when the choice changes', () => {
    const startOf = (view: { blocks: { block_id?: string }[] }) =>
      view.blocks.find((b) => b.block_id === 'start');
    expect(startOf(requestModal([first], null))).toEqual(startOf(requestModal([first], first)));
    expect(startOf(requestModal([first], null))).toMatchObject({
      optional: true,
      element: { type: 'datetimepicker', action_id: 'start' },
    });
    expect(startOf(requestModal([first], first, undefined, false))).toBeUndefined();
  });

  test('whatever text is in catalogue, names and reason', () => {
    fc.assert(
      fc.property(
        oddText(75),
        oddText(500),
        oddText(200),
        oddText(1_000),
        fc.boolean(),
        (title, gives, name, reason, shown) => {
          const odd = entitlement({ title, gives });
          const draft = {
            entitlementKey: 'orders',
            forAccountId: 'U0000001',
            reason,
            ticket: name.slice(0, 100),
            seconds: 7,
          };
          for (const view of [
            requestModal([odd], odd),
            extendModal(odd, later(60), draft, shown),
            lessModal(key, name, 86_400, [3_600]),
            denyModal(key, name, 'access-requests'),
            messageModal(reason, name),
            nothingModal([{ name, accountId: null }]),
          ])
            expectHarmless(view);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('many entitlements', () => {
  const elementOf = (view: ReturnType<typeof requestModal>) =>
    (view.blocks[0] as { element: { type: string; options?: unknown[] } }).element;

  test(`up to ${STATIC_OPTIONS_MAX} stand in the form itself`, () => {
    const view = requestModal(many(STATIC_OPTIONS_MAX), null);
    expectHarmless(view);
    expect(elementOf(view)).toMatchObject({ type: 'static_select' });
    expect(elementOf(view).options).toHaveLength(STATIC_OPTIONS_MAX);
  });

  test('more are asked of us while the person types', () => {
    const view = requestModal(many(STATIC_OPTIONS_MAX + 1), null);
    expectHarmless(view);
    expect(elementOf(view)).toMatchObject({ type: 'external_select', min_query_length: 0 });
    expect(elementOf(view).options).toBeUndefined();
  });

  test('an option carries the key and fits', () => {
    const option = entitlementOption(entitlement({ title: 't'.repeat(75), gives: 'g'.repeat(500) }));
    expect(option.value).toBe('orders');
    expect(option.text.text.length).toBeLessThanOrEqual(75);
    expect(option.description?.text.length).toBeLessThanOrEqual(75);
  });
});

describe('what a form offers', () => {
  const durationsOf = (view: { blocks: unknown[] }) =>
    (
      view.blocks as {
        block_id?: string;
        element?: { options?: { value: string }[]; initial_option?: { value: string } };
      }[]
    ).find((b) => b.block_id === 'duration')?.element;

  test('no durations before something is chosen, then its own with its default', () => {
    expect(durationsOf(requestModal([entitlement()], null))).toBeUndefined();
    const element = durationsOf(requestModal([entitlement()], entitlement()));
    expect(element?.options?.map((o) => o.value)).toEqual(['3600', '86400']);
    expect(element?.initial_option?.value).toBe('86400');
  });

  test('less time offers only what is shorter than asked, never none', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 1_000_000 }),
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 20 }),
        (asked, offered) => {
          const seconds =
            durationsOf(lessModal(key, 'Ines', asked, offered))?.options?.map((o) => Number(o.value)) ?? [];
          expect(seconds.length).toBeGreaterThan(0);
          for (const s of seconds) expect(s).toBeLessThan(asked);
        },
      ),
    );
  });

  test('extending begins with the time asked for when it is offered, with the default otherwise', () => {
    const draft = { entitlementKey: 'orders', forAccountId: null, reason: '', ticket: null };
    const initial = (seconds: number) =>
      durationsOf(extendModal(entitlement(), later(60), { ...draft, seconds }, false))?.initial_option?.value;
    expect(initial(3_600)).toBe('3600');
    expect(initial(7)).toBe('86400');
  });
});
