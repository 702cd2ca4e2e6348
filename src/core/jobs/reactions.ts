import { isByRule, isCanary } from '../change/change.ts';
import type { ChangeEvent } from '../change/events.ts';
import type { DelegationEvent } from '../delegation/delegation.ts';
import type { MassChangeEvent } from '../mass-change/mass-change.ts';
import type { OffboardingEvent } from '../offboarding/events.ts';
import type { CarriedElsewhere } from '../policy/delivery.ts';
import type { CampaignEvent } from '../review/campaign.ts';

/**
 * Work that follows from an event; the outbox carries it. Ids only: the job looks everything up when it runs.
 * `afterMs`: not before; whoever calls for the same work earlier gets it earlier.
 */
export type Job =
  | { job: 'assessRequest'; changeId: string }
  | { job: 'settleClick'; clickKey: string; click: ClickReceived }
  | { job: 'advise'; changeId: string }
  /** What was approved for later begins, if it still fits. */
  | { job: 'beginAccess'; changeId: string; afterMs?: number }
  /** `urgency`: what takes access away goes before what gives it, a leaver's first of all. */
  /** `idp`, here and below: the `system` of the identity provider that is asked; left out in rows of long ago. */
  | { job: 'applyToIdp'; personId: string; groupId: string; idp?: string; urgency?: Urgency }
  /** Of an IdP that pushes only now and then, and can be asked to. */
  | { job: 'askForPush'; groupId: string; idp?: string }
  | { job: 'deliverToTeam'; personId: string; teamId: string }
  | { job: 'checkMembership'; personId: string; groupId: string; idp?: string }
  /** `of`: as the change was when the look was called for; left out: not known there. */
  | { job: 'verifyInAnypoint'; changeId: string; of?: LookedFor; afterMs?: number }
  | { job: 'updateMessages'; changeId: string; afterMs?: number }
  /** What event sources of the directory told and nobody processed yet. */
  | { job: 'processObservations' }
  | { job: 'evaluatePerson'; personId: string; idp?: string }
  | { job: 'checkGroup'; groupId: string; idp?: string }
  /** Somebody asked for a comparison before its time. */
  | { job: 'beginReconcile' }
  | { job: 'assessMassChange'; massChangeId: string }
  | { job: 'carryOutMassChange'; massChangeId: string }
  | { job: 'advanceOffboarding'; offboardingId: string; afterMs?: number }
  /** Somebody's status in the chat has changed: it may say that they are away. */
  | { job: 'readChatStatus'; accountId: string }
  | { job: 'settleStepUp'; stepUpId: string; afterMs?: number }
  | { job: 'prepareCampaign'; campaignId: string }
  | { job: 'carryOutCampaign'; campaignId: string }
  /** The model's view of one line of a campaign, asked when the line is looked at. */
  | { job: 'adviseLine'; campaignId: string; n: number }
  | { job: 'settleCardClick'; clickKey: string; answer: AnswerReceived }
  /** Publishes the Home tab of somebody anew who has opened it once. */
  | { job: 'updateHome'; personId: string; afterMs?: number }
  | { job: 'updateCard'; about: Subject; id: string; afterMs?: number };

/** The person, group and team of a change. `idp`: left out in what was decided long ago. */
export type LookedFor = { personId: string; groupId: string; teamId: string; idp?: string };

/** What people are told of besides changes, each on one card. */
export type Subject =
  | 'campaign'
  | 'review'
  | 'emergency'
  | 'jointRequest'
  | 'offboarding'
  | 'massChange'
  | 'canary'
  | 'policy'
  | 'refusedPush'
  | 'lostAccount'
  | 'provisioning'
  | 'queue'
  | 'secret'
  | 'anchor'
  | 'tickets'
  | 'delivery'
  | 'delegation'
  | 'digest';

export type JobName = Job['job'];

/** A click as it came in: who and on what, not yet believed. */
export type ClickReceived = {
  clickId: string;
  changeId: string;
  round: number;
  chatUserId: string;
  /** Where to answer so that only the clicker sees it. */
  channel: string;
  act:
    | { verb: 'approve'; seconds: number | null }
    | { verb: 'deny'; reason: string }
    | { verb: 'withdraw' }
    | { verb: 'release' }
    /** The same again, from its end on. */
    | { verb: 'extend' }
    | { verb: 'letEnd' }
    /** The ticket that it ends with is gone. */
    | { verb: 'endGone' }
    /** The approvers once more. */
    | { verb: 'nudge' }
    /** A narrower entitlement of the same family, in place of what was asked for. */
    | { verb: 'approveNarrower'; entitlementKey: string; seconds: number | null }
    /** The grant is less than the request, and they don't want it. */
    | { verb: 'decline' }
    | { verb: 'ask'; text: string }
    /** `of` null: the oldest question that is open. */
    | { verb: 'answer'; text: string; of: number | null }
    /** Written in the thread of one of its messages: a question, an answer, or neither. */
    | { verb: 'reply'; text: string };
};

