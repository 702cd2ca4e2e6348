import { type Refusal, type RefusalReason, refuse } from '../refusal.ts';
import { hasLeft, type Offboarding, restsOnAWord } from './offboarding.ts';

/** How an admin's word is taken back; said wherever somebody runs into it. */
const TAKE_BACK =
  'If that is a mistake, one of the catalogue’s admins can take it back with /access offboard cancel @user.';

function nextStep(o: Offboarding): string {
  return restsOnAWord(o) ? TAKE_BACK : 'If that is a mistake, ask one of the catalogue’s admins.';
}

/** Whose word it is that they have left. */
function saidBy(o: Pick<Offboarding, 'decidedBy' | 'startedBy'>): string {
  return (o.decidedBy ?? o.startedBy)?.name ?? 'an admin';
}

/** Why somebody counts as having left, in one sentence about them. */
export function leftInWords(name: string, o: Offboarding): string {
  return hasLeft(o)
    ? `${name} has left: an offboarding is underway.`
    : `${name} has left: ${saidBy(o)} offboarded them.`;
}

/** Nothing can be given to them, nor asked for by them; said to whoever asks for it. */
export function refuseForLeaver(name: string, o: Offboarding): Refusal {
  return refuse('notEligible', leftInWords(name, o), nextStep(o));
}

/** Refuses a person who is being offboarded, in words addressed to that person. */
export function refuseLeaver(
  o: Offboarding,
  reason: Extract<RefusalReason, 'notEligible' | 'notAnApprover'>,
): Refusal {
  const what = reason === 'notEligible' ? 'ask for access' : 'decide on anything';
  const text = hasLeft(o)
    ? `You are being offboarded, so you can’t ${what} any more.`
    : `You were offboarded by ${saidBy(o)}, so you can’t ${what} any more.`;
  return refuse(reason, text, nextStep(o));
}
