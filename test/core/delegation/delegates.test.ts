import { describe, expect, test } from 'vitest';
import { type Absence, withDelegates } from '../../../src/core/delegation/delegates.ts';
import {
  type ApproverPlan,
  type ApproverSlot,
  type Given,
  isApproved,
  isStranded,
  mayApprove,
  peopleOfStage,
  planApprovers,
  planOf,
  planStage,
  stillMissing,
} from '../../../src/core/policy/routing.ts';
import { approver, person } from '../given.ts';
import { away, since, slot, until } from './given.ts';

const by = (...names: string[]): Given[] => names.map((name) => ({ by: person(name) }));
const plan = (of: 'any' | 'all', quorum: number, ...slots: ApproverSlot[]): ApproverPlan =>
  planApprovers({ of, quorum }, slots, [], new Set());
const whoMay = (given: ApproverPlan) => mayApprove(given).map(({ name }) => name);

const either = plan('any', 1, slot('manager', 'tom'), slot('owner', 'olga'));
const both = plan('all', 1, slot('manager', 'tom'), slot('owner', 'olga'));
const twoOf = plan('any', 2, slot('group officers', 'sam', 'sofia', 'olga'));

test('with nobody away the plan stays as it is', () => {
  expect(withDelegates(either, [], [])).toBe(either);
  expect(withDelegates(either, [away('sam', 'nadia')], [])).toBe(either);
});

test('the delegate is asked in the place of who named them, and both are named', () => {
  const now = withDelegates(either, [away('tom', 'nadia')], []);
  expect(now.stages[0]?.slots[0]?.people).toEqual([
    { ...approver('nadia'), for: { id: person('tom'), name: 'tom', until } },
    approver('tom'),
  ]);
  expect(now.away).toEqual([
    { id: person('tom'), name: 'tom', since, until, delegate: 'nadia', whyNot: null },
  ]);
  const [stage] = now.stages;
  const { first, others } = peopleOfStage(stage ?? expect.fail('there is no stage'));
  expect(first.map(({ name }) => name)).toEqual(['nadia', 'olga']);
  // Whoever is away is not asked, and may decide all the while.
  expect(others.map(({ name }) => name)).toEqual(['tom']);
  expect(stillMissing(now, [], (name) => name)).toBe('1 more of nadia (for tom) or olga');
});

describe('what approvals come to', () => {
  test.each<[string, ApproverPlan, Absence[], string[], boolean]>([
    ['the delegate decides', either, [away('tom', 'nadia')], ['nadia'], true],
    ['so does who is away', either, [away('tom', 'nadia')], ['tom'], true],
    ['somebody else does not', either, [away('tom', 'nadia')], ['erik'], false],
    ['both places are needed', both, [away('tom', 'nadia')], ['nadia'], false],
    ['both places are filled', both, [away('tom', 'nadia')], ['nadia', 'olga'], true],
    ['one person fills no two places: they are asked already', both, [away('tom', 'olga')], ['olga'], false],
    [
      'nor does one whom both have named',
      both,
      [away('tom', 'nadia'), away('olga', 'nadia')],
      ['nadia'],
      false,
    ],
    ['a delegate and who named them are one of two', twoOf, [away('sam', 'nadia')], ['nadia', 'sam'], false],
    ['a delegate and another are two of two', twoOf, [away('sam', 'nadia')], ['nadia', 'sofia'], true],
    [
      'two delegates are two of two',
      twoOf,
      [away('sam', 'nadia'), away('sofia', 'erik')],
      ['nadia', 'erik'],
      true,
    ],
    [
      'named by two, they are one of two',
      twoOf,
      [away('sam', 'nadia'), away('sofia', 'nadia')],
      ['nadia'],
      false,
    ],
    [
      'who may not decide on it gains nothing',
      either,
      [away('tom', 'nadia', { whyNot: 'may not: it is about themselves' })],
      ['nadia'],
      false,
    ],
  ])('%s', (_, before, absences, names, decides) => {
    const now = withDelegates(before, absences, []);
    expect(isApproved(now, by(...names))).toBe(decides);
    expect(isStranded(now)).toBe(false);
  });

  test('no set of people who could not decide before decides without a delegate among them', () => {
    const everybody = ['tom', 'olga', 'sam', 'sofia', 'erik'];
    for (const before of [either, both, twoOf]) {
      const now = withDelegates(before, [away('tom', 'nadia'), away('sam', 'nadia')], []);
      for (let bits = 0; bits < 2 ** everybody.length; bits++) {
        const names = everybody.filter((_, n) => bits & (1 << n));
        expect(isApproved(now, by(...names)), names.join()).toBe(isApproved(before, by(...names)));
      }
    }
  });
});

describe('over the stages', () => {
  const staged = planOf(
    planStage({ of: 'any', quorum: 1 }, [slot('manager', 'tom')], [], new Set()),
    planStage({ of: 'any', quorum: 1 }, [slot('owner', 'olga')], [], new Set()),
  );

  test('a delegate is asked in the stage of who named them alone', () => {
    const now = withDelegates(staged, [away('olga', 'nadia')], []);
    expect(now.stages[0]).toBe(staged.stages[0]);
    expect(isApproved(now, [{ by: person('tom') }, { by: person('nadia'), stage: 1 }])).toBe(true);
    expect(isApproved(now, [{ by: person('nadia') }, { by: person('nadia'), stage: 1 }])).toBe(false);
  });

  test('who approves in another stage anyhow is added to none', () => {
    const now = withDelegates(staged, [away('tom', 'olga')], []);
    expect(whoMay(now)).toEqual(['tom', 'olga']);
    expect(now.away).toMatchObject([{ delegate: 'olga', whyNot: 'is asked already' }]);
  });

  test('who has approved in one stage is added to no other', () => {
    const same = planOf(
      planStage({ of: 'any', quorum: 1 }, [slot('group a', 'tom')], [], new Set()),
      planStage({ of: 'any', quorum: 1 }, [slot('group b', 'tom', 'sam')], [], new Set()),
    );
    const now = withDelegates(same, [away('tom', 'nadia')], [{ by: person('nadia'), stage: 0 }]);
    expect(now.stages[1]).toBe(same.stages[1]);
    expect(now.stages[0]?.slots[0]?.people.map(({ name }) => name)).toEqual(['nadia', 'tom']);
  });
});

test('once who was away is back, what the delegate approved counts, and they are asked no more', () => {
  const given = [{ by: person('nadia'), insteadOf: { id: person('sam'), name: 'sam' } }];
  const now = withDelegates(twoOf, [away('sam', 'nadia', { isOver: true })], given);
  expect(now.away).toBeUndefined();
  expect(isApproved(now, [...given, { by: person('sofia') }])).toBe(true);
  const [stage] = now.stages;
  const { first, others } = peopleOfStage(stage ?? expect.fail('there is no stage'));
  expect([...first, ...others].map(({ name }) => name)).toEqual(['sam', 'sofia', 'olga']);
  expect(stillMissing(now, given, (name) => name)).toBe('1 more of sam or sofia or olga');
});

test('of what was found the delegate of the owner may take it away too', () => {
  const found = { ...plan('any', 1, slot('admins', 'sam')), revert: [approver('olga')] };
  const now = withDelegates(found, [away('olga', 'nadia')], []);
  expect(now.revert?.map(({ name }) => name)).toEqual(['nadia', 'olga']);
  expect(whoMay(now)).toEqual(['sam']);
});
