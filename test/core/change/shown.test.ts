import { describe, expect, test } from 'vitest';
import { otherwiseOnCard, otherwiseThanShown, type Shown, shownOf } from '../../../src/core/change/shown.ts';
import type { Verdict } from '../../../src/core/policy/verdict.ts';
import { asks, entitlement, ruleOfOne, target } from '../given.ts';

const before = shownOf(entitlement(), target);
const changed = (rest: Partial<Shown>) => otherwiseOnCard({ shown: before }, { ...before, ...rest });
const held: Verdict = {
  ...asks,
  policy: 'p1',
  holds: [{ text: 'a trainee', clause: 'AC-8', rule: 'trainees', needs: 'person' }],
};

describe('what was shown', () => {
  test('is what the catalogue says, and where it leads', () => {
    expect(before).toEqual({
      title: 'Orders API',
      gives: 'read access to the Orders API',
      tier: 'medium',
      group: { id: 'g1', name: 'anypoint-orders' },
      team: { id: 't1', name: 'Orders' },
      owner: 'olga@acme.example',
      approvers: ruleOfOne('any', 1, { manager: true }, { owner: true }),
      maxSeconds: 604_800,
      defaultSeconds: 86_400,
    });
  });

  test('has what the rules ask for, and in which policy', () => {
    expect(shownOf(entitlement(), target, held).rules).toEqual({
      policy: 'p1',
      holds: ['trainees person: a trainee'],
    });
    expect(shownOf(entitlement(), target, asks).rules).toEqual({ policy: null, holds: [] });
    const [hold] = held.holds ?? [];
    const unnamed: Verdict = {
      ...asks,
      holds: [{ text: 'x', clause: null, needs: hold?.needs ?? 'person' }],
    };
    expect(shownOf(entitlement(), target, unnamed).rules?.holds).toEqual([' person: x']);
  });
});

describe('what is otherwise is said', () => {
  test.each<[what: string, Partial<Shown>, string[]]>([
    ['nothing', {}, []],
    ['the name', { title: 'Orders' }, ['its name is Orders now (it was Orders API)']],
    [
      'another group',
      { group: { id: 'g2', name: 'other' } },
      ['its group is other now (it was anypoint-orders)'],
    ],
    [
      'the group by another name',
      { group: { id: 'g1', name: 'other' } },
      ['its group is other now (it was anypoint-orders)'],
    ],
    [
      'a group made anew',
      { group: { id: 'g2', name: 'anypoint-orders' } },
      ['its group anypoint-orders is another one of the same name now'],
    ],
    ['the owner in other letters', { owner: 'OLGA@acme.example' }, []],
    [
      'all of several',
      { approvers: ruleOfOne('all', 1, { owner: true }, { group: 'security' }) },
      ['who approves is the owner and the group security now (it was the manager or the owner)'],
    ],
    [
      'several of all',
      { approvers: ruleOfOne('all', 3, { owner: true }, { person: 'eve@acme.example' }) },
      ['who approves is the owner and eve@acme.example, three people, now (it was the manager or the owner)'],
    ],
    [
      'two at once',
      { tier: 'high', maxSeconds: 3_600 },
      ['its tier is high now (it was medium)', 'the longest time is 1 hour now (it was 7 days)'],
    ],
  ])('%s', (_what, rest, said) => {
    expect(changed(rest)).toEqual(said);
  });

  test('of the rules only where the policy is another and asks for other things', () => {
    const withRules = shownOf(entitlement(), target, held);
    const said = (verdict: Verdict) =>
      otherwiseOnCard({ shown: withRules }, shownOf(entitlement(), target, verdict));
    const more = [
      ...(held.holds ?? []),
      { text: 'two', clause: null, rule: 'r', needs: 'secondApprover' as const },
    ];
    expect(said({ ...held, policy: 'p2' })).toEqual([]);
    expect(said({ ...held, holds: more })).toEqual([]);
    expect(said({ ...held, policy: 'p2', holds: more })).toEqual(['the policy asks for other things now']);
    expect(otherwiseOnCard({ shown: before }, withRules)).toEqual([]);
    expect(otherwiseOnCard({ shown: withRules }, before)).toEqual([]);
  });
});

test('holds are told apart, however their words run on', () => {
  const rules = (policy: string, ...holds: string[]) => ({ ...before, rules: { policy, holds } });
  expect(
    otherwiseOnCard(
      { shown: rules('p1', 'a person: x', 'b person: y') },
      rules('p2', 'a person: xb person: y'),
    ),
  ).toEqual(['the policy asks for other things now']);
});

describe('nothing is otherwise', () => {
  const now = { entitlement: entitlement(), target: { ...target, teamId: 't2' }, verdict: null };

  test('where nothing was shown, or it is gone', () => {
    expect(otherwiseOnCard({}, { ...before, title: 'x' })).toEqual([]);
    expect(otherwiseOnCard({ shown: before }, null)).toEqual([]);
    expect(otherwiseThanShown({ target: null }, now)).toEqual([]);
  });

  test('of a change from before it was kept but where it leads', () => {
    expect(otherwiseThanShown({ target }, { ...now, entitlement: entitlement({ title: 'x' }) })).toEqual([
      'its Anypoint team Orders is another one of the same name now',
    ]);
    expect(otherwiseThanShown({ target }, { ...now, target: { ...target, groupId: 'g2' } })).toEqual([
      'its group anypoint-orders is another one of the same name now',
    ]);
  });
});
