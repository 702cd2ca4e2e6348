/** A refusal: somebody asked for something they may not have, or not now. A value, never thrown. */
export type RefusalReason =
  | 'unknownPerson'
  | 'notAPerson'
  | 'guest'
  | 'stranger'
  | 'deactivated'
  | 'noVerifiedEmail'
  | 'ambiguousPerson'
  | 'inactiveInIdp'
  | 'unknownEntitlement'
  | 'entitlementUnavailable'
  | 'notEligible'
  | 'reasonMissing'
  | 'reasonTooLong'
  | 'ticketInvalid'
  | 'ticketMissing'
  | 'textNotStorable'
  | 'durationInvalid'
  | 'durationTooLong'
  | 'startInvalid'
  | 'alreadyPending'
  | 'alreadyHeld'
  | 'nothingToExtend'
  | 'nudgedAlready'
  | 'nothingToEnd'
  | 'unknownChange'
  | 'alreadySettled'
  | 'staleCard'
  | 'selfApproval'
  | 'notAnApprover'
  | 'alreadyApprovedByYou'
  | 'notYourTurn'
  | 'denialNeedsReason'
  | 'stepUpUnavailable'
  | 'emergencyTooOften'
  | 'notYours'
  | 'delegationInvalid'
  | 'questionInvalid'
  | 'notReady'
  | 'nothingToReview'
  | 'noReviewer'
  | 'notFresh'
  | 'notRenewed';

export type Refusal = {
  refused: true;
  reason: RefusalReason;
  /** What happened and why, one sentence, plain text. */
  text: string;
  /** What the person can do now, one sentence, plain text. */
  next: string;
  /** E-mails of the people whom the text names, as they stand in it: a chat shows its own mention in their place. */
  people?: readonly string[];
};

export function refuse(
  reason: RefusalReason,
  text: string,
  next: string,
  people?: readonly string[],
): Refusal {
  return { refused: true, reason, text, next, ...(people === undefined ? {} : { people }) };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { refused?: unknown }).refused === true;
}

/** Somebody sent text that the database can’t keep. */
export const unstorable = refuse(
  'textNotStorable',
  'This text has characters that can’t be stored.',
  'Type it anew instead of pasting it.',
);
