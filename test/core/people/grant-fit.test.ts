import { describe, expect, test } from 'vitest';
import type { Approval } from '../../../src/core/change/change.ts';
import { nextWarningAt } from '../../../src/core/change/warnings.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import {
  birthrightEvents,
  birthrightsOf,
  isBirthright,
  renewAheadSeconds,
} from '../../../src/core/joiner-mover/birthright.ts';
import { type Held, noLongerFitting, type Placed } from '../../../src/core/people/grant-fit.ts';
import type { StageRule } from '../../../src/core/policy/catalogue.ts';
import type { ApproverPlan } from '../../../src/core/policy/routing.ts';
import { approver, asks, entitlement, later, person, planOfOne, T0, target } from '../given.ts';

const placed = (rest: Partial<Placed> = {}): Placed => ({
  email: 'ana@acme.example',
  department: 'Payments',
  managerIds: new Set([person('tom')]),
  ...rest,
});
const approval = (name: string): Approval => ({
  by: person(name),
  name,
  at: T0,
  seconds: null,
  clickId: `click-${name}`,
});
const plan = (of: StageRule['of'], quorum = 1): ApproverPlan =>
  planOfOne({
    of,
    quorum,
    slots: [
      { source: 'manager', people: [approver('tom')], pinged: true },
      { source: 'owner', people: [approver('olga')], pinged: true },
    ],
  });
const held = (rest: Partial<Held> = {}): Held => ({
  entitlement: entitlement(),
  change: { approvals: [], plan: null },
  ...rest,
});

describe('a grant after a move', () => {
  const forOrders = entitlement({ requestableBy: { departments: ['Orders'] } });

  test.each<[string, Held, Placed, string[]]>([
    ['open to everyone', held(), placed(), []],
    ['open to the new department', held({ entitlement: forOrders }), placed({ department: 'Orders' }), []],
    ['not open to it', held({ entitlement: forOrders }), placed(), ['not open to Payments']],
    [
      'not open to those without a department',
      held({ entitlement: forOrders }),
      placed({ department: null }),
      ['not open to people without a department'],
    ],
    [
      'open to the person by name',
      held({ entitlement: entitlement({ requestableBy: { people: ['ANA@acme.example'] } }) }),
      placed(),
      [],
    ],
    ['no longer in the catalogue', held({ entitlement: null }), placed(), ['it has left the catalogue']],
  ])('%s', (_, grant, now, why) => {
    expect(noLongerFitting(grant, now)).toEqual(why);
  });

  test.each<[string, ApproverPlan, string[], string[], boolean]>([
    ['the manager, still theirs', plan('any'), ['tom'], ['tom'], true],
    ['the manager, who is another now', plan('any'), ['tom'], ['sofia'], false],
    ['the manager, and nobody is theirs now', plan('any'), ['tom'], [], false],
    ['the owner', plan('any'), ['olga'], ['sofia'], true],
    ['both, where either would do', plan('any'), ['tom', 'olga'], ['sofia'], true],
    ['both, where two are needed', plan('any', 2), ['tom', 'olga'], ['sofia'], false],
    ['both, where each is needed', plan('all'), ['tom', 'olga'], ['sofia'], false],
    ['both, where each is needed, and he still is', plan('all'), ['olga', 'tom'], ['tom'], true],
  ])('approved by %s', (_, by, approvals, managers, fits) => {
    const grant = held({ change: { plan: by, approvals: approvals.map(approval) } });
    const why = noLongerFitting(grant, placed({ managerIds: new Set(managers.map(person)) }));
    expect(why).toEqual(fits ? [] : ['approved by tom as manager, who is no longer that']);
  });
});

describe('birthrights', () => {
  const dashboards = entitlement({ tier: 'low', birthright: { departments: ['Support', 'Payments'] } });

  test('are of the departments that the catalogue names, and of nobody without one', () => {
    const catalogue = { entitlements: [entitlement(), dashboards] };
    expect(birthrightsOf(catalogue, 'Support')).toEqual([dashboards]);
    expect(birthrightsOf(catalogue, 'Orders')).toEqual([]);
    expect(isBirthright(dashboards, null)).toBe(false);
  });

  test('are given by rule, for as long as the catalogue allows, with the clause that says so', () => {
    const given = birthrightEvents({
      changeId: 'change-1' as ChangeId,
      grantId: 'grant-1' as GrantId,
      personId: person('ana'),
      department: 'Support',
      entitlement: dashboards,
      target,
      verdict: asks,
      isRenewal: false,
      now: T0,
    });
    expect(given).toMatchObject([
      { type: 'changeReceived', cause: 'birthright', requesterId: null, personId: person('ana') },
      {
        type: 'changeApproved',
        decision: { by: null, byName: 'rule' },
        grant: { startsAt: T0, endsAt: later(dashboards.maxSeconds) },
      },
    ]);
    expect(given[1]).toHaveProperty('verdict.grounds.0', {
      text: 'birthright: everybody in Support has it',
      clause: 'AC-3',
    });
  });

  test.each([60, 3_600, 86_400, 604_800, 2_592_000])(
    'one of %i s is renewed before anybody would be warned',
    (seconds) => {
      const ends = later(seconds);
      const renewed = ends.getTime() - renewAheadSeconds(seconds) * 1_000;
      expect(renewed).toBeLessThan((nextWarningAt({ startsAt: T0, endsAt: ends }, null) ?? ends).getTime());
      expect(renewed).toBeGreaterThan(T0.getTime());
    },
  );
});
