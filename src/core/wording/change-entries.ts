import type { ChangeEvent } from '../change/events.ts';
import { inTheirName } from '../policy/routing.ts';
import type { RefusalReason } from '../refusal.ts';
import type { StepUpEnd, StepUpProof } from '../step-up/step-up.ts';
import { causeInWords } from './ending.ts';

type Received = Extract<ChangeEvent, { type: 'changeReceived' }>;
type Ended = Extract<ChangeEvent, { type: 'grantEnded' }>;

/**
 * The audit entries of a change in words. `who`: the person who caused it; null for a part of
 * Latchkey or an outside party. `idp`: the identity provider's name.
 */
export const changeEntryWords: {
  [T in ChangeEvent['type']]: (
    event: Extract<ChangeEvent, { type: T }>,
    who: string | null,
    idp: string,
  ) => string;
} = {
  changeReceived: receivedInWords,
  requestRefused: ({ refusal }) => `Refused: ${refusal.text}`,
  approversAsked: () => 'Put to the approvers',
  // Entries of before they were named have no names.
  approversReminded: ({ people = [] }) =>
    people.length === 0 ? 'Approvers reminded' : `Reminded: ${people.map(({ name }) => name).join(', ')}`,
  approversWarned: ({ next }) =>
    next === null
      ? 'Approvers warned that it lapses soon'
      : `Approvers warned: ${next} is asked too unless they answer`,
  approversEscalated: ({ why, to }) =>
    why === 'noAnswer'
      ? `Nobody answered in time: ${to} is asked too`
      : why === 'away'
        ? `Too few are left without those who are away: ${to} is asked too`
        : `Nobody was left to ask: ${to} is asked`,
  stageOpened: ({ stage }) => `Stage ${stage + 1} is asked`,
  approvalGiven: ({ approval }) =>
    approval.stepUp === undefined
      ? `${inTheirName(approval.name, approval.insteadOf, asItIs)} approved`
      : `${inTheirName(approval.name, approval.insteadOf, asItIs)} signed in afresh and approved (${signedInHow(approval.stepUp)})`,
  stepUpAsked: ({ stepUp }) => `${stepUp.name} pressed Approve; it waits for their sign-in`,
  stepUpEnded: ({ why }, who) => `${who ?? 'An approver'}’s approval did not count: ${stepUpEnds[why]}`,
  approversNudged: ({ by }) => `${by.name} asked the approvers once more`,
  requestNarrowed: ({ from }, who) =>
    `${who ?? 'An approver'} gives less than ${from.title}, which was asked for`,
  questionAsked: ({ question }) => `${question.name} asked: ${question.text}`,
  questionAnswered: ({ answer }) => `${answer.name} answered: ${answer.text}`,
  // The approvals stand above it by themselves.
  changeApproved: ({ isBeginning }, who) =>
    isBeginning === true
      ? 'Its start has come, and it still fits: it goes on its way'
      : who === null
        ? 'Settled by rule'
        : 'Decided: it goes on its way',
  changeScheduled: (_event, who) =>
    who === null ? 'Settled by rule: it begins at its start' : 'Decided: it begins at its start',
  startDelayed: ({ why }) => `Its start has come, but it could not be checked: ${why}. It is tried again`,
  changeDenied: ({ decision }) =>
    `${inTheirName(decision.byName, decision.insteadOf, asItIs)} denied: ${decision.note ?? ''}`,
  changeWithdrawn: ({ decision }, who) =>
    who === null ? (decision.note ?? '') || 'Taken back' : `${who} took it back`,
  requestLapsed: () => 'Lapsed: nobody decided in time',
  requestClosed: ({ decision }) => `Closed: ${decision.note ?? ''}`,
  idpWritten: ({ wrote }, _who, idp) => wroteInWords[wrote]?.idp(idp) ?? `${idp}: ${wrote}`,
  scimPushed: (_event, _who, idp) => `${idp} pushed it to Latchkey by SCIM`,
  delivered: ({ wrote }) => wroteInWords[wrote]?.anypoint ?? `Anypoint: ${wrote}`,
  signInAwaited: ({ trouble, isForClaim, isUnmapped }) => {
    if (isUnmapped === true) return `No sign-in to Anypoint would give it now: ${trouble}`;
    const what =
      isForClaim === true
        ? 'Waiting for the next sign-in to Anypoint, which gives it'
        : 'Waiting for the first sign-in to Anypoint';
    return trouble == null ? what : `${what}. ${trouble}`;
  },
  signedIn: () => 'Signed in to Anypoint',
  changeLate: ({ why }) => `Alarm: ${why}`,
  changeSeen: ({ note }) =>
    note == null ? 'Read in MuleSoft: it is so' : `Read in MuleSoft: it is so (${note})`,
  changeOvertaken: ({ why }) => `Overtaken: ${why}`,
  applyFailed: ({ text }, _who, idp) => `${idp} refuses: ${text}`,
  decisionReopened: ({ by }) => `Asked anew: ${by.name}, who kept it, is the one who did it`,
  endingWarned: () => 'Told that the end is near',
  renewalDeclined: (_, who) => `${who ?? 'A reviewer'} said that it is not to be renewed`,
  endAgreed: ({ by }) => `${by.name} lets it end`,
  ticketChanged: ({ ticket, is, status }) =>
    is === 'gone'
      ? `${ticket} is not to be found any more; the access stays until its time, or until somebody ends it`
      : `${ticket} ${is === 'closed' ? 'was closed' : 'was opened again'}${status === null ? '' : ` (${status})`}`,
  grantEnded: endedInWords,
};

