import { readFileSync } from 'node:fs';
import { checkParseContext, checkParseEntities } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EntitlementKey } from '../../src/core/ids.ts';
import {
  evaluateRequest,
  type RequestFacts,
  type Rules,
  ruledActions,
  ruledOut,
  weekdays,
} from '../../src/core/policy/verdict.ts';
import { readRules } from '../../src/policy/cedar-file.ts';
import { cedarRules, question } from '../../src/policy/cedar-rules.ts';
import { entitlement } from '../core/given.ts';

const schema = readFileSync('policy/latchkey.cedarschema', 'utf8');
const clauses = new Set(['AC-1', 'AC-2']);

const OPEN = rule('open', 'permit', 'request', 'true');
const BY_RULE = rule('by-rule', 'permit', 'autoApprove', 'true');
const APPROVE = rule('approvers', 'permit', 'approve', 'true');

function rule(id: string, effect: 'permit' | 'forbid', action: string, when: string, needs = ''): string {
  return `@id("${id}") @clause("AC-1") @says("${id} says so") ${needs}
    ${effect} (principal, action == Action::"${action}", resource) when { ${when} };\n`;
}

function rulesOf(...texts: string[]): Rules {
  const { rules, mistakes } = readRules('tried.cedar', texts.join(''), schema, clauses);
  expect(mistakes).toEqual([]);
  return cedarRules(rules, 'tried');
}

function facts(rest: Partial<RequestFacts> = {}): RequestFacts {
  return {
    entitlement: entitlement({ tier: 'low', autoApprove: true }),
    beneficiary: { email: 'ines@acme.example', department: 'Orders', title: 'Intern', isActive: true },
    requestedSeconds: 3_600,
    isForSomebodyElse: false,
    conflicts: [],
    ...rest,
  };
}

const everything = facts({
  hasTicket: true,
  isExtension: false,
  earlierGrants: 2,
  hour: 10,
  weekday: 'monday',
  isOnCall: true,
  location: 'DE',
  duties: { holdings: [], brings: [] },
});
const approver = { email: 'tom@acme.example', department: 'Orders', title: 'Team lead' };

test.each(ruledActions)('every fact that is put to the rules of %s is what the schema says', (action) => {
  const { context, entities } = question(action, everything, approver);
  expect(checkParseContext({ context, schema, action: { type: 'Action', id: action } })).toEqual({
    type: 'success',
  });
  expect(checkParseEntities({ entities, schema })).toEqual({ type: 'success' });
});

test('a verdict names the rules and clauses that made it, in their words', () => {
  const verdict = evaluateRequest(facts(), rulesOf(OPEN, BY_RULE));
  expect(verdict.effect).toBe('autoApprove');
  expect(verdict.grounds).toEqual(
    expect.arrayContaining([
      { text: 'open says so', clause: 'AC-1', rule: 'open' },
      { text: 'by-rule says so', clause: 'AC-1', rule: 'by-rule' },
    ]),
  );
  expect(verdict.policy).toBe('tried');
  expect(verdict.facts).toMatchObject({ entitlementKey: 'orders', requestedSeconds: 3_600 });
});

test('rules are named in the order in which they are written, however often it is asked', () => {
  const names = ['f', 'c', 'a', 'e', 'b', 'd'];
  const forbidding = rulesOf(...names.map((id) => rule(id, 'forbid', 'request', 'true')));
  const failing = rulesOf(
    OPEN,
    ...names.map((id) => rule(id, 'forbid', 'request', 'context.location == "DE"')),
  );
  for (let time = 0; time < 20; time++) {
    expect(evaluateRequest(facts(), forbidding).grounds.map((g) => g.rule)).toEqual(names);
    const unsure = evaluateRequest(facts(), failing).unsure ?? [];
    expect(unsure.map((why) => why.slice(0, 1))).toEqual(names);
  }
});

