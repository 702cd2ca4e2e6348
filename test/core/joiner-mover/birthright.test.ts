import { describe, expect, test } from 'vitest';
import type { ChangeId, EntitlementKey, GrantId } from '../../../src/core/ids.ts';
import {
  asGiven,
  birthrightAsked,
  birthrightClosed,
  birthrightEvents,
  birthrightsOf,
  choiceOf,
  noLongerNeeded,
  renewAheadSeconds,
} from '../../../src/core/joiner-mover/birthright.ts';
import type { Conflict } from '../../../src/core/policy/separation.ts';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { asks, entitlement, later, person, T0, target } from '../given.ts';

const hold = { text: 'a trainee', clause: 'AC-8', needs: 'person' } as const;
const conflict: Conflict = {
  with: 'payments-api-read' as EntitlementKey,
  title: 'Payments API',
  how: 'held',
  because: null,
  text: 'kept apart',
};

describe('what becomes of what rules would give', () => {
  test.each<[string, Verdict, ReturnType<typeof choiceOf>]>([
    ['allowed by rule', { effect: 'autoApprove', grounds: [] }, 'given'],
    ['forbidden to ask for', { effect: 'refuse', grounds: [] }, 'withheld'],
    ['forbidden to be given by rule', asks, 'withheld'],
    ['held', { ...asks, holds: [hold] }, 'asked'],
    ['must be kept apart from what they have', { ...asks, conflicts: [conflict] }, 'asked'],
    ['can’t be evaluated', { ...asks, unsure: ['a rule: needs the hour, which is not known'] }, 'asked'],
    ['nothing out of the ordinary', { ...asks, holds: [], conflicts: [], unsure: [] }, 'withheld'],
    ['forbidden, though also held', { effect: 'refuse', grounds: [], holds: [hold] }, 'withheld'],
  ])('%s: %s', (_, verdict, choice) => {
    expect(choiceOf(verdict)).toBe(choice);
  });

  test('who has moved meanwhile does not get it any more; a request is another matter', () => {
    const given = entitlement({ birthright: { departments: ['Support'] } });
    expect(noLongerNeeded({ cause: 'birthright' }, given, 'Support')).toBeNull();
    expect(noLongerNeeded({ cause: 'renewal' }, given, 'Sales')).toBe('rules do not give it in Sales');
    expect(noLongerNeeded({ cause: 'birthright' }, given, null)).toBe(
      'rules do not give it without a department',
    );
    expect(noLongerNeeded({ cause: 'request' }, given, 'Sales')).toBeNull();
  });
});

describe('what rules give', () => {
  const support = entitlement({ birthright: { departments: ['Support', 'Sales'] } });
  const facts = {
    changeId: 'change-1' as ChangeId,
    personId: person('ines'),
    department: 'Support',
    entitlement: support,
    target,
    isRenewal: false,
    now: T0,
  };
  const base = { changeId: 'change-1', at: T0, actor: { part: 'latchkey' } };
  const received = {
    ...base,
    type: 'changeReceived',
    kind: 'grant',
    cause: 'birthright',
    entitlementKey: 'orders',
    personId: person('ines'),
    requesterId: null,
    reason: 'everybody in Support has it',
    ticket: null,
    requestedSeconds: 604_800,
    target,
    via: 'rule',
    lapsesAt: null,
  };
  const given = { ...facts, grantId: 'grant-1' as GrantId, verdict: asks };

  test('is for everybody of the department, and for nobody without one', () => {
    const catalogue = { entitlements: [entitlement(), support] };
    expect(birthrightsOf(catalogue, 'Sales')).toEqual([support]);
    expect(birthrightsOf(catalogue, 'Orders')).toEqual([]);
    expect(birthrightsOf(catalogue, null)).toEqual([]);
  });

  test('is put to the rules as open to everybody and needing nobody', () => {
    const narrow = entitlement({ requestableBy: { people: ['x@acme.example'] }, autoApprove: false });
    expect(asGiven(narrow)).toEqual({ ...narrow, autoApprove: true, requestableBy: 'everyone' });
  });

  test('is given by rule for as long as the catalogue allows', () => {
    expect(birthrightEvents(given)).toEqual([
      received,
      {
        ...base,
        type: 'changeApproved',
        target,
        verdict: {
          ...asks,
          grounds: [{ text: 'birthright: everybody in Support has it', clause: 'AC-3' }, ...asks.grounds],
        },
        decision: {
          outcome: 'approved',
          by: null,
          byName: 'rule',
          at: T0,
          note: 'everybody in Support has it',
          clickId: null,
        },
        grant: { id: 'grant-1', startsAt: T0, endsAt: later(604_800) },
      },
    ]);
  });

  test('without a clause where none is named, and as a renewal where they have it', () => {
    const plain = { ...given, isRenewal: true, entitlement: { ...support, clauses: [] } };
    expect(birthrightEvents(plain)).toMatchObject([
      { cause: 'renewal' },
      { verdict: { grounds: [{ clause: null }, {}] } },
    ]);
  });

  test('is put to a person like a request that nobody made, and lapses like one', () => {
    expect(birthrightAsked(facts, 3_600)).toEqual([{ ...received, lapsesAt: later(3_600) }]);
  });

  test('is closed undecided when they move', () => {
    expect(birthrightClosed('change-1' as ChangeId, 'they are in Sales now', T0)).toEqual({
      ...base,
      type: 'requestClosed',
      decision: {
        outcome: 'closed',
        by: null,
        byName: 'Latchkey',
        at: T0,
        note: 'they are in Sales now',
        clickId: null,
      },
    });
  });

  test('is renewed a quarter of its length ahead, two days at most', () => {
    expect(renewAheadSeconds(8 * 3_600)).toBe(2 * 3_600);
    expect(renewAheadSeconds(30 * 86_400)).toBe(2 * 86_400);
  });
});
