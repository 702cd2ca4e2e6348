import type { Change, Decision } from '../../src/core/change/change.ts';
import type { ChangeEvent } from '../../src/core/change/events.ts';
import { evolve } from '../../src/core/change/evolve.ts';
import type { ChangeState } from '../../src/core/change/life-cycle.ts';
import type { ClickFacts } from '../../src/core/change/settle.ts';
import { shownOf } from '../../src/core/change/shown.ts';
import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../../src/core/ids.ts';
import type { ApproverSource, Entitlement, StageRule } from '../../src/core/policy/catalogue.ts';
import {
  type Approver,
  type ApproverPlan,
  type ApproverStage,
  type Given,
  planOf,
} from '../../src/core/policy/routing.ts';
import type { Verdict } from '../../src/core/policy/verdict.ts';

/** Things that tests begin with. Times are given; nothing here reads a clock. */
export const T0 = new Date('2026-03-02T09:00:00Z');
export const later = (seconds: number): Date => new Date(T0.getTime() + seconds * 1_000);

export const person = (name: string): PersonId => `person-${name}` as PersonId;
export const approver = (name: string): Approver => ({
  id: person(name),
  name,
  email: `${name}@acme.example`,
});

export const target = {
  idp: 'okta',
  groupId: 'g1',
  groupName: 'anypoint-orders',
  teamId: 't1',
  teamName: 'Orders',
};
export const asks: Verdict = { effect: 'ask', grounds: [{ text: 'tier medium', clause: 'AC-3' }] };
/** A plan of one stage: any one of these, unless something else is said. */
export function planOfOne(
  stage: Partial<ApproverStage> = {},
  rest: Partial<ApproverPlan> = {},
): ApproverPlan {
  const slots = [{ source: 'manager', people: [approver('tom'), approver('olga')], pinged: true }];
  return { ...planOf({ of: 'any', quorum: 1, slots, escalated: false, ...stage }), ...rest };
}

/** The plan with something of each stage replaced. */
export function replaced(plan: ApproverPlan, stage: Partial<ApproverStage>): ApproverPlan {
  return { ...plan, stages: plan.stages.map((before) => ({ ...before, ...stage })) };
}

export const anybody = planOfOne();

/** Approvals as a plan counts them, in the first stage. */
export const approvedBy = (...names: string[]): Given[] => names.map((name) => ({ by: person(name) }));

/** A rule of one stage. */
export function ruleOfOne(
  of: StageRule['of'],
  quorum: number,
  ...sources: ApproverSource[]
): Entitlement['approvers'] {
  return { stages: [{ of, quorum, sources }], distinct: true };
}

export function entitlement(rest: Partial<Entitlement> = {}): Entitlement {
  return {
    key: 'orders' as EntitlementKey,
    title: 'Orders API',
    gives: 'read access to the Orders API',
    team: 'Orders',
    idpGroup: 'anypoint-orders',
    tier: 'medium',
    owner: 'olga@acme.example',
    requestableBy: 'everyone',
    approvers: ruleOfOne('any', 1, { manager: true }, { owner: true }),
    autoApprove: false,
    durationsSeconds: [3_600, 86_400],
    defaultSeconds: 86_400,
    maxSeconds: 604_800,
    clauses: ['AC-3'],
    finding: 'ask',
    birthright: null,
    conflicts: [],
    reviewEverySeconds: null,
    reviewed: null,
    ...rest,
  };
}

const changeId = 'change-1' as ChangeId;
const base = { changeId, at: T0, actor: { part: 'latchkey' } } as const;

export function decision(outcome: Decision['outcome'], rest: Partial<Decision> = {}): Decision {
  return { outcome, by: person('tom'), byName: 'tom', at: T0, note: null, clickId: 'click-1', ...rest };
}

