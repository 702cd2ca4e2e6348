import { describe, expect, test } from 'vitest';
import { notAnApprover } from '../../../src/core/change/not-an-approver.ts';
import { type Click, decideOnClick } from '../../../src/core/change/settle.ts';
import type { ChangeId, GrantId } from '../../../src/core/ids.ts';
import { clockOfStage } from '../../../src/core/policy/ladder.ts';
import {
  type ApproverPlan,
  type ApproverStage,
  onlyTold,
  withAdminsBesides,
} from '../../../src/core/policy/routing.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { approver, asking, asks, entitlement, later, person, T0, target } from '../given.ts';

const slot = (source: string, names: string, quorum?: number) => ({
  source,
  people: names.split(' ').filter(Boolean).map(approver),
  pinged: true,
  ...(quorum === undefined ? {} : { quorum }),
});
const stage = (of: 'any' | 'all', quorum: number, ...slots: ApproverStage['slots']): ApproverStage => ({
  of,
  quorum,
  slots,
  escalated: false,
});
const plan = (...stages: ApproverStage[]): ApproverPlan => ({ stages, distinct: true });

/** By its short name; a row names one. Whoever adds a kind of plan adds it here. */
const plans = {
  any: plan(stage('any', 1, slot('manager', 'tom'), slot('owner', 'olga'))),
  two: plan(stage('any', 2, slot('manager', 'tom'), slot('owner', 'olga'), slot('group x', 'sam'))),
  all: plan(stage('all', 1, slot('manager', 'tom'), slot('owner', 'olga'))),
  ofGroup: plan(stage('all', 1, slot('owner', 'olga'), slot('group x', 'sam sofia kim', 2))),
  groupOr: plan(stage('any', 1, slot('manager', 'tom'), slot('group x', 'sam sofia', 2))),
  staged: plan(stage('any', 1, slot('manager', 'tom')), stage('any', 2, slot('group x', 'olga sam sofia'))),
  sameTwice: plan(stage('any', 1, slot('manager', 'tom olga')), stage('any', 1, slot('owner', 'olga sam'))),
  shared: {
    ...plan(stage('any', 1, slot('manager', 'tom')), stage('any', 1, slot('owner', 'tom olga'))),
    distinct: false,
  },
  climbed: plan({ ...stage('any', 1, slot('manager', 'tom')), rungs: [slot('owner', 'olga')] }),
  climbedAll: plan({
    ...stage('all', 1, slot('manager', 'tom'), slot('owner', 'olga')),
    rungs: [slot('admins', 'sam sofia')],
  }),
  climbedTwo: plan({ ...stage('any', 1, slot('group x', 'tom kim', 2)), rungs: [slot('owner', 'olga')] }),
  nobody: plan(stage('any', 1, slot('manager', ''))),
  told: { ...plan(stage('any', 1, slot('manager', 'tom'))), told: ['tom', 'sam'].map(approver) },
  notInChat: plan(withAdminsBesides(stage('any', 1, slot('manager', 'tom')), ['tom', 'sofia'].map(approver))),
  twoNotInChat: plan(withAdminsBesides(stage('any', 2, slot('group x', 'tom olga')), [approver('sofia')])),
} satisfies Record<string, ApproverPlan>;

type Verdict = 'decides' | 'counts' | 'opens' | 'denies' | string;
/** `before`: who has approved, `name` or `name@stage`. Verdict: `opens`, the next stage; else the refusal's reason. */
type Row = [
  plan: keyof typeof plans,
  before: string,
  who: string,
  does: 'approve' | 'deny',
  verdict: Verdict,
];

