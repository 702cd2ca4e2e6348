import { countInWords, durationInWords } from '../duration.ts';
import type { PersonId } from '../ids.ts';
import type { BreakGlassRule } from '../policy/catalogue.ts';
import { mayRequest } from '../policy/catalogue.ts';
import type { ApproverClock } from '../policy/ladder.ts';
import type { Verdict } from '../policy/verdict.ts';
import { type Refusal, refuse } from '../refusal.ts';

/** So long is a day of the catalogue's `perDay`, in seconds: any day, not the calendar's. */
export const EMERGENCY_DAY_SECONDS = 86_400;
/** A reason shorter than this says nothing. */
const REASON_MIN = 10;

/** What somebody else found of an emergency. */
export type EmergencyReview = {
  found: 'justified' | 'notJustified';
  by: PersonId;
  name: string;
  at: Date;
  comment: string;
  clickId: string;
};

/** Access that was taken at once, and the review that it is owed. */
export type Emergency = {
  changeId: string;
  personId: PersonId;
  openedAt: Date;
  review: EmergencyReview | null;
  /** How far the ladder of its overdue review was climbed, and who was reminded; null: it is not overdue. */
  clock: ApproverClock | null;
};

/** Whether somebody may take access at once, as far as it is known. */
export type EmergencyFacts = {
  person: { email: string; department: string | null };
  isOnCall: boolean;
  isInGroup: boolean;
};

/** Whether the catalogue lets this person take access at once. Pure. What is not known of them counts as not so. */
export function mayBreakGlass(
  rule: BreakGlassRule,
  { person, isOnCall, isInGroup }: EmergencyFacts,
): boolean {
  const { departments, people, onCall, group } = rule.for;
  const named = {
    ...(departments === undefined ? {} : { departments }),
    ...(people === undefined ? {} : { people }),
  };
  return mayRequest(named, person) || (onCall === true && isOnCall) || (group !== undefined && isInGroup);
}

/**
 * Why the rules keep somebody from taking access at once; null: they don't. Pure. An emergency does without approvers. It
 * does not do without the rules: what one of them forbids stays forbidden, and one that can't be evaluated might forbid it.
 */
export function refusedByRules(
  { effect, grounds, unsure = [] }: Pick<Verdict, 'effect' | 'grounds' | 'unsure'>,
  owner: { email: string },
): Refusal | null {
  if (effect === 'refuse')
    return refuse(
      'notEligible',
      `Policy does not allow this, not in an emergency either: ${grounds.map(({ text }) => text).join('; ')}.`,
      `Call its owner, ${owner.email}.`,
      [owner.email],
    );
  if (unsure.length > 0)
    return refuse(
      'notEligible',
      'A rule of the policy can’t be evaluated now, and it might forbid this.',
      'Ask for it with /access: a person can decide on it at once.',
    );
  return null;
}

/** Why this emergency is not taken; null: it is. Pure. `used`: how often they took it within a day. */
export function refuseEmergency(
  title: string,
  rule: BreakGlassRule,
  asked: { reason: string; seconds: number; used: number; heldUntil: Date | null },
): Refusal | null {
  if (asked.reason.trim().length < REASON_MIN)
    return refuse(
      'reasonMissing',
      'An emergency needs a reason that others understand.',
      `Say in at least ${REASON_MIN} characters what is broken, and what you will do.`,
    );
  if (asked.seconds <= 0 || asked.seconds > rule.maxSeconds)
    return refuse(
      'durationTooLong',
      `In an emergency ${title} is given for ${durationInWords(rule.maxSeconds)} at most.`,
      'Choose a shorter time.',
    );
  if (asked.heldUntil !== null)
    return refuse('alreadyHeld', `You have ${title} already.`, 'See /access mine.');
  if (asked.used >= rule.perDay)
    return refuse(
      'emergencyTooOften',
      `You have taken ${title} in an emergency ${countInWords(asked.used)} times within a day, and that is the most.`,
      'Ask for it with /access; whoever approves it sees how urgent it is.',
    );
  return null;
}

/**
 * Somebody looks at an emergency: what is recorded, or why it is not theirs to say. Pure; null: said before by this
 * click.
 */
export function reviewEmergency(
  emergency: Emergency,
  said: { found: EmergencyReview['found']; comment: string; clickId: string },
  by: { id: PersonId; name: string; mayReview: boolean },
  now: Date,
): EmergencyReview | Refusal | null {
  const { review } = emergency;
  if (review?.clickId === said.clickId) return null;
  if (by.id === emergency.personId)
    return refuse(
      'selfApproval',
      'You took this access yourself.',
      'Somebody else says whether that was right.',
    );
  if (!by.mayReview)
    return refuse(
      'notAnApprover',
      'You are not among those who say whether this was right.',
      'The approvers of this access and the catalogue’s admins do.',
    );
  if (review !== null)
    return refuse('alreadySettled', `${review.name} has said so already.`, 'Nothing more to do.');
  const comment = said.comment.trim();
  if (comment === '')
    return refuse('reasonMissing', 'A review needs a sentence.', 'Press the button again and say why.');
  return { found: said.found, by: by.id, name: by.name, at: now, comment, clickId: said.clickId };
}

/** When somebody should have looked: two working days after it was taken. Pure. */
export function reviewDueAt(openedAt: Date): Date {
  const due = new Date(openedAt);
  for (let left = 2; left > 0; ) {
    due.setUTCDate(due.getUTCDate() + 1);
    if (due.getUTCDay() !== 0 && due.getUTCDay() !== 6) left -= 1;
  }
  return due;
}