/** An example of every event. Typed so that a new event must get one. */
export const events: { [T in ChangeEvent['type']]: Extract<ChangeEvent, { type: T }> } = {
  changeReceived: {
    ...base,
    type: 'changeReceived',
    kind: 'grant',
    cause: 'request',
    entitlementKey: 'orders' as EntitlementKey,
    personId: person('ines'),
    requesterId: person('ines'),
    reason: 'the nightly import fails',
    ticket: 'INC-1',
    requestedSeconds: 86_400,
    target: null,
    via: 'slack',
    lapsesAt: null,
  },
  requestRefused: {
    ...base,
    type: 'requestRefused',
    refusal: { refused: true, reason: 'notEligible', text: 'Not open to you.', next: 'Ask the owner.' },
  },
  approversAsked: {
    ...base,
    type: 'approversAsked',
    plan: anybody,
    verdict: asks,
    round: 1,
    lapsesAt: later(3_600),
    target,
  },
  approversNudged: { ...base, type: 'approversNudged', by: { id: person('tom'), name: 'tom' } },
  approversReminded: {
    ...base,
    type: 'approversReminded',
    people: [{ id: person('tom'), name: 'tom' }],
  },
  approversWarned: { ...base, type: 'approversWarned', nextAt: later(1_800), next: 'the owner' },
  approversEscalated: { ...base, type: 'approversEscalated', rung: 1, why: 'noAnswer', to: 'the owner' },
  stageOpened: { ...base, type: 'stageOpened', stage: 1, lapsesAt: later(7_200) },
  approvalGiven: {
    ...base,
    type: 'approvalGiven',
    approval: { by: person('tom'), name: 'tom', at: T0, seconds: null, clickId: 'click-1' },
  },
  stepUpAsked: {
    ...base,
    type: 'stepUpAsked',
    stepUp: {
      id: 'step-up-1',
      by: person('tom'),
      name: 'tom',
      clickId: 'click-1',
      askedAt: T0,
      expiresAt: later(300),
    },
  },
  stepUpEnded: { ...base, type: 'stepUpEnded', stepUpId: 'step-up-1', by: person('tom'), why: 'expired' },
  requestNarrowed: {
    ...base,
    type: 'requestNarrowed',
    from: { key: 'orders' as EntitlementKey, title: 'Orders API' },
    entitlementKey: 'orders-read' as EntitlementKey,
    target,
    shown: shownOf(entitlement({ key: 'orders-read' as EntitlementKey }), target),
    requestedSeconds: 3_600,
  },
  questionAsked: {
    ...base,
    type: 'questionAsked',
    question: {
      id: 1,
      by: person('tom'),
      name: 'tom',
      at: T0,
      text: 'Which order is it?',
      clickId: 'click-q',
      answers: [],
    },
  },
  questionAnswered: {
    ...base,
    type: 'questionAnswered',
    of: 1,
    answer: { by: person('ines'), name: 'ines', at: T0, text: 'Number 4711.', clickId: 'click-a' },
  },
  changeScheduled: {
    ...base,
    type: 'changeScheduled',
    startsAt: later(7_200),
    endsAt: later(93_600),
    decision: decision('approved'),
    verdict: asks,
    target,
  },
  startDelayed: { ...base, type: 'startDelayed', why: 'the identity provider does not answer in time' },
  changeApproved: {
    ...base,
    type: 'changeApproved',
    grant: { id: 'grant-1' as GrantId, startsAt: T0, endsAt: later(86_400) },
    decision: decision('approved'),
    verdict: asks,
    target,
  },
  changeDenied: {
    ...base,
    type: 'changeDenied',
    decision: decision('denied', { note: 'not needed' }),
    revokeId: null,
  },
  changeWithdrawn: { ...base, type: 'changeWithdrawn', decision: decision('withdrawn') },
  requestLapsed: {
    ...base,
    type: 'requestLapsed',
    decision: decision('lapsed', { by: null, byName: 'Latchkey' }),
  },
  requestClosed: {
    ...base,
    type: 'requestClosed',
    decision: decision('closed', { by: null, byName: 'Latchkey', note: 'ines has left' }),
  },
  idpWritten: { ...base, type: 'idpWritten', wrote: 'added' },
  scimPushed: { ...base, type: 'scimPushed' },
  delivered: { ...base, type: 'delivered', wrote: 'added' },
  signedIn: { ...base, type: 'signedIn' },
  signInAwaited: { ...base, type: 'signInAwaited' },
  changeLate: { ...base, type: 'changeLate', leg: 'scimPush', why: 'Okta has not pushed' },
  changeSeen: { ...base, type: 'changeSeen', note: null },
  changeOvertaken: { ...base, type: 'changeOvertaken', why: 'given anew' },
  applyFailed: { ...base, type: 'applyFailed', code: 'E0000006', text: 'not allowed' },
  endingWarned: { ...base, type: 'endingWarned', endsAt: later(86_400) },
  renewalDeclined: { ...base, type: 'renewalDeclined', by: { id: person('tom'), name: 'tom' } },
  endAgreed: { ...base, type: 'endAgreed', by: { id: person('tom'), name: 'tom' } },
  ticketChanged: {
    ...base,
    type: 'ticketChanged',
    ticket: 'INC-1',
    is: 'closed',
    status: 'Done',
    endsAt: later(900),
  },
  decisionReopened: { ...base, type: 'decisionReopened', by: { id: person('olga'), name: 'olga' } },
  grantEnded: {
    ...base,
    type: 'grantEnded',
    cause: 'expiry',
    by: null,
    revokeId: 'change-2' as ChangeId,
    stillHeld: false,
    stillHeldUntil: null,
  },
};