/** A click on a card that is not a change's, as it came in, not yet believed. */
export type AnswerReceived = {
  clickId: string;
  about: Subject;
  id: string;
  chatUserId: string;
  /** Where to answer so that only the clicker sees it. */
  channel: string;
  /** The button that was pressed, and on which of the card's lines where it has lines. */
  verb: string;
  item: string | null;
};

export type Urgency = 'leaver' | 'revoke' | 'grant';

/** The pair a grant or revoke of this change moves. */
export type Pair = {
  personId: string;
  groupId: string;
  teamId: string;
  /** Of the group; left out in what was decided long ago. */
  idp?: string;
  /** Left out: Latchkey carries it. */
  delivery?: CarriedElsewhere;
  /** One of the many that are decided on one card. */
  isOneOfMany?: true;
  urgency: Urgency;
};

function applying({ personId, groupId, urgency }: Pair, idp: string): Job {
  return { job: 'applyToIdp', personId, groupId, idp, urgency };
}

function looking(changeId: string, pair: Pair | null): Job & { job: 'verifyInAnypoint' } {
  if (pair === null) return { job: 'verifyInAnypoint', changeId };
  const { personId, groupId, teamId, idp } = pair;
  const of = { personId, groupId, teamId, ...(idp === undefined ? {} : { idp }) };
  return { job: 'verifyInAnypoint', changeId, of };
}

/** The write goes first: what is told of a decision waits until it is on its way. */
const TELL_AFTER_MS = 150;
const WATCH_AFTER_MS = 2_500;
/** A leg that takes longer is told of; of one that does not, the next comes before anybody has read it. */
const TELL_LEG_AFTER_MS = 2_000;

/** The same message, once a leg of the way has taken long enough to be read. */
function whereItIs(tell: Job): Job {
  return { ...tell, afterMs: TELL_LEG_AFTER_MS } as Job;
}

/** No push to us follows what something else carries. What came by a sign-in is taken out at once. */
function carriedElsewhere(pair: Pair, { changeId }: ChangeEvent): Job[] {
  const { personId, teamId, delivery, urgency } = pair;
  const look = looking(changeId, pair);
  return delivery === 'claim' && urgency !== 'grant'
    ? [look, { job: 'deliverToTeam', personId, teamId }]
    : [look];
}

function afterIdpWritten(
  event: ChangeEvent & { type: 'idpWritten' },
  pair: Pair | null,
  tell: readonly Job[],
): Job[] {
  if (pair?.delivery !== undefined) return [...carriedElsewhere(pair, event), ...tell];
  // An IdP pushes one after the other: the last of thousands would wait for all others. What the IdP has is known.
  if (pair?.isOneOfMany === true)
    return [{ job: 'deliverToTeam', personId: pair.personId, teamId: pair.teamId }, ...tell];
  // A write that changed something is followed by a push, and that by a delivery: only then is there news to see.
  return event.wrote === 'already so' ? [looking(event.changeId, pair)] : [...tell];
}

/**
 * Pure: which jobs an event calls for. Every event makes the messages right again: those of the change itself, or,
 * for a revoke, of the grants it ends (`shownOn`). `jointly`: the joint requests whose one message shows it.
 */
export function reactions(
  event: ChangeEvent,
  pair: Pair | null,
  shownOn: readonly string[],
  jointly: readonly string[] = [],
): Job[] {
  const tell: Job[] = [
    ...shownOn.map((changeId): Job => ({ job: 'updateMessages', changeId })),
    ...jointly.map((id): Job => ({ job: 'updateCard', about: 'jointRequest', id })),
  ];
  switch (event.type) {
    case 'changeReceived':
      // What is decided as it comes needs no considering.
      return event.kind === 'grant' &&
        event.partOf === undefined &&
        !isByRule(event) &&
        !isCanary(event) &&
        event.cause !== 'breakGlass'
        ? [{ job: 'assessRequest', changeId: event.changeId }]
        : [];
    case 'stepUpAsked': {
      const { id, askedAt, expiresAt } = event.stepUp;
      const afterMs = expiresAt.getTime() - askedAt.getTime();
      return [...tell, { job: 'settleStepUp', stepUpId: id, afterMs }];
    }
    case 'approversAsked':
      return [...tell, { job: 'advise', changeId: event.changeId }];
    // Who is asked now has to be looked up, and told.
    case 'stageOpened':
    case 'approversEscalated':
      return [{ job: 'assessRequest', changeId: event.changeId }, ...tell];
    case 'changeScheduled': {
      const afterMs = Math.max(0, event.startsAt.getTime() - event.at.getTime());
      return [{ job: 'beginAccess', changeId: event.changeId, afterMs }, ...tell];
    }
    case 'changeApproved':
      return pair === null
        ? tell
        : [
            applying(pair, event.target.idp),
            // The watch over the objective; a delivery brings the look that matters.
            { ...looking(event.changeId, pair), afterMs: WATCH_AFTER_MS },
            ...tell.map((job) => ({ ...job, afterMs: TELL_AFTER_MS })),
          ];
    case 'idpWritten':
      return afterIdpWritten(event, pair, tell.map(whereItIs));
    case 'scimPushed':
      return tell.map(whereItIs);
    case 'delivered':
      return [looking(event.changeId, pair)];
    default:
      return tell;
  }
}

