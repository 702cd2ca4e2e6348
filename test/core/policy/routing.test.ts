import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ApproverPlan,
  type ApproverSlot,
  type ApproverStage,
  distinct,
  isApproved,
  isStranded,
  mayApprove,
  planApprovers,
  planOf,
  slotsOf,
  stillMissing,
  withAuthorKnown,
} from '../../../src/core/policy/routing.ts';
import { approvedBy, approver, person, planOfOne, replaced } from '../given.ts';

const slot = (source: string, ...names: string[]): ApproverSlot => ({
  source,
  people: names.map(approver),
  pinged: true,
});
const admins = [approver('sam'), approver('sofia')];
const without = (...names: string[]) => new Set(names.map(person));
const names = (plan: ApproverPlan) => mayApprove(plan).map((p) => p.name);

describe('any of', () => {
  const rule = { of: 'any', quorum: 1 } as const;

  test('whoever the sources yield may decide, each once', () => {
    const plan = planApprovers(
      rule,
      [slot('manager', 'tom'), slot('owner', 'olga', 'tom')],
      admins,
      without(),
    );
    expect(names(plan)).toEqual(['tom', 'olga']);
    expect(plan.stages[0]?.escalated).toBe(false);
  });

  test('nobody left: the admins are asked', () => {
    const plan = planApprovers(rule, [slot('manager', 'tom')], admins, without('tom'));
    expect(plan.stages[0]?.escalated).toBe(true);
    expect(names(plan)).toEqual(['sam', 'sofia']);
  });

  test('fewer than the quorum: the admins join those who are left', () => {
    const plan = planApprovers({ of: 'any', quorum: 2 }, [slot('owner', 'olga')], admins, without());
    expect(plan.stages[0]?.escalated).toBe(true);
    expect(names(plan)).toEqual(['olga', 'sam', 'sofia']);
    expect(isApproved(plan, approvedBy('olga'))).toBe(false);
    expect(isApproved(plan, approvedBy('olga', 'sam'))).toBe(true);
  });

  test('nobody left and no admin either: stranded, never approved', () => {
    const plan = planApprovers(rule, [slot('manager', 'sam')], [approver('sam')], without('sam'));
    expect(isStranded(plan)).toBe(true);
    expect(isApproved(plan, approvedBy('sam'))).toBe(false);
  });
});

describe('all of', () => {
  const rule = { of: 'all', quorum: 1 } as const;
  const slots = [slot('manager', 'tom'), slot('owner', 'olga')];

  test('one from every source', () => {
    const plan = planApprovers(rule, slots, admins, without());
    expect(isApproved(plan, approvedBy('tom'))).toBe(false);
    expect(isApproved(plan, approvedBy('tom', 'olga'))).toBe(true);
  });

  test('an empty source is taken by the admins, the other stays', () => {
    const plan = planApprovers(rule, slots, admins, without('tom'));
    expect(plan.stages[0]?.escalated).toBe(true);
    expect(isApproved(plan, approvedBy('olga'))).toBe(false);
    expect(isApproved(plan, approvedBy('sam'))).toBe(false);
    expect(isApproved(plan, approvedBy('olga', 'sofia'))).toBe(true);
  });

  test('one person in both sources settles both, unless the quorum wants two', () => {
    const same = [slot('manager', 'tom'), slot('owner', 'tom', 'olga')];
    expect(isApproved(planApprovers(rule, same, admins, without()), approvedBy('tom'))).toBe(true);
    const two = planApprovers({ of: 'all', quorum: 2 }, same, admins, without());
    expect(isApproved(two, approvedBy('tom'))).toBe(false);
    expect(isApproved(two, approvedBy('tom', 'olga'))).toBe(true);
  });

  test('an empty source and no admin: stranded', () => {
    const plan = planApprovers(rule, slots, [], without('tom'));
    expect(isStranded(plan)).toBe(true);
    expect(isApproved(plan, approvedBy('olga'))).toBe(false);
  });
});