/** The change after these events, from an example of each. */
export function changeAfter(...types: ChangeEvent['type'][]): Change {
  let change: Change | null = null;
  for (const type of types) change = evolve(change, events[type]);
  return change as Change;
}

/** A shortest way to every state. */
export const wayTo: Record<ChangeState, ChangeEvent['type'][]> = {
  received: ['changeReceived'],
  asking: ['changeReceived', 'approversAsked'],
  scheduled: ['changeReceived', 'approversAsked', 'changeScheduled'],
  applying: ['changeReceived', 'approversAsked', 'changeApproved'],
  verifying: ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten'],
  awaitingSignIn: ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'signInAwaited'],
  late: ['changeReceived', 'approversAsked', 'changeApproved', 'changeLate'],
  inEffect: ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'changeSeen'],
  refused: ['changeReceived', 'requestRefused'],
  denied: ['changeReceived', 'approversAsked', 'changeDenied'],
  withdrawn: ['changeReceived', 'approversAsked', 'changeWithdrawn'],
  lapsed: ['changeReceived', 'approversAsked', 'requestLapsed'],
  closed: ['changeReceived', 'approversAsked', 'requestClosed'],
  ended: ['changeReceived', 'approversAsked', 'changeApproved', 'idpWritten', 'changeSeen', 'grantEnded'],
  superseded: ['changeReceived', 'approversAsked', 'changeApproved', 'changeOvertaken'],
  failed: ['changeReceived', 'approversAsked', 'changeApproved', 'applyFailed'],
};

/** An asking change, the example's fields replaced. */
export function asking(rest: Partial<Change> = {}): Change {
  return { ...changeAfter(...wayTo.asking), ...rest };
}

/** What is known at somebody's click, ten minutes after the change was asked for. */
export function clickFacts(name: string, rest: Pick<ClickFacts, 'plan'> & Partial<ClickFacts>): ClickFacts {
  return {
    clicker: { id: person(name), name },
    verdict: asks,
    entitlement: entitlement(),
    target,
    grantId: 'grant-1' as GrantId,
    revokeId: 'revoke-1' as ChangeId,
    heldUntil: null,
    now: later(600),
    ...rest,
  };
}
