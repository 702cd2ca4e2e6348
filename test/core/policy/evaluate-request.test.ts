import { describe, expect, test } from 'vitest';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import type { ApproverSource, Entitlement } from '../../../src/core/policy/catalogue.ts';
import type { Conflict } from '../../../src/core/policy/separation.ts';
import {
  evaluateRequest,
  type Need,
  quorumUnder,
  type RequestFacts,
  type RuleAnswer,
  type RuledAction,
  type RuleHit,
  type Rules,
  recall,
  ruledOut,
} from '../../../src/core/policy/verdict.ts';
import { entitlement, ruleOfOne } from '../given.ts';

const hit = (rule: string, needs: Need | null = null): RuleHit => ({
  rule,
  clause: 'AC-7',
  text: `says ${rule}`,
  needs,
});
const ground = (rule: string) => ({ text: `says ${rule}`, clause: 'AC-7', rule });
const allowed = (...hits: RuleHit[]): RuleAnswer => ({ isAllowed: true, hits, errors: [] });
const forbidden = (...hits: RuleHit[]): RuleAnswer => ({ isAllowed: false, hits, errors: [] });
const failed = (rule: string): RuleAnswer => ({
  isAllowed: false,
  hits: [],
  errors: [{ rule, why: 'the hour is not known' }],
});

/** Rules that answer as the test says; what is not said is permitted, and nothing is held. */
function ruling(said: Partial<Record<RuledAction, RuleAnswer>>): Rules {
  return {
    fingerprint: 'p1',
    looksAt: new Set(),
    answer: (action) => said[action] ?? (action === 'hold' ? forbidden() : allowed()),
  };
}

const beneficiary = { email: 'ines@acme.example', department: 'Orders', isActive: true };
const conflict: Conflict = {
  with: 'payments' as EntitlementKey,
  title: 'Payments API',
  how: 'held',
  because: null,
  text: 'holds Payments API',
};
function facts(rest: Partial<RequestFacts> = {}, of: Partial<Entitlement> = {}): RequestFacts {
  return {
    entitlement: entitlement({ tier: 'low', ...of }),
    beneficiary,
    requestedSeconds: 3_600,
    isForSomebodyElse: false,
    ...rest,
  };
}
const kept = {
  facts: { entitlementKey: 'orders', beneficiary, requestedSeconds: 3_600, isForSomebodyElse: false },
  policy: 'p1',
};
const within = { text: '1 hour is within the 7 days allowed', clause: 'AC-3' };
const byPerson = { text: 'low tier: a person decides', clause: 'AC-3' };
const byRule = { text: 'low tier: approved by rule', clause: 'AC-3' };

describe('what the rules say comes to', () => {
  test('allowed by rule, with every rule that made it so', () => {
    const rules = ruling({ request: allowed(hit('a')), autoApprove: allowed(hit('b')) });
    expect(evaluateRequest(facts(), rules)).toEqual({
      effect: 'autoApprove',
      grounds: [within, ground('a'), ground('b'), byRule],
      ...kept,
    });
  });

  test('refused by all that forbid it', () => {
    const rules = ruling({ request: forbidden(hit('a'), hit('b')) });
    expect(evaluateRequest(facts(), rules)).toEqual({
      effect: 'refuse',
      grounds: [ground('a'), ground('b')],
      ...kept,
    });
  });

  test('refused where nothing allows it', () => {
    expect(evaluateRequest(facts(), ruling({ request: forbidden() }))).toEqual({
      effect: 'refuse',
      grounds: [{ text: 'no rule allows it', clause: 'AC-3' }],
      ...kept,
    });
    const bare = facts({}, { clauses: [] });
    expect(evaluateRequest(bare, ruling({ request: forbidden() })).grounds).toEqual([
      { text: 'no rule allows it', clause: null },
    ]);
  });

  test('a rule that forbids stands, whatever other rules fail', () => {
    const both = { ...forbidden(hit('a')), errors: failed('b').errors };
    expect(evaluateRequest(facts(), ruling({ request: both }))).toMatchObject({
      effect: 'refuse',
      grounds: [ground('a')],
    });
  });

  test.each<[what: string, said: Partial<Record<RuledAction, RuleAnswer>>, failing: string]>([
    ['whether it may be asked for', { request: failed('r1') }, 'r1'],
    ['whether it is held', { hold: failed('r2') }, 'r2'],
    ['whether it is given by rule', { autoApprove: failed('r3') }, 'r3'],
    [
      'whether it is given by rule, though another permits',
      { autoApprove: { ...failed('r3'), isAllowed: true } },
      'r3',
    ],
  ])('what can’t be evaluated is a person’s to decide: %s', (_what, said, failing) => {
    expect(evaluateRequest(facts(), ruling(said))).toEqual({
      effect: 'ask',
      grounds: [
        within,
        { text: 'a rule can’t be evaluated: the hour is not known', clause: null, rule: failing },
        byPerson,
      ],
      unsure: [`${failing}: the hour is not known`],
      ...kept,
    });
  });

  test('rules that do not answer at all leave it to a person', () => {
    const rules: Rules = {
      ...ruling({}),
      answer: () => {
        throw new Error('out of memory');
      },
    };
    expect(evaluateRequest(facts(), rules)).toMatchObject({
      effect: 'ask',
      unsure: [
        'request: the rules did not answer (out of memory)',
        'hold: the rules did not answer (out of memory)',
      ],
    });
  });

  test('not given by rule, by those that say so', () => {
    expect(evaluateRequest(facts(), ruling({ autoApprove: forbidden(hit('a')) }))).toEqual({
      effect: 'ask',
      grounds: [within, ground('a'), byPerson],
      ...kept,
    });
  });
});

