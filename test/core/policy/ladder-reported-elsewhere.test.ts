import { describe, expect, test } from 'vitest';
import { decideOnClick } from '../../../src/core/change/settle.ts';
import { absentAmong } from '../../../src/core/delegation/absent.ts';
import { onStatus } from '../../../src/core/delegation/by-status.ts';
import { withDelegates } from '../../../src/core/delegation/delegates.ts';
import { climbedTo, clockOfStage, ladderStep } from '../../../src/core/policy/ladder.ts';
import {
  type ApproverPlan,
  type ApproverStage,
  distinct,
  isApproved,
  isEnoughWithout,
  isStranded,
  mayApprove,
  openStage,
  peopleOfStage,
  planApprovers,
  planOf,
  planStage,
  slotsOf,
  stillMissing,
  withRung,
} from '../../../src/core/policy/routing.ts';
import { away, slot, until } from '../delegation/given.ts';
import { approvedBy, approver, asking, clickFacts, later, person, planOfOne, T0 } from '../given.ts';

// What others' users reported of approvals, each tried here. A test names the report that it comes from.

const HOUR = 3_600;
const anyOne = { of: 'any', quorum: 1 } as const;
const nobodyExcluded = new Set<never>();
const plain = (name: string) => name;
const names = (people: readonly { name: string }[]) => people.map(({ name }) => name);
const stageOf = (...people: string[]): ApproverStage =>
  planStage(anyOne, [slot('manager', ...people)], [], nobodyExcluded);
const given = (name: string, clickId = 'click-0') => ({
  by: person(name),
  name,
  at: later(60),
  seconds: null,
  clickId,
});

/** A click on Approve, on a change with these approvals. */
function approves(name: string, plan: ApproverPlan, approvals = [] as ReturnType<typeof given>[]) {
  return decideOnClick(
    asking({ approvals }),
    { id: 'click-9', round: 1, verb: 'approve', seconds: null },
    clickFacts(name, { plan }),
  );
}

describe('somebody is away', () => {
  // microsoft/powercat-business-approvals-kit#60: the request went to the approver who was out of office.
  test('the delegate is asked, and not who is away', () => {
    const plan = withDelegates(planOf(stageOf('tom')), [away('tom', 'nadia')], []);
    const { first, others } = peopleOfStage(openStage(plan, []).stage);
    expect(names(first)).toEqual(['nadia']);
    expect(names(others)).toEqual(['tom']);
  });

  // microsoft/powercat-business-approvals-kit#202: nobody opens an application to say that they are on vacation.
  test('what they say in the chat is enough, and with no delegate named nobody waits for them', () => {
    const status = { away: { until: later(48 * HOUR) }, isKnown: false, own: [], decides: true, now: T0 };
    expect(onStatus({ ...status, usual: { id: person('nadia'), name: 'nadia' } })).toBe('start');
    expect(onStatus({ ...status, usual: null })).toBe('offer');
    const byStatus = [{ id: person('tom'), until }];
    const absent = absentAmong([approver('tom')], { absences: [], byStatus, given: [] });
    expect(absent).toEqual([{ id: person('tom'), name: 'tom', until }]);
    expect(isEnoughWithout(stageOf('tom'), new Set(absent.map(({ id }) => id)))).toBe(false);
  });

  // microsoft/powercat-business-approvals-kit#33: whoever delegates is out of the request, and is told of no outcome.
  test('who named the delegate stays in it, and is on record with the delegate', () => {
    const plan = withDelegates(planOf(stageOf('tom')), [away('tom', 'nadia')], []);
    expect(names(mayApprove(plan))).toEqual(['nadia', 'tom']);
    expect(approves('tom', plan)).toMatchObject([{ type: 'approvalGiven' }, { type: 'changeApproved' }]);
    expect(approves('nadia', plan)).toMatchObject([
      { type: 'approvalGiven', approval: { insteadOf: { id: person('tom'), name: 'tom' } } },
      { type: 'changeApproved' },
    ]);
  });

  // hyperledger-archives/sawtooth-next-directory#32: "Jon on behalf of Sue on behalf of Kevin on behalf of Amy".
  test('one decides in the stead of one: nothing is passed on', () => {
    const chain = [away('tom', 'nadia'), away('nadia', 'erik')];
    const plan = withDelegates(planOf(stageOf('tom')), chain, []);
    expect(names(mayApprove(plan))).toEqual(['nadia', 'tom']);
    expect(approves('erik', plan)).toMatchObject({ reason: 'notAnApprover' });
  });
});

