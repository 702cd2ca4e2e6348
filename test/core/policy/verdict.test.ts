import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Tier } from '../../../src/core/policy/catalogue.ts';
import { mayRequest } from '../../../src/core/policy/catalogue.ts';
import { evaluateRequest, type RequestFacts } from '../../../src/core/policy/verdict.ts';
import { loadPolicy } from '../../../src/policy/policy-folder.ts';
import { entitlement, ruleOfOne } from '../given.ts';

const { rules } = await loadPolicy('policy');

const ines = { email: 'ines@acme.example', department: 'Orders', isActive: true };

function facts(rest: Partial<RequestFacts> = {}): RequestFacts {
  return {
    entitlement: entitlement(),
    beneficiary: ines,
    requestedSeconds: 3_600,
    isForSomebodyElse: false,
    conflicts: [],
    ...rest,
  };
}

function nowhere(rest: Partial<RequestFacts>): RequestFacts {
  const { location: _, ...known } = facts(rest);
  return { ...known, isAskedFor: true };
}

test.each([
  ['somebody inactive', facts({ beneficiary: { ...ines, isActive: false } }), 'refuse', /not active/],
  [
    'somebody of another department',
    facts({ entitlement: entitlement({ requestableBy: { departments: ['Payments'] } }) }),
    'refuse',
    /not open to Orders/,
  ],
  ['more than the maximum', facts({ requestedSeconds: 604_801 }), 'refuse', /longer than the 7 days/],
  ['the maximum itself', facts({ requestedSeconds: 604_800 }), 'ask', /within the 7 days/],
  ['tier medium', facts(), 'ask', /medium tier: a person decides/],
  [
    'tier low with auto-approval',
    facts({ entitlement: entitlement({ tier: 'low', autoApprove: true }) }),
    'autoApprove',
    /approved by rule/,
  ],
  ['tier low without', facts({ entitlement: entitlement({ tier: 'low' }) }), 'ask', /a person decides/],
  [
    'tier low with auto-approval, for somebody else',
    facts({ entitlement: entitlement({ tier: 'low', autoApprove: true }), isForSomebodyElse: true }),
    'ask',
    /a person decides/,
  ],
  [
    'a catalogue that lets tier critical through, which the file would refuse',
    facts({ entitlement: entitlement({ tier: 'critical', autoApprove: true }) }),
    'ask',
    /a person decides/,
  ],
  [
    'tier low with auto-approval, asked for from nowhere known',
    nowhere({ entitlement: entitlement({ tier: 'low', autoApprove: true }) }),
    'ask',
    /not known from where they signed in, so a person decides/,
  ],
  [
    'the same, which nobody asks for',
    facts({ entitlement: entitlement({ tier: 'low', autoApprove: true }), isAskedFor: false }),
    'autoApprove',
    /approved by rule/,
  ],
  [
    'tier high that one may approve, asked for from nowhere known',
    nowhere({ entitlement: entitlement({ tier: 'high' }), hasTicket: true }),
    'ask',
    /not known from where they signed in, so .* is decided by two; high tier: two people decide/,
  ],
  [
    'the same from where the company works',
    facts({
      entitlement: entitlement({ tier: 'high' }),
      isAskedFor: true,
      location: 'Germany',
      hasTicket: true,
    }),
    'ask',
    /high tier: a person decides/,
  ],
  [
    'two of them, by the catalogue',
    facts({
      entitlement: entitlement({
        approvers: ruleOfOne('any', 2, { manager: true }, { owner: true }),
      }),
    }),
    'ask',
    /medium tier: two people decide$/,
  ],
  [
    'each of them, by the catalogue',
    facts({
      entitlement: entitlement({
        approvers: ruleOfOne('all', 1, { manager: true }, { owner: true }),
      }),
    }),
    'ask',
    /medium tier: the manager and the owner decide$/,
  ],
])('%s', (_given, given, effect, says) => {
  const verdict = evaluateRequest(given, rules);
  expect(verdict.effect).toBe(effect);
  expect(verdict.grounds.map((g) => g.text).join('; ')).toMatch(says);
});

test('whatever is asked: grounds always, never by rule above tier low, never anything but refused over the maximum', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Tier>('low', 'medium', 'high', 'critical'),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 2_000_000 }),
      (tier, autoApprove, isActive, isForSomebodyElse, requestedSeconds) => {
        const one = entitlement({ tier, autoApprove });
        const verdict = evaluateRequest(
          facts({
            entitlement: one,
            beneficiary: { ...ines, isActive },
            isForSomebodyElse,
            requestedSeconds,
          }),
          rules,
        );
        expect(verdict.grounds.length).toBeGreaterThan(0);
        if (verdict.effect === 'autoApprove')
          expect([tier, isActive, isForSomebodyElse]).toEqual(['low', true, false]);
        if (!isActive || requestedSeconds > one.maxSeconds) expect(verdict.effect).toBe('refuse');
      },
    ),
  );
});

describe('who may ask', () => {
  test.each([
    ['everyone', 'everyone' as const, ines, true],
    ['by department', { departments: ['Orders'] }, ines, true],
    ['by another department', { departments: ['Payments'] }, ines, false],
    ['by name, however it is written', { people: ['INES@acme.example'] }, ines, true],
    ['nobody named', {}, ines, false],
    ['no department', { departments: ['Orders'] }, { email: 'x@acme.example', department: null }, false],
  ])('%s', (_rule, who, somebody, may) => {
    expect(mayRequest(who, somebody)).toBe(may);
  });
});