describe('what can’t be evaluated is a person’s to decide', () => {
  test.each([
    [
      'a fact that is not known, asked for by what would permit',
      rule('late', 'permit', 'autoApprove', 'context.hour > 17'),
      'the hour',
    ],
    [
      'by what forbids',
      rule('abroad', 'forbid', 'request', 'context.location != "DE"'),
      'where they signed in',
    ],
    [
      'by what holds',
      rule('duty', 'permit', 'hold', '!context.onCall', '@needs("secondApprover")'),
      'on call',
    ],
    [
      'by what forbids it to be given by rule',
      rule('busy', 'forbid', 'autoApprove', 'context.earlierGrants > 3'),
      'how often',
    ],
    ['an overflow', rule('big', 'forbid', 'request', 'context.seconds * 9223372036854775807 > 0'), 'big'],
  ])('%s', (_what, failing, says) => {
    const verdict = evaluateRequest(facts(), rulesOf(OPEN, BY_RULE, failing));
    expect(verdict.effect).toBe('ask');
    expect(verdict.unsure?.join()).toContain(says);
    expect(verdict.grounds.map((g) => g.text).join()).toContain('a rule can’t be evaluated');
  });

  test('a rule that can do without the fact says so, and nothing fails', () => {
    const guarded = rule('abroad', 'forbid', 'request', 'context has location && context.location != "DE"');
    expect(evaluateRequest(facts(), rulesOf(OPEN, BY_RULE, guarded))).toMatchObject({
      effect: 'autoApprove',
    });
    expect(evaluateRequest(facts({ location: 'FR' }), rulesOf(OPEN, BY_RULE, guarded)).effect).toBe('refuse');
  });

  test('a person without a department is not one of any', () => {
    const orders = rule('orders', 'forbid', 'request', 'principal.department == "Payments"');
    const nowhere = facts({ beneficiary: { email: 'x@acme.example', department: null, isActive: true } });
    expect(evaluateRequest(nowhere, rulesOf(OPEN, BY_RULE, orders))).toMatchObject({
      effect: 'ask',
      unsure: ['orders: orders needs the department, which is not known'],
    });
  });

  test('the engine itself failing', () => {
    const down: Rules = {
      fingerprint: 'down',
      looksAt: new Set(),
      answer() {
        throw new Error('out of memory');
      },
    };
    const verdict = evaluateRequest(facts(), down);
    expect(verdict.effect).toBe('ask');
    expect(verdict.grounds.map((g) => g.text).join()).toContain('the rules did not answer (out of memory)');
    expect(ruledOut(down, facts(), approver)).toMatchObject({ isSure: false });
  });

  test('but what another rule forbids stays forbidden', () => {
    const failing = rule('abroad', 'forbid', 'request', 'context.location != "DE"');
    const forbids = rule('closed', 'forbid', 'request', 'resource.tier == "low"');
    expect(evaluateRequest(facts(), rulesOf(OPEN, failing, forbids))).toMatchObject({
      effect: 'refuse',
      grounds: [{ text: 'closed says so', rule: 'closed' }],
    });
  });
});

test('what no rule permits may not be asked for', () => {
  expect(evaluateRequest(facts(), rulesOf(BY_RULE))).toMatchObject({
    effect: 'refuse',
    grounds: [{ text: 'no rule allows it' }],
  });
});

describe('a hold', () => {
  const held = (needs: string) => rule('held', 'permit', 'hold', 'true', `@needs("${needs}")`);

  test('for a person takes the rule out of it', () => {
    const verdict = evaluateRequest(facts(), rulesOf(OPEN, BY_RULE, held('person')));
    expect(verdict).toMatchObject({
      effect: 'ask',
      holds: [{ needs: 'person', rule: 'held', clause: 'AC-1' }],
    });
  });

  test('for a sign-in goes to a person, and says that none can be asked for yet', () => {
    const verdict = evaluateRequest(facts(), rulesOf(OPEN, BY_RULE, held('stepUp')));
    expect(verdict.effect).toBe('ask');
    expect(verdict.grounds.map((g) => g.text).join()).toContain('whoever approves signs in afresh');
  });

  test('is lifted by a rule that forbids it', () => {
    const lifted = rule('lifted', 'forbid', 'hold', 'context.hasTicket');
    const rules = rulesOf(OPEN, BY_RULE, held('secondApprover'), lifted);
    expect(evaluateRequest(facts({ hasTicket: true }), rules).holds).toBeUndefined();
    expect(evaluateRequest(facts({ hasTicket: false }), rules).holds).toHaveLength(1);
  });
});

