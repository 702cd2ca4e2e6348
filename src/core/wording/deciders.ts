import type { Change } from '../change/change.ts';
import { countInWords, durationInWords } from '../duration.ts';
import { type Approver, type ApproverPlan, distinct } from '../policy/routing.ts';

/** Who may decide, as the rule counts them: `Tom or Olga`, `Tom and Olga`, `two of Olga, Sam, Sofia`. */
export function decidersInWords(plan: ApproverPlan | null, name: (person: Approver) => string): string {
  if (plan === null) return '';
  const names = (people: readonly Approver[], word: string) => [...new Set(people.map(name))].join(word);
  if (plan.of === 'all') {
    const slots = new Set(plan.slots.map((s) => names(s.people, ' or ')));
    const inBrackets = (slot: string) => (slots.size > 1 && slot.includes(' or ') ? `(${slot})` : slot);
    return [...slots].map(inBrackets).join(' and ');
  }
  const all = distinct(plan.slots);
  const pinged = distinct(plan.slots.filter((s) => s.pinged));
  const shown = pinged.length < plan.quorum || pinged.length === 0 ? all : pinged;
  if (plan.quorum <= 1) return names(shown, ' or ');
  return shown.length === plan.quorum
    ? names(shown, ' and ')
    : `${countInWords(plan.quorum)} of ${names(shown, ', ')}`;
}

/** Who decided: for an approval everybody who gave theirs, in that order. */
export function decidedBy({ decision, approvals }: Change, safe: (text: string) => string): string {
  if (decision === null || decision.by === null) return 'rule';
  if (decision.outcome !== 'approved' || approvals.length === 0) return safe(decision.byName);
  return approvals.map((a) => safe(a.name)).join(' and ');
}

/** `by Tom Okafor`, and `for 1 hour instead of 1 day` where that is less than was asked. */
export function approvedBy(change: Change, safe: (text: string) => string): string {
  return `by ${decidedBy(change, safe)}${forLessTime(change)}`;
}

function forLessTime({ requestedSeconds, grant, approvals, cause }: Change): string {
  if (requestedSeconds === null || grant === null) return '';
  const given =
    // An extension begins where the access would have ended, so its length says nothing.
    cause === 'extension'
      ? Math.min(requestedSeconds, ...approvals.map((a) => a.seconds ?? requestedSeconds))
      : Math.round((grant.endsAt.getTime() - grant.startsAt.getTime()) / 1_000);
  return given < requestedSeconds
    ? ` for ${durationInWords(given)} instead of ${durationInWords(requestedSeconds)}`
    : '';
}
