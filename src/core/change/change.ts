import type { ChangeId, EntitlementKey, GrantId, PersonId } from '../ids.ts';
import type { ApproverPlan } from '../policy/routing.ts';
import type { ApproverFacts, Verdict } from '../policy/verdict.ts';
import type { Refusal } from '../refusal.ts';
import type { Shown } from './shown.ts';

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
  requestedSeconds: number | null;
  requestedAt: Date;
  /** Grows when the card is put to other people; a button of an earlier round is stale. */
  round: number;
  lapsesAt: Date | null;
  remindedAt: Date | null;
  plan: ApproverPlan | null;
  verdict: Verdict | null;
  shown?: Shown;
  approvals: Approval[];
  decision: Decision | null;
  grant: GrantTerms | null;
  target: { groupId: string; groupName: string; teamId: string; teamName: string } | null;
  refusal: Refusal | null;
  legs: Legs;
  late: { leg: Leg; why: string; at: Date; clearedAt: Date | null } | null;
  /** It has waited for a first sign-in, now or before. */
  signInAwaited?: boolean;
  /** When waiting for a first sign-in ended: the objective runs from then. */
  signedInAt: Date | null;
  /** While that is waited for: why somebody who looks like them in Anypoint is not taken for them. */
  signInTrouble?: string | null;
  failure: { code: string; text: string; at: Date } | null;
  endingWarnedAt: Date | null;
  ended: {
    at: Date;
    cause: Cause;
    by: PersonId | null;
    stillHeldUntil: Date | null;
    stillHeld: boolean;
  } | null;
  inEffectNote: string | null;
  reopened?: { by: PersonId; name: string; at: Date };
  /** Of a leaver's revoke that was never written: who took the offboarding back. */
  stoppedBy?: string;
  /** The revoke that takes the access away, once that is decided. */
  revokeId: ChangeId | null;
  /** The mass change that it was decided with: it has no card of its own. */
  partOf: string | null;
};

/**
 * Why a change is on the road. `finding`: somebody is in a group and nothing wants it; `loss`: somebody was taken
 * out of a group while a grant wants them in; `revert`: what was found is taken away; `leaver`: the IdP says the
 * person has left; `birthright`: the catalogue gives it to the person's department, and `renewal`: goes on giving it;
 * `move`: the person moved, and it no longer fits; `canary`: the trip there and back that is timed for ever;
 * `lostApp`: the IdP has switched off the person's MuleSoft app; `restore`: they came back, and somebody gave it again.
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
  | 'restore';

/** Nobody asked for these; they were found. */
export function isFound(change: Pick<Change, 'cause'>): boolean {
  return change.cause === 'finding' || change.cause === 'loss';
}

/** Whether the card of a mass change tells of it; a grant that was kept there speaks for itself once its end is near. */
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
  /** Who they were then, for the rules. */
  as?: ApproverFacts;
};

export type Decision = {
  outcome: 'approved' | 'denied' | 'withdrawn' | 'lapsed' | 'closed';
  /** Null when a rule decided. */
  by: PersonId | null;
  byName: string;
  at: Date;
  note: string | null;
  clickId: string | null;
};

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

/**
 * The life cycle, whole: state by event. What is not listed can't happen. What Anypoint shows and what SCIM pushes
 * can overtake our own note of the IdP write, so `applying` takes those too.
 */