test('whatever is named is made harmless, groups too', () => {
  const plan = planApprovers(
    { of: 'all', quorum: 1 },
    [slot('a', 'tom'), slot('group b', 'olga')],
    [],
    without(),
  );
  expect(stillMissing(plan, approvedBy('tom'), (text) => `[${text}]`)).toBe('[group b] ([olga])');
});

test('what is still missing is named', () => {
  const shown = (text: string) => text;
  const all = planApprovers(
    { of: 'all', quorum: 1 },
    [slot('manager', 'tom'), slot('owner', 'olga')],
    [],
    without(),
  );
  expect(stillMissing(all, approvedBy('tom'), shown)).toBe('owner (olga)');
  const two = planApprovers({ of: 'any', quorum: 2 }, [slot('x', 'tom', 'olga', 'sam')], [], without());
  expect(stillMissing(two, approvedBy('tom'), shown)).toBe('1 more of olga or sam');
});

const everybody = ['ines', 'erik', 'tom', 'olga', 'sam', 'sofia'];
const someSlots = fc.array(
  fc.subarray(everybody).map((list) => slot(`source of ${list.length}`, ...list)),
  { minLength: 1, maxLength: 3 },
);
const someRule = fc.record({
  of: fc.constantFrom('any' as const, 'all' as const),
  quorum: fc.integer({ min: 1, max: 3 }),
});

test('those left out never are among those who may, not even as admins', () => {
  fc.assert(
    fc.property(
      someRule,
      someSlots,
      fc.subarray(everybody),
      fc.subarray(everybody),
      (rule, slots, adminNames, out) => {
        const plan = planApprovers(rule, slots, adminNames.map(approver), without(...out));
        for (const { id } of mayApprove(plan)) expect(out.map(person)).not.toContain(id);
        expect(isApproved(plan, approvedBy(...out))).toBe(false);
      },
    ),
  );
});

test('approved needs enough different people who may, for all-of one in every slot; more approvals never take it back', () => {
  fc.assert(
    fc.property(
      someRule,
      someSlots,
      fc.subarray(everybody),
      fc.array(fc.constantFrom(...everybody)),
      (rule, slots, out, by) => {
        const plan = planApprovers(rule, slots, admins, without(...out));
        const may = mayApprove(plan).map((p) => p.id);
        const counted = new Set(by.map(person).filter((id) => may.includes(id)));
        const is = isApproved(plan, approvedBy(...by));
        if (is) {
          expect(counted.size).toBeGreaterThanOrEqual(rule.quorum);
          if (rule.of === 'all')
            for (const { people } of plan.stages.flatMap(slotsOf))
              expect(people.some((p) => counted.has(p.id))).toBe(true);
          for (const name of everybody) expect(isApproved(plan, approvedBy(...by, name))).toBe(true);
        }
        expect(isApproved(plan, approvedBy(...by, ...by))).toBe(is);
        // Stranded is exactly: not even everybody together could approve.
        expect(isStranded(plan)).toBe(
          !isApproved(
            plan,
            may.map((by) => ({ by })),
          ),
        );
      },
    ),
  );
});

test('without enough people the plan says so, and never asks fewer', () => {
  fc.assert(
    fc.property(someRule, someSlots, fc.subarray(everybody), (rule, slots, out) => {
      const plan = planApprovers(rule, slots, admins, without(...out));
      const left = distinct(slots).filter((p) => !out.map(person).includes(p.id));
      if (left.length < rule.quorum) expect(plan.stages[0]?.escalated).toBe(true);
      expect(plan.stages[0]?.quorum).toBe(rule.quorum);
    }),
  );
});