describe('who may approve', () => {
  const noContractors = rule('contractors', 'forbid', 'approve', 'principal.title like "*Contractor*"');

  test.each([
    ['somebody whom no rule forbids it', approver, null],
    [
      'somebody whom a rule forbids it',
      { ...approver, title: 'Contractor, SAP' },
      { rule: 'contractors', isSure: true },
    ],
    [
      'somebody of whom the rule can’t tell',
      { ...approver, title: null },
      { rule: 'contractors', isSure: false },
    ],
  ])('%s', (_who, somebody, expected) => {
    const out = ruledOut(rulesOf(APPROVE, noContractors), facts(), somebody);
    if (expected === null) expect(out).toBeNull();
    else expect(out).toMatchObject(expected);
  });

  test('nobody, where no rule permits it', () => {
    expect(ruledOut(rulesOf(OPEN), facts(), approver)).toMatchObject({
      isSure: true,
      text: 'no rule allows it',
    });
  });

  test('it may hang on whom it is for', () => {
    const sameTeam = rule(
      'team',
      'forbid',
      'approve',
      'principal.department != context.beneficiaryDepartment',
    );
    const rules = rulesOf(APPROVE, sameTeam);
    expect(ruledOut(rules, facts(), approver)).toBeNull();
    expect(ruledOut(rules, facts(), { ...approver, department: 'Payments' })).toMatchObject({ rule: 'team' });
  });
});

const anyFacts = fc.record({
  tier: fc.constantFrom('low', 'medium', 'high', 'critical' as const),
  autoApprove: fc.boolean(),
  seconds: fc.integer({ min: 1, max: 1_000_000 }),
  department: fc.option(fc.constantFrom('Orders', 'Payments')),
  title: fc.option(fc.constantFrom('Contractor', 'Engineer')),
  isActive: fc.boolean(),
  isForSomebodyElse: fc.boolean(),
  hour: fc.option(fc.integer({ min: 0, max: 23 }), { nil: undefined }),
  weekday: fc.option(fc.constantFrom(...weekdays), { nil: undefined }),
  conflict: fc.option(fc.constantFrom('held', 'pending', 'inherited' as const)),
});

function made(from: typeof anyFacts extends fc.Arbitrary<infer F> ? F : never): RequestFacts {
  const {
    tier,
    autoApprove,
    seconds,
    department,
    title,
    isActive,
    isForSomebodyElse,
    hour,
    weekday,
    conflict,
  } = from;
  return {
    entitlement: entitlement({ tier: tier as 'low', autoApprove }),
    beneficiary: { email: 'x@acme.example', department, title, isActive },
    requestedSeconds: seconds,
    isForSomebodyElse,
    ...(hour === undefined ? {} : { hour }),
    ...(weekday === undefined ? {} : { weekday }),
    conflicts:
      conflict === null
        ? []
        : [
            {
              with: 'other' as EntitlementKey,
              title: 'Other',
              how: conflict as 'held',
              because: null,
              text: 'holds Other',
            },
          ],
  };
}

test('however generous the rules: nobody inactive, nothing over the maximum, by rule only tier low for oneself without a conflict', () => {
  const generous = rulesOf(OPEN, BY_RULE, APPROVE);
  fc.assert(
    fc.property(anyFacts, (from) => {
      const given = made(from);
      const verdict = evaluateRequest(given, generous);
      if (!from.isActive || from.seconds > given.entitlement.maxSeconds)
        expect(verdict.effect).toBe('refuse');
      if (verdict.effect === 'autoApprove')
        expect([from.tier, from.isActive, from.isForSomebodyElse, from.conflict]).toEqual([
          'low',
          true,
          false,
          null,
        ]);
      expect(verdict.grounds.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test('a verdict never depends on anything that a model or a requester wrote', () => {
  const rules = rulesOf(
    OPEN,
    BY_RULE,
    rule('late', 'permit', 'hold', 'context.hour > 17', '@needs("secondApprover")'),
    rule('weekend', 'forbid', 'request', '["saturday", "sunday"].contains(context.weekday)'),
  );
  const anything = fc.record({
    advice: fc.anything(),
    summary: fc.string(),
    headline: fc.string(),
    lean: fc.constantFrom('approve', 'deny', 'ask more'),
    reason: fc.string(),
    ticket: fc.option(fc.string()),
    permit: fc.boolean(),
  });
  fc.assert(
    fc.property(anyFacts, anything, (from, written) => {
      const { facts: _, ...verdict } = evaluateRequest(made(from), rules);
      const { facts: __, ...after } = evaluateRequest({ ...made(from), ...written } as RequestFacts, rules);
      expect(after).toEqual(verdict);
    }),
    { numRuns: 1_000 },
  );
});

test('many policies loaded beside each other do not mix', () => {
  const open = rulesOf(OPEN, BY_RULE);
  const closed = rulesOf(OPEN, rule('closed', 'forbid', 'request', 'true'));
  expect(evaluateRequest(facts(), open).effect).toBe('autoApprove');
  expect(evaluateRequest(facts(), closed).effect).toBe('refuse');
  expect(evaluateRequest(facts(), open).effect).toBe('autoApprove');
});
