import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../ids.ts';
import type { Target } from '../policy/catalogue.ts';
import type { ApproverClock } from '../policy/ladder.ts';
import type { ApproverPlan } from '../policy/routing.ts';
import type { ApproverFacts, Verdict } from '../policy/verdict.ts';
import type { Refusal } from '../refusal.ts';
import type { PendingStepUp, StepUpProof } from '../step-up/step-up.ts';
import type { ChangeState } from './life-cycle.ts';
import type { Question } from './question.ts';
import type { Shown } from './shown.ts';
import type { Warning } from './warnings.ts';

/** The one noun that travels the road: a grant or revoke, of one entitlement, for one person, with one cause. */
export type Change = {
  id: ChangeId;
  kind: 'grant' | 'revoke';
  cause: Cause;
  state: ChangeState;
  /** Grows by one with every event. */
  version: number;
  entitlementKey: EntitlementKey;
  /** Who gets or loses the access. */
  personId: PersonId;
  /** How it came in: `slack`, `mcp` for a copilot, or a part of ours; not known of the oldest. */
  via?: string;
  /** Who asked; null when nobody did (expiry). */
  requesterId: PersonId | null;
  reason: string;
  ticket: string | null;
  /** Its grant ends when the ticket is closed, and at the latest at its time. */
  endsWithTicket?: true;
  /** What became of that ticket since. */
  ticketNews?: TicketNews;
  requestedSeconds: number | null;
  /** From when it is asked for; left out: at once. */
  startsAt?: Date;
  requestedAt: Date;
  /** Grows when the card is put to other people; a button of an earlier round is stale. */
  round: number;
  /** The round since which the card is about the same: later ones only asked other people. Left out: not known. */
  sameSince?: number;
  lapsesAt: Date | null;
  remindedAt: Date | null;
  /** When whoever asked has asked the approvers once more, and who that was. */
  nudges?: { by: PersonId; name: string; at: Date }[];
  /** How far the time to answer has gone; left out: nobody was asked yet. */
  clock?: ApproverClock;
  plan: ApproverPlan | null;
  verdict: Verdict | null;
  shown?: Shown;
  approvals: Approval[];
  /** Approvals that wait for a fresh sign-in; left out: none ever did. */
  stepUps?: PendingStepUp[];
  /** What approvers asked, in that order; left out: nothing. */
  questions?: Question[];
  decision: Decision | null;
  /** What was approved for later. Left out: nothing was; null: it was put to approvers anew since. */
  scheduled?: Schedule | null;
  grant: GrantTerms | null;
  target: Target | null;
  refusal: Refusal | null;
  legs: Legs;
  late: { leg: Leg; why: string; at: Date; clearedAt: Date | null } | null;
  /** It has waited for a first sign-in, now or before. */
  signInAwaited?: boolean;
  /** When waiting for a first sign-in ended: the objective runs from then. */
  signedInAt: Date | null;
  /** While that is waited for: why somebody who looks like them in Anypoint is not taken for them. */
  signInTrouble?: string | null;
  /** No sign-in would give it, for want of a group mapping: so it is now, or it was before. Left out: it never was. */
  unmapped?: 'now' | 'before';
  failure: { code: string; text: string; at: Date } | null;
  endingWarnedAt: Date | null;
  /** Which of the warnings by time were given. */
  warnings?: Warning[];
  /** The person who lets it end at its time, so that nobody is warned any more. */
  endAgreed?: { by: PersonId; name: string; at: Date };
  ended: {
    at: Date;
    cause: Cause;
    by: PersonId | null;
    stillHeldUntil: Date | null;
    stillHeld: boolean;
    /** The extension that it goes on under. */
    extendedBy?: ChangeId;
  } | null;
  inEffectNote: string | null;
  /** An approver gave less than this, which was asked for. */
  narrowed?: { from: { key: EntitlementKey; title: string }; by: PersonId; name: string };
  reopened?: { by: PersonId; name: string; at: Date };
  /** Of a grant: who answers for it said that it is not to be renewed when it ends. */
  renewalDeclined?: { by: PersonId; name: string; at: Date };
  /** Of a leaver's revoke that was never written: who took the offboarding back. */
  stoppedBy?: string;
  /** The revoke that takes the access away, once that is decided. */
  revokeId: ChangeId | null;
  /** The mass change that it was decided with: it has no card of its own. */
  partOf: string | null;
  joint?: JointRequest;
  /** Of what was asked for together: the change whose card shows this one too. */
  cardOf?: ChangeId;
};