describe('nobody answers, or nobody is there', () => {
  // microsoft/powercat-business-approvals-kit#103: what nobody answers waits for ever.
  test('after the time others are asked too, once, and those before may still decide', () => {
    const ladder = [{ afterSeconds: 4 * HOUR, to: [{ owner: true as const }] }];
    const clock = clockOfStage(0, T0);
    expect(ladderStep(clock, ladder, null, later(4 * HOUR - 1))).toMatchObject({ do: 'warn' });
    expect(ladderStep(clock, ladder, null, later(4 * HOUR))).toEqual({ do: 'climb', rung: 1 });
    const climbed = climbedTo(clock, 1, { at: later(4 * HOUR), to: 'the owner', why: 'noAnswer' });
    expect(ladderStep(climbed, ladder, null, later(400 * HOUR))).toBeNull();
    const plan = planOf(withRung(stageOf('tom'), slot('owner', 'olga'), nobodyExcluded));
    for (const name of ['tom', 'olga'])
      expect(approves(name, plan)).toMatchObject([{ type: 'approvalGiven' }, { type: 'changeApproved' }]);
  });

  // hyperledger-archives/sawtooth-next-directory#118: an approver who is not there is to be passed over by itself.
  test('who is not there is passed over at once, and may decide all the same', () => {
    const gone = new Set([person('tom')]);
    expect(isEnoughWithout(stageOf('tom'), gone)).toBe(false);
    const next = withRung(stageOf('tom'), slot('owner', 'olga'), nobodyExcluded);
    expect(isEnoughWithout(next, gone)).toBe(true);
    expect(names(distinct(slotsOf(next)))).toEqual(['tom', 'olga']);
  });

  // microsoft/powercat-business-approvals-kit#249: approver and delegates away, no manager: the workflow broke off.
  test('nobody is left at all: the admins are asked; without any it is said, and nothing is approved', () => {
    const absences = [away('tom', 'nadia', { whyNot: 'is away too' })];
    expect(absentAmong([approver('tom')], { absences, byStatus: [], given: [] })).toHaveLength(1);
    const toAdmins = planApprovers(anyOne, [slot('manager')], [approver('sam')], nobodyExcluded);
    expect(names(mayApprove(toAdmins))).toEqual(['sam']);

    for (const of of ['any', 'all'] as const) {
      const none = planApprovers({ of, quorum: 1 }, [slot('manager')], [], nobodyExcluded);
      expect(isStranded(none)).toBe(true);
      expect(isApproved(none, [])).toBe(false);
      expect(approves('tom', none)).toMatchObject({ refused: true });
      expect(stillMissing(none, [], plain)).toMatch(/nobody is left who may/);
    }
  });

  // tmobile/sawtooth-next-directory#313: a request was its requester's to approve, as the approver had no manager.
  test('no manager: who asked decides on it neither as the owner nor as an admin', () => {
    const ines = new Set([person('ines')]);
    const slots = [slot('manager'), slot('owner', 'ines')];
    const plan = planApprovers(anyOne, slots, [approver('ines'), approver('sam')], ines);
    expect(names(mayApprove(plan))).toEqual(['sam']);
    expect(approves('ines', planOf(stageOf('ines')))).toMatchObject({ reason: 'selfApproval' });
  });
});

describe('what counts', () => {
  // palantir/policy-bot#33: one person approved twice, and that counted as two.
  test('one person is one, however often they approve', () => {
    const two = planOfOne({ quorum: 2 });
    expect(isApproved(two, approvedBy('tom', 'tom'))).toBe(false);
    expect(approves('tom', two, [given('tom')])).toMatchObject({ reason: 'alreadyApprovedByYou' });
    expect(approves('olga', two, [given('tom')])).toMatchObject([
      { type: 'approvalGiven' },
      { type: 'changeApproved' },
    ]);
  });

  // OCA/server-ux#195: of three steps the first and third are one person's; their approval settled both at once.
  test.each([true, false])(
    'stages go one after the other, though one person is in two (distinct: %s)',
    (is) => {
      const plan = { ...planOf(stageOf('tom'), stageOf('olga'), stageOf('tom', 'sam')), distinct: is };
      const first = [{ by: person('tom') }];
      expect(openStage(plan, first).n).toBe(1);
      expect(isApproved(plan, first)).toBe(false);
      expect(approves('sam', plan, [given('tom')])).toMatchObject({ reason: 'notYourTurn' });
      const both = [...first, { by: person('olga'), stage: 1 }];
      expect(isApproved(plan, both)).toBe(!is);
      expect(isApproved(plan, [...both, { by: person('sam'), stage: 2 }])).toBe(true);
    },
  );

  // go-gitea/gitea#11675: approvals from before the rule was written did not count, and were shown as if they did.
  test('approvals are counted by the rule as it is now, also those given before', () => {
    const before = planOfOne({ quorum: 1 });
    const now = planOfOne({ quorum: 2 });
    expect(isApproved(before, approvedBy('tom'))).toBe(true);
    expect(isApproved(now, approvedBy('tom'))).toBe(false);
    expect(stillMissing(now, approvedBy('tom'), plain)).toBe('1 more of olga');
    expect(approves('olga', now, [given('tom')])).toMatchObject([
      { type: 'approvalGiven' },
      { type: 'changeApproved' },
    ]);
    // Who may not approve by now counts no more, and is not named as if they did.
    expect(isApproved(planOf(stageOf('olga')), approvedBy('tom'))).toBe(false);
  });
});
