import type { Leg } from '../change/change.ts';
import type { Actor } from '../change/events.ts';
import type { ChangeId, OffboardingId } from '../ids.ts';
import type { HandOverWord } from './hand-over.ts';
import type {
  By,
  DirectoryCause,
  ItemDecision,
  ItemOutcome,
  LeaversLookalike,
  LeftTeam,
  Offboarding,
  OffboardingCause,
  OffboardingItem,
  OffboardingReport,
} from './offboarding.ts';

/** What happened, in the past tense. Every event is one audit entry. */
export type OffboardingEvent = { offboardingId: OffboardingId; at: Date; actor: Actor } & (
  | ({ type: 'offboardingStarted'; state: 'asking' | 'held' | 'underway' } & Pick<
      Offboarding,
      'personId' | 'cause' | 'startedBy' | 'reason'
    >)
  /** `by` null: the IdP says it now. */
  | { type: 'leaverConfirmed'; by: By | null; cause: OffboardingCause }
  | { type: 'offboardingDismissed'; by: By }
  | { type: 'requestsClosed'; changeIds: ChangeId[] }
  | { type: 'approvalsRerouted'; changeIds: ChangeId[]; massChangeIds: string[] }
  | { type: 'accessEnded'; ended: ChangeId[]; revokes: ChangeId[]; given: string[] }
  /** The IdP has them in no managed group any more. */
  | { type: 'groupsGone' }
  | { type: 'teamsLeft'; teams: LeftTeam[] }
  /** Read in Anypoint: none of their users is in any team that one can leave. */
  | { type: 'teamsGone'; note: string | null }
  /** All that are known now. */
  | { type: 'lookalikesFound'; lookalikes: LeaversLookalike[] }
  | { type: 'applicationsFound'; items: OffboardingItem[] }
  | { type: 'handOverAgreed'; key: string; word: HandOverWord }
  | { type: 'applicationDecided'; key: string; decision: ItemDecision }
  | { type: 'applicationFailed'; key: string; why: string }
  | { type: 'applicationSettled'; key: string; outcome: ItemOutcome }
  | { type: 'ownersReminded' }
  | { type: 'offboardingLate'; leg: Leg; why: string }
  | { type: 'offboardingCaughtUp' }
  | { type: 'accessGone' }
  | { type: 'offboardingReported'; report: OffboardingReport }
  /** Nothing was there to end. */
  | { type: 'offboardingClosed' }
  /** Said by hand first; the IdP says it now too. */
  | { type: 'directoryAgreed'; cause: DirectoryCause }
  | { type: 'offboardingReturned' }
  /** `stopped`: revokes that were not written yet, and are not any more. */
  | { type: 'offboardingCancelled'; by: By; reason: string; stopped: ChangeId[] }
  | { type: 'teamsGivenBack' }
  | { type: 'accessRestored'; by: By; changeIds: ChangeId[] }
);