describe('what holds it', () => {
  test('is said, and takes a person', () => {
    const rules = ruling({ hold: allowed(hit('a'), hit('b', 'secondApprover')) });
    expect(evaluateRequest(facts(), rules)).toEqual({
      effect: 'ask',
      grounds: [within, ground('a'), ground('b'), { text: 'low tier: two people decide', clause: 'AC-3' }],
      holds: [
        { ...ground('a'), needs: 'person' },
        { ...ground('b'), needs: 'secondApprover' },
      ],
      ...kept,
    });
  });

  test('a step up that nobody can prove yet is said to whoever decides', () => {
    const verdict = evaluateRequest(facts(), ruling({ hold: allowed(hit('a', 'stepUp')) }));
    expect(verdict.grounds).toEqual([
      within,
      ground('a'),
      {
        text: 'whoever approves signs in afresh',
        clause: null,
      },
      byPerson,
    ]);
  });

  test('rules that would hold it and are overruled hold nothing', () => {
    expect(evaluateRequest(facts(), ruling({ hold: forbidden(hit('a', 'person')) })).effect).toBe(
      'autoApprove',
    );
  });
});

describe('the floor beneath the rules', () => {
  const willing = ruling({});

  test.each<[what: string, given: RequestFacts]>([
    ['a tier above low', facts({}, { tier: 'medium' })],
    ['for somebody else', facts({ isForSomebodyElse: true })],
    ['a conflict', facts({ conflicts: [conflict] })],
  ])('never given by rule: %s', (_what, given) => {
    expect(evaluateRequest(given, willing).effect).toBe('ask');
  });

  test.each<[what: string, extended: Partial<RequestFacts>, effect: string, why?: string]>([
    ['what was given like any other goes on by rule', {}, 'autoApprove'],
    [
      'an emergency does not',
      { extendsEmergency: true },
      'ask',
      'what it extends was taken in an emergency, without approval',
    ],
    [
      'what ends with a ticket does not go on without it',
      { leavesTicket: 'INC-4711' },
      'ask',
      'what it extends ends when INC-4711 is closed, and this would not',
    ],
  ])('extended without approval, as the catalogue says: %s', (_what, extended, effect, why) => {
    const verdict = evaluateRequest(
      facts({ isExtension: true, ...extended }, { tier: 'medium', extensionApproval: 'never' }),
      willing,
    );
    expect(verdict.effect).toBe(effect);
    expect(verdict.holds?.map(({ text }) => text)).toEqual(why === undefined ? undefined : [why]);
  });

  test('a conflict is kept with the verdict', () => {
    expect(evaluateRequest(facts({ conflicts: [conflict] }), willing).conflicts).toEqual([conflict]);
    expect(evaluateRequest(facts({ conflicts: [] }), willing)).not.toHaveProperty('conflicts');
  });

  test.each<[given: RequestFacts, why: string]>([
    [
      facts({ beneficiary: { ...beneficiary, isActive: false } }),
      'the person is not active in the identity provider',
    ],
    [facts({}, { requestableBy: { departments: ['Sales'] } }), 'Orders API is not open to Orders'],
    [
      facts(
        { beneficiary: { ...beneficiary, department: null } },
        { requestableBy: { departments: ['Sales'] } },
      ),
      'Orders API is not open to this department',
    ],
    [facts({ requestedSeconds: 691_200 }), '8 days is longer than the 7 days allowed'],
  ])('refused whatever the rules say', (given, why) => {
    const verdict = evaluateRequest(given, willing);
    expect(verdict).toMatchObject({
      effect: 'refuse',
      grounds: [{ text: why, clause: 'AC-3' }],
      policy: 'p1',
    });
  });
});

