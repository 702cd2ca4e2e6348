import type { ChangeId, EntitlementKey, PersonId } from '../ids.ts';
import type { Climb } from '../policy/ladder.ts';
import type { ApproverPlan } from '../policy/routing.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Refusal } from '../refusal.ts';
import type { PendingStepUp, StepUpEnd } from '../step-up/step-up.ts';
import type {
  Approval,
  Cause,
  Change,
  Decision,
  GrantTerms,
  JointRequest,
  Leg,
  TicketNews,
} from './change.ts';
import type { Question, Said } from './question.ts';
import type { Shown } from './shown.ts';
import type { Warning } from './warnings.ts';

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
      endsWithTicket?: true;
      requestedSeconds: number | null;
      /** From when it is asked for; left out: at once. */
      startsAt?: Date;
      target: Change['target'];
      via: string;
      /** For a request: when it lapses undecided. */
      lapsesAt: Date | null;
      /** The mass change that it was decided with. */
      partOf?: string;
      /** Asked for together with others: what they have in common, and its place among them. */
      joint?: JointRequest;
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
      /** Of what was asked for together: the change whose card shows this one too. */
      cardOf?: ChangeId;
    }
  /** Whoever asked, or whom it is for, asks the approvers once more. */
  | { type: 'approversNudged'; by: { id: PersonId; name: string } }
  /** `people`: who has not answered and was told so again. */
  | { type: 'approversReminded'; people: { id: PersonId; name: string }[] }
  /** Another stage waits from now on: `stage`, from 0. */
  | { type: 'stageOpened'; stage: number; lapsesAt: Date | null }
  /** Those who have not answered know that `next` is asked besides then; null: that the request lapses then. */
  | { type: 'approversWarned'; nextAt: Date; next: string | null }
  /** So many rungs of the ladder are asked in the stage that waits: its time was over, or nobody is left to ask. */
  | { type: 'approversEscalated'; rung: number; why: Climb; to: string }
  | { type: 'approvalGiven'; approval: Approval }
  /** An approver gives a narrower entitlement than was asked for: it is about that one from here on. */
  | {
      type: 'requestNarrowed';
      from: { key: EntitlementKey; title: string };
      entitlementKey: EntitlementKey;
      target: NonNullable<Change['target']>;
      shown: Shown;
      requestedSeconds: number;
    }
  | { type: 'questionAsked'; question: Question }
  /** `of`: the question's id. */
  | { type: 'questionAnswered'; of: number; answer: Said }
  /** An approval was clicked, and waits for a fresh sign-in. */
  | { type: 'stepUpAsked'; stepUp: PendingStepUp }
  /**
   * It waits no longer and did not count. `signedInAs`: whom the identity provider named, where that was somebody else.
   */
  | { type: 'stepUpEnded'; stepUpId: string; by: PersonId; why: StepUpEnd; signedInAs?: string }
  /** Approved, and given at its start. Nothing is written before that. */
  | {
      type: 'changeScheduled';
      startsAt: Date;
      endsAt: Date;
      decision: Decision;
      verdict: Verdict;
      target: NonNullable<Change['target']>;
    }
  /** Its start has come, and whether it still fits can't be checked. It is tried again. */
  | { type: 'startDelayed'; why: string }
  | {
      type: 'changeApproved';
      /** It was approved before, and its start has come. */
      isBeginning?: true;
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
  /** And `isForClaim`: it is the next sign-in that gives the access. */
  /** And `isUnmapped`: `trouble` is that no sign-in would give it. */
  | { type: 'signInAwaited'; trouble?: string | null; isForClaim?: true; isUnmapped?: true }
  | { type: 'signedIn' }
  | { type: 'changeLate'; leg: Leg; why: string }
  | { type: 'changeSeen'; note: string | null }
  /** `stoppedBy`: who took back the offboarding that it was part of. */
  | { type: 'changeOvertaken'; why: string; stoppedBy?: string }
  | { type: 'applyFailed'; code: string; text: string }
  /**
   * Its grant ends: `by`, whose word counted, did what was found, as the IdP tells. It is found and asked about anew.
   */
  | { type: 'decisionReopened'; by: { id: PersonId; name: string } }
  /** It ends when it ends, and no extension is offered: `by` looked at it and said so. */
  | { type: 'renewalDeclined'; by: { id: PersonId; name: string } }
  /** `warning`: which of the warnings by time; left out: rules let it go on no more. */
  | { type: 'endingWarned'; endsAt: Date; warning?: Warning }
  /** The ticket that it ends with was closed, opened again, or is gone. `endsAt`: when the grant ends now. */
  | { type: 'ticketChanged'; ticket: string; is: TicketNews['is']; status: string | null; endsAt: Date }
  /** Its holder lets it end: nobody is warned any more. */
  | { type: 'endAgreed'; by: { id: PersonId; name: string } }
  | {
      type: 'grantEnded';
      cause: Cause;
      by: PersonId | null;
      /** The revoke that takes the access away; null when another live grant keeps the same membership. */
      revokeId: ChangeId | null;
      stillHeld: boolean;
      stillHeldUntil: Date | null;
      /** The extension that it goes on under; left out: none. */
      extendedBy?: ChangeId;
    }
);

/** The cause of an event: a person, a part of Latchkey, or an outside party by its port's `system`. */
export type Actor = { person: PersonId; name: string } | { part: string };
