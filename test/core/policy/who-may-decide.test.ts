import { describe, expect, test } from 'vitest';
import { notAnApprover } from '../../../src/core/change/not-an-approver.ts';
import { type Click, decideOnClick } from '../../../src/core/change/settle.ts';
import { clockOfStage } from '../../../src/core/policy/ladder.ts';
import {
  type ApproverPlan,
  type ApproverStage,
  onlyTold,
  withAdminsBesides,
} from '../../../src/core/policy/routing.ts';
import { isRefusal } from '../../../src/core/refusal.ts';
import { approver, asking, clickFacts, later, person, T0 } from '../given.ts';
import { type PlanOfRow, rows } from './who-may-decide-rows.ts';

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
} satisfies Record<PlanOfRow, ApproverPlan>;

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
    const outcome = decideOnClick(change, click, clickFacts(who, { plan: plans[name] }));
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