describe('who decides is said', () => {
  const said = (of: 'any' | 'all', quorum: number, sources: ApproverSource[], needs: Need | null = null) =>
    evaluateRequest(
      facts({}, { tier: 'medium', approvers: ruleOfOne(of, quorum, ...sources) }),
      ruling(needs === null ? {} : { hold: allowed(hit('a', needs)) }),
    ).grounds.at(-1)?.text;
  const one: ApproverSource[] = [{ manager: true }];
  const two: ApproverSource[] = [{ owner: true }, { group: 'security' }];

  test.each<[expected: string, ...Parameters<typeof said>]>([
    ['medium tier: a person decides', 'any', 1, two],
    ['medium tier: three people decide', 'any', 3, two],
    ['medium tier: a person decides', 'all', 1, one],
    ['medium tier: the owner and somebody of security decide', 'all', 1, two],
    [
      'medium tier: the manager and eve@acme.example decide',
      'all',
      1,
      [...one, { person: 'eve@acme.example' }],
    ],
    ['medium tier: the owner and somebody of security among them, three people decide', 'all', 3, two],
    ['medium tier: two people decide', 'any', 1, two, 'secondApprover'],
  ])('%s', (expected, ...rule) => {
    expect(said(...rule)).toBe(expected);
  });

  test('a second approver is one of two at the least', () => {
    const holds = [{ ...ground('a'), needs: 'secondApprover' as const }];
    expect(quorumUnder({ holds }, 1)).toBe(2);
    expect(quorumUnder({ holds }, 3)).toBe(3);
    expect(quorumUnder({ holds: [{ ...ground('a'), needs: 'person' }] }, 1)).toBe(1);
    expect(quorumUnder({ holds: [...holds, { ...ground('b'), needs: 'person' }] }, 1)).toBe(2);
    expect(quorumUnder({}, 1)).toBe(1);
  });
});

describe('whether the rules let somebody approve', () => {
  const who = { email: 'tom@acme.example', department: null, title: null };
  const out = (approve: RuleAnswer) => ruledOut(ruling({ approve }), facts(), who);

  test('is asked of them', () => {
    const asked: unknown[] = [];
    const rules: Rules = {
      ...ruling({}),
      answer: (...all) => {
        asked.push(all);
        return allowed();
      },
    };
    const request = facts();
    ruledOut(rules, request, who);
    expect(asked).toEqual([['approve', request, who]]);
  });

  test.each<[what: string, answer: RuleAnswer, ReturnType<typeof ruledOut>]>([
    ['they may', allowed(hit('a')), null],
    ['a rule forbids it', forbidden(hit('a'), hit('b')), { ...ground('a'), isSure: true }],
    ['nothing allows it', forbidden(), { text: 'no rule allows it', clause: null, isSure: true }],
    [
      'a rule fails',
      failed('a'),
      { text: 'a rule can’t be evaluated: the hour is not known', clause: null, rule: 'a', isSure: false },
    ],
    [
      'a rule fails beside one that permits',
      { ...failed('a'), isAllowed: true, hits: [hit('b')] },
      { text: 'a rule can’t be evaluated: the hour is not known', clause: null, rule: 'a', isSure: false },
    ],
    [
      'a rule forbids it, whatever fails',
      { ...failed('a'), hits: [hit('b')] },
      { ...ground('b'), isSure: true },
    ],
  ])('%s', (_what, answer, expected) => {
    expect(out(answer)).toEqual(expected);
  });
});

test('facts that were kept are put to today’s catalogue', () => {
  const { facts: before } = evaluateRequest(facts({ conflicts: [conflict] }), ruling({}));
  const today = entitlement({ tier: 'high' });
  if (before === undefined) throw new Error('no facts were kept');
  expect(before).toEqual(kept.facts);
  const { entitlementKey: _, ...plain } = before;
  expect(recall(before, today, [conflict])).toEqual({ ...plain, entitlement: today, conflicts: [conflict] });
  expect(recall(before, today, undefined)).toStrictEqual({ ...plain, entitlement: today });
});