/**
 * What was last told of the ticket that a grant ends with. `gone`: it was there, and is not any more. `latestEndsAt`:
 * the end as it was granted.
 */
export type TicketNews = {
  is: 'open' | 'closed' | 'gone';
  /** As its source calls it; null: it has none. */
  status: string | null;
  at: Date;
  latestEndsAt: Date;
};

/** The place of one change among those that one form asked for, from 0. `id` is the same for all of them. */
export type JointRequest = { id: string; place: number };

/**
 * Why a change is on the road.
 * - `finding`: a person is in a group and nothing wants it
 * - `loss`: a person was taken out of a group while a grant wants them in
 * - `revert`: a finding is taken away
 * - `leaver`: the IdP says that the person has left
 * - `birthright`: the catalogue gives it to the person's department
 * - `renewal`: the catalogue goes on giving it to them
 * - `move`: the person moved, and it no longer fits
 * - `canary`: the trip there and back that is timed for ever
 * - `lostApp`: the IdP has switched off the person's MuleSoft app
 * - `restore`: the person came back, and somebody gave it again
 * - `breakGlass`: a person took it at once in an emergency, as the catalogue allows, and it is reviewed afterwards
 * - `review`: a reviewer looked at what is held, and took it away
 * - `ticketClosed`: the ticket that it ends with was closed
 * - `ticketGone`: that ticket is not to be found any more, and somebody ended it
 */
export type Cause =
  | 'request'
  | 'extension'
  | 'expiry'
  | 'release'
  | 'finding'
  | 'loss'
  | 'revert'
  | 'leaver'
  | 'birthright'
  | 'renewal'
  | 'move'
  | 'canary'
  | 'lostApp'
  | 'restore'
  | 'breakGlass'
  | 'review'
  | 'ticketClosed'
  | 'ticketGone';

/** Nobody asked for these; they were found. */
export function isFound(change: Pick<Change, 'cause'>): boolean {
  return change.cause === 'finding' || change.cause === 'loss';
}

/**
 * Whether the card of a mass change tells of it. A grant that was kept there speaks for itself once its end is near.
 */
export function isOnMassCard(change: Pick<Change, 'partOf' | 'endingWarnedAt' | 'ended'>): boolean {
  return change.partOf !== null && change.endingWarnedAt === null && change.ended === null;
}

/** A measurement and nobody's access: people are told of it by the canary's own alarm alone. */
export function isCanary(change: Pick<Change, 'cause'>): boolean {
  return change.cause === 'canary';
}

/** Given by the catalogue's rule, without anybody asking. */
export function isByRule(change: Pick<Change, 'cause'>): boolean {
  return change.cause === 'birthright' || change.cause === 'renewal';
}

export type Approval = {
  by: PersonId;
  name: string;
  at: Date;
  seconds: number | null;
  clickId: string;
  /** In which of the plan's stages, from 0; left out: the first. */
  stage?: number;
  /** The approver who was away and had named them to decide meanwhile. Left out: they decided for themselves. */
  insteadOf?: { id: PersonId; name: string };
  /** Who they were then, for the rules. */
  as?: ApproverFacts;
  /** How they signed in for it, where policy wanted that. */
  stepUp?: StepUpProof;
};

export type Decision = {
  outcome: 'approved' | 'denied' | 'withdrawn' | 'lapsed' | 'closed';
  /** Null when a rule decided. */
  by: PersonId | null;
  byName: string;
  /** The approver who was away and had named them to decide meanwhile. */
  insteadOf?: { id: PersonId; name: string };
  at: Date;
  note: string | null;
  clickId: string | null;
};

/** `delayed`: its start has come, and why it could not be checked then. */
export type Schedule = { startsAt: Date; endsAt: Date; delayed?: { why: string; at: Date } };

export type GrantTerms = { id: GrantId; startsAt: Date; endsAt: Date };

/** Where a change can be stuck, in the order of the way. */
export const legs = ['idpWrite', 'scimPush', 'delivery', 'signIn'] as const;
export type Leg = (typeof legs)[number];

/** When each point of the way was reached; null: not yet, or not needed. */
export type Legs = {
  decidedAt: Date | null;
  idpWrittenAt: Date | null;
  scimPushedAt: Date | null;
  deliveredAt: Date | null;
  seenAt: Date | null;
};