describe('a plan, whole', () => {
  const tom = slot('manager', 'tom');
  const olga = slot('owner', 'olga');
  const quiet = { ...olga, pinged: false };
  const adminSlot = slot('admins', 'sam', 'sofia');

  test.each<[what: string, ...Parameters<typeof planApprovers>, ApproverStage]>([
    [
      'any, enough',
      { of: 'any', quorum: 1 },
      [tom, quiet],
      admins,
      without('tom'),
      { of: 'any', quorum: 1, slots: [{ ...tom, people: [] }, quiet], escalated: false },
    ],
    [
      'any, too few',
      { of: 'any', quorum: 2 },
      [tom],
      admins,
      without('sofia'),
      { of: 'any', quorum: 2, slots: [tom, slot('admins', 'sam')], escalated: true },
    ],
    [
      'all, enough',
      { of: 'all', quorum: 2 },
      [tom, olga],
      admins,
      without(),
      { of: 'all', quorum: 2, slots: [tom, olga], escalated: false },
    ],
    [
      'all, a slot left empty',
      { of: 'all', quorum: 1 },
      [tom, olga],
      admins,
      without('olga'),
      { of: 'all', quorum: 1, slots: [tom, slot('admins for owner', 'sam', 'sofia')], escalated: true },
    ],
    [
      'all, too few',
      { of: 'all', quorum: 3 },
      [tom, olga],
      admins,
      without(),
      { of: 'all', quorum: 3, slots: [tom, olga, adminSlot], escalated: true },
    ],
  ])('%s', (_what, rule, slots, all, out, plan) => {
    expect(planApprovers(rule, slots, all, out)).toEqual(planOf(plan));
  });
});

describe('whether nobody can decide', () => {
  const tom = slot('manager', 'tom');
  test.each<[what: string, of: 'any' | 'all', quorum: number, slots: ApproverSlot[], is: boolean]>([
    ['any, one of one', 'any', 1, [tom], false],
    ['any, one beside an empty slot', 'any', 1, [tom, slot('owner')], false],
    ['any, one of two', 'any', 2, [tom], true],
    ['all, one slot empty', 'all', 1, [tom, slot('owner')], true],
    ['all, none empty', 'all', 1, [tom, slot('owner', 'olga')], false],
  ])('%s', (_what, of, quorum, slots, is) => {
    expect(isStranded(planOfOne({ of, quorum, slots }))).toBe(is);
  });
});

describe('while it is not known who did it', () => {
  const plan = planOfOne({ slots: [slot('owner', 'olga')] });
  const awaited = { is: 'awaited' as const, until: '2026-03-02T09:10:00.000Z' };
  const untold = { is: 'untold' as const, why: 'no log' };

  test('nothing is approved; once nobody will tell, it can be', () => {
    expect(isApproved({ ...plan, author: awaited }, approvedBy('olga'))).toBe(false);
    expect(isApproved({ ...plan, author: untold }, approvedBy('olga'))).toBe(true);
    expect(isApproved(plan, approvedBy('olga'))).toBe(true);
  });

  test('the plan with it known says no more that it is awaited, and still that it is untold', () => {
    expect(withAuthorKnown({ ...plan, author: awaited })).toEqual(plan);
    expect(withAuthorKnown({ ...plan, author: untold })).toEqual({ ...plan, author: untold });
    expect(withAuthorKnown(plan)).toStrictEqual(plan);
  });
});

test('no approval is none, even where the quorum would be satisfied by it', () => {
  const plan = planOfOne({ quorum: 0, slots: [slot('owner', 'olga')] });
  expect(isApproved(plan, [])).toBe(false);
});

test('several sources are missing by name, and one more is asked for at the least', () => {
  const shown = (text: string) => text;
  const slots = [slot('manager', 'tom', 'erik'), slot('owner', 'olga'), slot('security', 'sam')];
  const all = planOfOne({ of: 'all', slots });
  expect(stillMissing(all, approvedBy('sam'), shown)).toBe('manager (tom or erik) and owner (olga)');
  expect(stillMissing(replaced(all, { of: 'any', quorum: 3 }), approvedBy('tom'), shown)).toBe(
    '2 more of erik or olga or sam',
  );
  expect(stillMissing(all, approvedBy('tom', 'olga', 'sam'), shown)).toBe('1 more of erik');
});
