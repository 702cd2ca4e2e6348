import fc from 'fast-check';
import { expect, test } from 'vitest';
import { validateFreeText } from '../../src/model/validate-free-text.ts';

const sheet = {
  text: 'I need to read orders API logs in prod until Friday, to find the stuck orders (INC-4711)',
  candidates: [
    { key: 'orders-read', title: 'Orders API: read', gives: 'reading' },
    { key: 'orders-deploy', title: 'Orders API: deploy', gives: 'deploying' },
  ],
};
const none = { entitlement: null, when: null, reason: null, ticket: null };

test('what stands in the person’s words, in whatever case and blanks, stays', () => {
  expect(
    validateFreeText(
      {
        entitlement: 'orders-read',
        when: 'Until  friday',
        reason: 'to find the stuck orders',
        ticket: 'INC-4711',
      },
      sheet,
    ),
  ).toEqual({
    freeText: {
      entitlementKey: 'orders-read',
      when: 'Until  friday',
      reason: 'to find the stuck orders',
      ticket: 'INC-4711',
    },
    droppedClaims: 0,
  });
});

test.each([
  ['an access that is not a candidate', { entitlement: 'platform-admin' }],
  ['a candidate by its title', { entitlement: 'Orders API: read' }],
  ['a time that nobody wrote', { when: 'until Monday' }],
  ['a time in figures', { when: 'until 2026-03-06' }],
  ['half a word', { when: 'until Fri' }],
  ['a reason in other words', { reason: 'to look for stuck orders' }],
  ['a reason in pieces', { reason: 'I need the stuck orders' }],
  ['a ticket that nobody wrote', { ticket: 'CHG-1' }],
  ['half a ticket', { ticket: 'INC-47' }],
  ['words as a ticket', { ticket: 'stuck orders' }],
  ['a mention', { reason: '<!channel>' }],
])('%s is dropped', (_name, given) => {
  expect(validateFreeText({ ...none, ...given }, sheet)).toEqual({
    freeText: { entitlementKey: null, when: null, reason: null, ticket: null },
    droppedClaims: 1,
  });
});

test('whatever the model says, the form holds only candidates and the person’s own words', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 30 }),
    fc.constantFrom('orders-read', 'until Friday', 'INC-4711', 'to find', '<@U1>', 'API logs', ''),
  );
  const field = fc.option(text, { nil: null });
  const flat = (given: string) => given.normalize('NFKC').replace(/\s+/g, ' ').trim().toLowerCase();
  fc.assert(
    fc.property(
      fc.record({ entitlement: field, when: field, reason: field, ticket: field }),
      text,
      (raw, more) => {
        const asked = { ...sheet, text: `${sheet.text} ${more}` };
        const { freeText } = validateFreeText(raw, asked);
        if (freeText.entitlementKey !== null)
          expect(asked.candidates.map((c) => c.key)).toContain(freeText.entitlementKey);
        for (const said of [freeText.when, freeText.reason, freeText.ticket])
          if (said !== null && /^[\x20-\x7e]*$/.test(said)) expect(flat(asked.text)).toContain(flat(said));
      },
    ),
    { numRuns: 1_000 },
  );
});
