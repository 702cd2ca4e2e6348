import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { decideOnClick } from '../../../src/core/change/settle.ts';
import { type Absence, withDelegates } from '../../../src/core/delegation/delegates.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import type { ApproverPlan } from '../../../src/core/policy/routing.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { anybody, asks, changeAfter, entitlement, events, person, T0, target, wayTo } from '../given.ts';
import { away, slot } from './given.ts';

const stage = (of: 'any' | 'all', quorum: number, ...slots: ReturnType<typeof slot>[]) => ({
  of,
  quorum,
  slots,
  escalated: false,
});
const plans = {
  either: { stages: [stage('any', 1, slot('manager', 'tom'), slot('owner', 'olga'))], distinct: true },
  both: { stages: [stage('all', 1, slot('manager', 'tom'), slot('owner', 'olga'))], distinct: true },
  twoOf: { stages: [stage('any', 2, slot('group officers', 'tom', 'olga', 'sam'))], distinct: true },
  inTurn: {
    stages: [stage('any', 1, slot('manager', 'tom')), stage('any', 1, slot('owner', 'olga'))],
    distinct: true,
  },
} satisfies Record<string, ApproverPlan>;

/** A change asked by Ines that waits, with the approvals that were given. `by/for`: a delegate's. */
function asking(given: readonly string[]): Change {
  const before = changeAfter(...wayTo.asking);
  return given.reduce<Change>((change, name, n) => {
    const [by = '', other] = name.split('/');
    const approval = {
      ...events.approvalGiven.approval,
      by: person(by),
      name: by,
      clickId: `given-${n}`,
      ...(other === undefined ? {} : { insteadOf: { id: person(other), name: other } }),
    };
    return evolve(change, { ...events.approvalGiven, approval });
  }, before);
}

type Verdict =
  | 'approves'
  | 'counts'
  | 'denies'
  | 'selfApproval'
  | 'notAnApprover'
  | 'alreadyApprovedByYou'
  | 'notYourTurn'
  | 'alreadySettled';
type Row = [
  who: string,
  verb: 'approve' | 'deny',
  plan: keyof typeof plans,
  absences: Absence[],
  given: string[],
  Verdict,
];

const tomToNadia = away('tom', 'nadia');
const rows: Row[] = [
  ['nadia', 'approve', 'either', [], [], 'notAnApprover'],
  ['nadia', 'approve', 'either', [tomToNadia], [], 'approves'],
  ['nadia', 'deny', 'either', [tomToNadia], [], 'denies'],
  ['tom', 'approve', 'either', [tomToNadia], [], 'approves'],
  ['tom', 'deny', 'either', [tomToNadia], [], 'denies'],
  ['erik', 'approve', 'either', [tomToNadia], [], 'notAnApprover'],
  ['olga', 'approve', 'either', [tomToNadia], [], 'approves'],
  // The beneficiary, or the requester, decides on nothing by being named.
  ['ines', 'approve', 'either', [away('tom', 'ines')], [], 'selfApproval'],
  ['ines', 'deny', 'either', [away('tom', 'ines')], [], 'selfApproval'],
  // Kept from it by policy, left, or away too.
  ['nadia', 'approve', 'either', [away('tom', 'nadia', { whyNot: 'has left' })], [], 'notAnApprover'],
  ['nadia', 'deny', 'either', [away('tom', 'nadia', { whyNot: 'is away too' })], [], 'notAnApprover'],
  // Both are needed: a delegate is one of them.
  ['nadia', 'approve', 'both', [tomToNadia], [], 'counts'],
  ['olga', 'approve', 'both', [tomToNadia], ['nadia/tom'], 'approves'],
  ['tom', 'approve', 'both', [tomToNadia], ['nadia/tom'], 'counts'],
  ['olga', 'approve', 'both', [away('tom', 'olga')], [], 'counts'],
  ['olga', 'approve', 'both', [away('tom', 'olga')], ['olga'], 'alreadyApprovedByYou'],
  ['nadia', 'approve', 'both', [tomToNadia, away('olga', 'nadia')], [], 'counts'],
  ['nadia', 'approve', 'both', [tomToNadia, away('olga', 'nadia')], ['nadia/tom'], 'alreadyApprovedByYou'],
  // Two of a group: a delegate and who named them are one.
  ['nadia', 'approve', 'twoOf', [tomToNadia], ['tom'], 'counts'],
  ['tom', 'approve', 'twoOf', [tomToNadia], ['nadia/tom'], 'counts'],
  ['nadia', 'approve', 'twoOf', [tomToNadia], ['sam'], 'approves'],
  ['nadia', 'approve', 'twoOf', [tomToNadia, away('olga', 'erik')], ['erik/olga'], 'approves'],
  // A delegate's approval stands once the person who named them is back, and they decide no more.
  ['sam', 'approve', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'approves'],
  ['tom', 'approve', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'counts'],
  ['nadia', 'deny', 'twoOf', [away('tom', 'nadia', { isOver: true })], ['nadia/tom'], 'notAnApprover'],
  // In turn: a delegate has the turn of who named them.
  ['nadia', 'approve', 'inTurn', [tomToNadia], [], 'counts'],
  ['nadia', 'approve', 'inTurn', [away('olga', 'nadia')], [], 'notYourTurn'],
  ['nadia', 'approve', 'inTurn', [away('olga', 'nadia')], ['tom'], 'approves'],
  ['olga', 'approve', 'inTurn', [tomToNadia], ['nadia/tom'], 'approves'],
];

describe('who may decide while somebody is away', () => {
  test.each(rows)('%s presses %s (%s, case %#)', (who, verb, plan, absences, given, verdict) => {
    const change = asking(given);
    const name = who;
    const outcome = decideOnClick(
      change,
      {
        id: 'click',
        round: change.round,
        ...(verb === 'approve' ? { verb, seconds: null } : { verb, reason: 'No.' }),
      },
      {
        clicker: { id: person(name), name },
        plan: withDelegates(plans[plan], absences, change.approvals),
        verdict: asks,
        entitlement: entitlement(),
        target,
        grantId: 'grant-2' as GrantId,
        revokeId: 'revoke-1' as ChangeId,
        heldUntil: null,
        now: T0,
      },
    );
    if (isRefusal(outcome)) return expect(outcome.reason).toBe(verdict);
    const types = outcome.map(({ type }) => type);
    const came = types.includes('changeApproved')
      ? 'approves'
      : types.includes('changeDenied')
        ? 'denies'
        : 'counts';
    expect(came).toBe(verdict);
  });

  test('both names are on record, of an approval and of a denial', () => {
    const plan = withDelegates(anybody, [tomToNadia], []);
    const facts = {
      clicker: { id: person('nadia'), name: 'nadia' },
      plan,
      verdict: asks,
      entitlement: entitlement(),
      target,
      grantId: 'grant-2' as GrantId,
      revokeId: 'revoke-1' as ChangeId,
      heldUntil: null,
      now: T0,
    };
    const change = asking([]);
    const click = { id: 'click', round: change.round };
    const insteadOf = { id: person('tom'), name: 'tom' };
    expect(decideOnClick(change, { ...click, verb: 'approve', seconds: null }, facts)).toMatchObject([
      { type: 'approvalGiven', approval: { by: person('nadia'), insteadOf } },
      { type: 'changeApproved' },
    ]);
    expect(decideOnClick(change, { ...click, verb: 'deny', reason: 'No.' }, facts)).toMatchObject([
      { type: 'changeDenied', decision: { by: person('nadia'), insteadOf } },
    ]);
  });
});