/** Pure: the jobs that follow from an event of a mass change. Every event updates its card. */
export function massReactions(event: MassChangeEvent): Job[] {
  const { massChangeId } = event;
  const report: Job = { job: 'updateCard', about: 'massChange', id: massChangeId, afterMs: TELL_AFTER_MS };
  switch (event.type) {
    case 'massOpened':
      return [];
    case 'massGrew':
    case 'massShrank':
    case 'massMoved':
      return [{ job: 'assessMassChange', massChangeId }];
    case 'massAsked':
      return [report, { job: 'advise', changeId: massChangeId }];
    case 'massDecided':
      return [{ job: 'carryOutMassChange', massChangeId }, report];
    default:
      return [report];
  }
}

/** Pure: the jobs that follow from an event of an offboarding. */
export function offboardingReactions(event: OffboardingEvent): Job[] {
  const { offboardingId } = event;
  const report: Job = { job: 'updateCard', about: 'offboarding', id: offboardingId, afterMs: TELL_AFTER_MS };
  switch (event.type) {
    // What there is to do is done before it is told.
    case 'offboardingStarted':
      return [{ job: 'advanceOffboarding', offboardingId }];
    case 'leaverConfirmed':
    case 'applicationDecided':
    case 'offboardingReturned':
      return [{ job: 'advanceOffboarding', offboardingId }, report];
    default:
      return [report];
  }
}

/** Pure: the jobs that follow from an event of a delegation; `waiting`: what waits for whoever is away. */
export function delegationReactions(
  { type, delegationId }: DelegationEvent,
  waiting: {
    changeIds: readonly string[];
    massChangeIds: readonly string[];
    reviewIds?: readonly string[];
    offboardingIds?: readonly string[];
  },
): Job[] {
  const report: Job = { job: 'updateCard', about: 'delegation', id: delegationId };
  if (type === 'delegationNamed') return [report];
  return [
    ...waiting.changeIds.map((changeId): Job => ({ job: 'assessRequest', changeId })),
    ...waiting.massChangeIds.map((massChangeId): Job => ({ job: 'assessMassChange', massChangeId })),
    ...(waiting.reviewIds ?? []).map((id): Job => ({ job: 'updateCard', about: 'review', id })),
    ...(waiting.offboardingIds ?? []).map((id): Job => ({ job: 'updateCard', about: 'offboarding', id })),
    report,
  ];
}

/** Pure: the jobs that follow from an event of a campaign. `parts`: those of its reviewers whose messages show it. */
export function campaignReactions(event: CampaignEvent, parts: readonly string[]): Job[] {
  const { campaignId } = event;
  const report: Job[] = [
    { job: 'updateCard', about: 'campaign', id: campaignId, afterMs: TELL_AFTER_MS },
    ...parts.map((id): Job => ({ job: 'updateCard', about: 'review', id, afterMs: TELL_AFTER_MS })),
  ];
  switch (event.type) {
    case 'campaignOpened':
      return [{ job: 'prepareCampaign', campaignId }];
    case 'snapshotTaken':
      return [];
    case 'linesSubmitted':
    case 'linesDropped':
    case 'objectionAnswered':
    case 'campaignDecided':
      return [{ job: 'carryOutCampaign', campaignId }, ...report];
    default:
      return report;
  }
}

/** Pure: the jobs that a note calls for. A note is no step of a life cycle: advice is shown with its change. */
export function noteReactions({ type, changeId }: { type: string; changeId: string | null }): Job[] {
  return type === 'adviceGiven' && changeId !== null ? [{ job: 'updateMessages', changeId }] : [];
}
