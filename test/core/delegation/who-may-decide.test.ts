import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/change/change.ts';
import { evolve } from '../../../src/core/change/evolve.ts';
import { decideOnClick } from '../../../src/core/change/settle.ts';
import { withDelegates } from '../../../src/core/delegation/delegates.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import type { ApproverPlan } from '../../../src/core/policy/routing.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { anybody, asks, changeAfter, entitlement, events, person, T0, target, wayTo } from '../given.ts';
import { slot } from './given.ts';
import { type PlanOfRow, rows, tomToNadia } from './who-may-decide-rows.ts';

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
} satisfies Record<PlanOfRow, ApproverPlan>;

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