const rows: Row[] = [
  // Any one of them.
  ['any', '', 'tom', 'approve', 'decides'],
  ['any', '', 'olga', 'approve', 'decides'],
  ['any', '', 'sam', 'approve', 'notAnApprover'],
  ['any', '', 'ines', 'approve', 'selfApproval'],
  ['any', '', 'erik', 'approve', 'selfApproval'],
  ['any', '', 'tom', 'deny', 'denies'],
  ['any', '', 'olga', 'deny', 'denies'],
  ['any', '', 'sam', 'deny', 'notAnApprover'],
  ['any', '', 'ines', 'deny', 'selfApproval'],
  ['any', '', 'erik', 'deny', 'selfApproval'],
  // Two of them.
  ['two', '', 'tom', 'approve', 'counts'],
  ['two', 'tom', 'tom', 'approve', 'alreadyApprovedByYou'],
  ['two', 'tom', 'olga', 'approve', 'decides'],
  ['two', 'tom', 'sam', 'approve', 'decides'],
  ['two', 'tom', 'kim', 'approve', 'notAnApprover'],
  ['two', 'tom', 'tom', 'deny', 'denies'],
  ['two', 'tom', 'olga', 'deny', 'denies'],
  ['two', 'kim', 'olga', 'approve', 'counts'],
  // One from each source.
  ['all', '', 'tom', 'approve', 'counts'],
  ['all', 'tom', 'olga', 'approve', 'decides'],
  ['all', 'olga', 'tom', 'approve', 'decides'],
  ['all', 'olga', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['all', 'olga', 'sam', 'approve', 'notAnApprover'],
  ['all', 'olga', 'tom', 'deny', 'denies'],
  // The owner, and two of a group.
  ['ofGroup', '', 'olga', 'approve', 'counts'],
  ['ofGroup', 'olga', 'sam', 'approve', 'counts'],
  ['ofGroup', 'olga sam', 'sofia', 'approve', 'decides'],
  ['ofGroup', 'sam sofia', 'kim', 'approve', 'counts'],
  ['ofGroup', 'sam sofia kim', 'olga', 'approve', 'decides'],
  ['ofGroup', 'olga sam', 'sam', 'approve', 'alreadyApprovedByYou'],
  // The manager, or two of a group.
  ['groupOr', '', 'tom', 'approve', 'decides'],
  ['groupOr', '', 'sam', 'approve', 'counts'],
  ['groupOr', 'sam', 'sofia', 'approve', 'decides'],
  ['groupOr', 'sam', 'tom', 'approve', 'decides'],
  // The manager, and then two of a group.
  ['staged', '', 'tom', 'approve', 'opens'],
  ['staged', '', 'olga', 'approve', 'notYourTurn'],
  ['staged', '', 'olga', 'deny', 'notYourTurn'],
  ['staged', '', 'tom', 'deny', 'denies'],
  ['staged', '', 'kim', 'approve', 'notAnApprover'],
  ['staged', 'tom', 'olga', 'approve', 'counts'],
  ['staged', 'tom', 'tom', 'approve', 'alreadyApprovedByYou'],
  ['staged', 'tom', 'tom', 'deny', 'denies'],
  ['staged', 'tom', 'sofia', 'deny', 'denies'],
  ['staged', 'tom olga@1', 'sam', 'approve', 'decides'],
  ['staged', 'tom olga@1', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['staged', 'tom olga@1', 'ines', 'approve', 'selfApproval'],
  // The person who approved before has left, and somebody else of the first stage is asked again.
  ['staged', 'kim olga@1', 'tom', 'approve', 'opens'],
  ['staged', 'kim olga@1 sam@1', 'tom', 'approve', 'decides'],
  // In both stages, and counted in one.
  ['sameTwice', '', 'olga', 'approve', 'opens'],
  ['sameTwice', 'olga', 'olga', 'approve', 'alreadyApprovedByYou'],
  ['sameTwice', 'olga', 'sam', 'approve', 'decides'],
  ['sameTwice', 'olga', 'tom', 'approve', 'alreadySettled'],
  ['sameTwice', 'tom', 'olga', 'approve', 'decides'],
  // The same person may count in both.
  ['shared', '', 'tom', 'approve', 'decides'],
  ['shared', '', 'olga', 'approve', 'notYourTurn'],
  // The ladder was climbed.
  ['climbed', '', 'tom', 'approve', 'decides'],
  ['climbed', '', 'olga', 'approve', 'decides'],
  ['climbed', '', 'olga', 'deny', 'denies'],
  ['climbed', '', 'sam', 'approve', 'notAnApprover'],
  ['climbedAll', '', 'sam', 'approve', 'counts'],
  ['climbedAll', 'tom', 'sam', 'approve', 'decides'],
  ['climbedAll', 'sam', 'sofia', 'approve', 'decides'],
  ['climbedAll', 'sam', 'olga', 'approve', 'decides'],
  ['climbedTwo', '', 'olga', 'approve', 'counts'],
  ['climbedTwo', 'olga', 'tom', 'approve', 'decides'],
  // Nobody is left.
  ['nobody', '', 'tom', 'approve', 'notAnApprover'],
  ['nobody', '', 'ines', 'approve', 'selfApproval'],
  // Somebody is only told of it.
  ['told', '', 'sam', 'approve', 'notAnApprover'],
  ['told', '', 'sam', 'deny', 'notAnApprover'],
  ['told', '', 'tom', 'approve', 'decides'],
  ['told', '', 'tom', 'deny', 'denies'],
  // Those who are asked are not in chat, so the admins are asked too.
  ['notInChat', '', 'sofia', 'approve', 'decides'],
  ['notInChat', '', 'sofia', 'deny', 'denies'],
  ['notInChat', '', 'tom', 'approve', 'decides'],
  ['notInChat', '', 'sam', 'approve', 'notAnApprover'],
  ['twoNotInChat', '', 'sofia', 'approve', 'counts'],
  ['twoNotInChat', 'sofia', 'olga', 'approve', 'decides'],
];

describe('who may decide what', () => {
  test('at least 60 rows, none twice', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
    expect(new Set(rows.map((row) => row.join())).size).toBe(rows.length);
  });

  test('who is only told is refused with that as the reason; who decides is named', () => {
    const refused = notAnApprover(plans.told, person('sam'), [approver('tom')]);
    expect(refused.text).toContain('has you told of this request; it does not let you decide');
    expect(refused.next).toBe(`Those who may: ${approver('tom').name}.`);
    expect(notAnApprover(plans.told, person('olga'), [approver('tom')]).text).toContain('not among those');
    expect(onlyTold(plans.told).map(({ id }) => id)).toEqual([person('sam')]);
  });

  test.each(rows)('%s, approved by "%s": %s may %s: %s', (name, before, who, verb, verdict) => {
    const approvals = before
      .split(' ')
      .filter(Boolean)
      .map((one, i) => {
        const [by = '', at = '0'] = one.split('@');
        return {
          by: person(by),
          name: by,
          at: later(60 + i),
          seconds: null,
          clickId: `click-${i}`,
          ...(at === '0' ? {} : { stage: Number(at) }),
        };
      });
    const open = before.includes('kim') || before === '' ? 0 : plans[name].stages.length - 1;
    const change = asking({ requesterId: person('erik'), approvals, clock: clockOfStage(open, T0) });
    const click: Click =
      verb === 'approve'
        ? { id: 'click-x', round: 1, verb, seconds: null }
        : { id: 'click-x', round: 1, verb, reason: 'not needed' };
    const outcome = decideOnClick(change, click, {
      clicker: { id: person(who), name: who },
      plan: plans[name],
      verdict: asks,
      entitlement: entitlement(),
      target,
      grantId: 'grant-1' as GrantId,
      revokeId: 'revoke-1' as ChangeId,
      heldUntil: null,
      now: later(600),
    });
    expect(said(outcome)).toBe(verdict);
  });
});

function said(outcome: ReturnType<typeof decideOnClick>): string {
  if (isRefusal(outcome)) return outcome.reason;
  const types = outcome.map(({ type }) => type);
  if (types.includes('changeApproved')) return 'decides';
  if (types.includes('changeDenied')) return 'denies';
  return types.includes('stageOpened') ? 'opens' : types.join() === 'approvalGiven' ? 'counts' : types.join();
}