/** Why a sign-in did not make an approval count. It names no identity provider: people may sign in with another one. */
export const stepUpEnds: Record<StepUpEnd, string> = {
  expired: 'nobody signed in within five minutes',
  late: 'the sign-in came after five minutes',
  otherPerson: 'somebody else signed in',
  notFresh: 'nothing says that it was a fresh sign-in',
  tooWeak: 'the sign-in was weaker than asked for',
  disowned: 'whoever opened the link said that they had not pressed Approve',
  refused: 'they signed in, but may not approve it any more',
};

function signedInHow({ acr, amr }: StepUpProof): string {
  return [...(acr === null ? [] : [acr]), ...amr].join(', ') || 'no method told';
}

const wroteInWords: Partial<Record<string, { idp: (name: string) => string; anypoint: string }>> = {
  added: { idp: (name) => `${name}: added to the group`, anypoint: 'Anypoint said yes: added to the team' },
  removed: {
    idp: (name) => `${name}: taken out of the group`,
    anypoint: 'Anypoint said yes: taken out of the team',
  },
  'already so': { idp: (name) => `${name} had it so already`, anypoint: 'Anypoint had it so already' },
};

/** Of a click that was not taken; follows the name of the person who pressed. */
export function refusedClickInWords(reason: RefusalReason): string {
  return refusedClicks[reason] ?? 'pressed a button, and was refused';
}

const refusedClicks: Partial<Record<RefusalReason, string>> = {
  selfApproval: 'may not decide on a request of their own',
  notAnApprover: 'is not an approver, and was refused',
  alreadySettled: 'came too late: it was settled already',
  alreadyApprovedByYou: 'had approved already',
  notYourTurn: 'is asked in a later stage, and was refused',
  staleCard: 'pressed a button of an older card',
  emergencyTooOften: 'took it in an emergency too often',
  stepUpUnavailable: 'could not approve: a fresh sign-in is wanted, and none can be asked for',
  denialNeedsReason: 'gave no reason for a denial',
  durationInvalid: 'chose a time that can’t be given',
  entitlementUnavailable: 'could not approve: it can’t be given at the moment',
  notEligible: 'could not approve: policy no longer allows it',
  nothingToEnd: 'wanted to end what has ended already',
  notYours: 'may not act on somebody else’s request',
};

function receivedInWords({ kind, cause, lapsesAt, reason }: Received, who: string | null): string {
  if (kind === 'revoke') {
    const why = causeInWords(cause);
    return who === null ? `To be taken away: ${why}` : `To be taken away: ${why}, by ${who}`;
  }
  switch (cause) {
    case 'finding':
      return 'Found in the group; nobody asked for it';
    case 'loss':
      return 'Found to be taken out of the group by hand';
    case 'birthright':
      return `${lapsesAt == null ? 'Given by rule' : 'Rules would give it, and a person looks first'}: ${reason}`;
    case 'renewal':
      return `${lapsesAt == null ? 'Goes on by rule' : 'Rules would let it go on, and a person looks first'}: ${reason}`;
    case 'restore':
      return `${who ?? 'Somebody'} gave it again after a return`;
    case 'extension':
      return `${who ?? 'Somebody'} asked for longer`;
    case 'breakGlass':
      return `${who ?? 'Somebody'} took it at once, in an emergency`;
    default:
      return `${who ?? 'Somebody'} asked for it`;
  }
}

function endedInWords({ stillHeld, stillHeldUntil, extendedBy }: Ended, who: string | null): string {
  if (extendedBy !== undefined) return 'Extended: it goes on under the extension';
  const why = who === null ? 'Ended' : `${who} ended it`;
  if (stillHeld !== true) return why;
  return stillHeldUntil == null
    ? `${why}; the access stays, it was there before Latchkey`
    : `${why}; another grant keeps the access`;
}

/** These words are for no medium that formats. */
function asItIs(name: string): string {
  return name;
}