export const lifeCycle = {
  received: {
    requestRefused: 'refused',
    approversAsked: 'asking',
    changeApproved: 'applying',
    changeDenied: 'denied',
    changeWithdrawn: 'withdrawn',
    requestLapsed: 'lapsed',
    requestClosed: 'closed',
  },
  asking: {
    approvalGiven: 'asking',
    approversReminded: 'asking',
    approversAsked: 'asking',
    changeApproved: 'applying',
    changeDenied: 'denied',
    changeWithdrawn: 'withdrawn',
    requestLapsed: 'lapsed',
    requestClosed: 'closed',
  },
  applying: {
    idpWritten: 'verifying',
    scimPushed: 'applying',
    delivered: 'applying',
    changeLate: 'late',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'applying',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  verifying: {
    scimPushed: 'verifying',
    delivered: 'verifying',
    signInAwaited: 'awaitingSignIn',
    changeLate: 'late',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'verifying',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  awaitingSignIn: {
    // What keeps somebody in Anypoint from counting as them is another now.
    signInAwaited: 'awaitingSignIn',
    signedIn: 'verifying',
    scimPushed: 'awaitingSignIn',
    delivered: 'verifying',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    endingWarned: 'awaitingSignIn',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  late: {
    idpWritten: 'late',
    scimPushed: 'late',
    delivered: 'late',
    signInAwaited: 'awaitingSignIn',
    // Stuck at another leg than before.
    changeLate: 'late',
    changeSeen: 'inEffect',
    changeOvertaken: 'superseded',
    applyFailed: 'failed',
    endingWarned: 'late',
    decisionReopened: 'ended',
    grantEnded: 'superseded',
  },
  inEffect: { endingWarned: 'inEffect', decisionReopened: 'ended', grantEnded: 'ended' },
  refused: {},
  denied: {},
  withdrawn: {},
  lapsed: {},
  closed: {},
  ended: {},
  superseded: { grantEnded: 'ended' },
  failed: { endingWarned: 'failed', grantEnded: 'ended' },
} as const satisfies Record<string, Partial<Record<ChangeEvent['type'], string>>>;

export type ChangeState = keyof typeof lifeCycle;

/** What happened, in the past tense. Every event is one audit entry. */
export type ChangeEvent = { changeId: ChangeId; at: Date; actor: Actor } & (
  | {
      type: 'changeReceived';
      kind: Change['kind'];
      cause: Cause;
      entitlementKey: EntitlementKey;
      personId: PersonId;
      requesterId: PersonId | null;
      reason: string;
      ticket: string | null;
      requestedSeconds: number | null;
      target: Change['target'];
      via: string;
      /** For a request: when it lapses undecided. */
      lapsesAt: Date | null;
      /** The mass change that it was decided with. */
      partOf?: string;
    }
  | {
      type: 'requestRefused';
      refusal: Refusal;
      /** Null where it was not the rules that refused it. */
      verdict?: Verdict | null;
    }
  | {
      type: 'approversAsked';
      plan: ApproverPlan;
      verdict: Verdict;
      round: number;
      lapsesAt: Date | null;
      target: NonNullable<Change['target']>;
      shown?: Shown;
      isAnew?: true;
    }
  | { type: 'approversReminded' }
  | { type: 'approvalGiven'; approval: Approval }
  | {
      type: 'changeApproved';
      /** Null for a revoke: it takes away, it gives nothing. */
      grant: GrantTerms | null;
      decision: Decision;
      verdict: Verdict | null;
      target: NonNullable<Change['target']>;
    }
  | {
      type: 'changeDenied';
      decision: Decision;
      /** For what was found: the revoke that reverts it. */
      revokeId: ChangeId | null;
    }
  | { type: 'changeWithdrawn'; decision: Decision }
  | { type: 'requestLapsed'; decision: Decision }
  /** Whoever asked, or whom it is for, has left. */
  | { type: 'requestClosed'; decision: Decision }
  | { type: 'idpWritten'; wrote: 'added' | 'removed' | 'already so' }
  | { type: 'scimPushed' }
  | { type: 'delivered'; wrote: 'added' | 'removed' }
  /** `trouble`: why somebody who looks like them in Anypoint is not taken for them. */
  | { type: 'signInAwaited'; trouble?: string | null }
  | { type: 'signedIn' }
  | { type: 'changeLate'; leg: Leg; why: string }
  | { type: 'changeSeen'; note: string | null }
  /** `stoppedBy`: who took back the offboarding that it was part of. */
  | { type: 'changeOvertaken'; why: string; stoppedBy?: string }
  | { type: 'applyFailed'; code: string; text: string }
  /** Its grant ends: `by`, whose word counted, did what was found, as the IdP tells. It is found and asked about anew. */
  | { type: 'decisionReopened'; by: { id: PersonId; name: string } }
  | { type: 'endingWarned'; endsAt: Date }
  | {
      type: 'grantEnded';
      cause: Cause;
      by: PersonId | null;
      /** The revoke that takes the access away; null when another live grant keeps the same membership. */
      revokeId: ChangeId | null;
      stillHeld: boolean;
      stillHeldUntil: Date | null;
    }
);

/** Who caused an event: a person, a part of Latchkey, or an outside party by its port's `system`. */
export type Actor = { person: PersonId; name: string } | { part: string };

/** The state after an event, or null when the life cycle has no such step from here. */
export function nextState(state: ChangeState, event: ChangeEvent['type']): ChangeState | null {
  return (lifeCycle[state] as Partial<Record<ChangeEvent['type'], ChangeState>>)[event] ?? null;
}
