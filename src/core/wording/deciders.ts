import type { Change } from '../change/change.ts';
import { givenSeconds } from '../change/extended.ts';
import { countInWords, durationInWords } from '../duration.ts';
import {
  type Approver,
  type ApproverPlan,
  type ApproverStage,
  askedNow,
  distinct,
  inTheirName,
  slotsOf,
} from '../policy/routing.ts';

/**
 * The people who may decide, as the rule counts them: `Tom or Olga`, `Tom and Olga`, `two of Olga, Sam, Sofia`. Of
 * several stages those from `from` on, each after the other.
 */
export function decidersInWords(
  plan: ApproverPlan | null,
  name: (person: Approver) => string,
  from = 0,
): string {
  return (plan?.stages ?? [])
    .slice(from)
    .map((stage) => stageInWords(stage, name))
    .join(', then ');
}

function stageInWords(stage: ApproverStage, name: (person: Approver) => string): string {
  const { of, quorum, slots } = stage;
  const names = (people: readonly Approver[], word: string) =>
    [...new Set(askedNow(people).map(name))].join(word);
  const besides = distinct(stage.rungs ?? []).filter(({ id }) => !distinct(slots).some((p) => p.id === id));
  if (of === 'all') {
    const each = new Set(slots.map((s) => takenOf(s, names)));
    const inBrackets = (slot: string) => (each.size > 1 && slot.includes(' or ') ? `(${slot})` : slot);
    const alternates = besides.length === 0 ? '' : `, or ${names(besides, ' or ')} for one who is missing`;
    return `${[...each].map(inBrackets).join(' and ')}${alternates}`;
  }
  const all = askedNow(distinct(slotsOf(stage)));
  const pinged = askedNow(distinct(slotsOf(stage).filter((s) => s.pinged)));
  const shown = pinged.length < quorum || pinged.length === 0 ? all : pinged;
  const ofOne = slots.filter((s) => (s.quorum ?? 1) > 1);
  if (ofOne.length > 0 && quorum <= 1 && besides.length === 0)
    return slots.map((s) => takenOf(s, names)).join(' or ');
  const least = Math.max(quorum, Math.min(...slots.map((s) => s.quorum ?? 1)));
  if (least <= 1) return names(shown, ' or ');
  return shown.length === least ? names(shown, ' and ') : `${countInWords(least)} of ${names(shown, ', ')}`;
}

function takenOf(
  { people, quorum = 1 }: ApproverStage['slots'][number],
  names: (people: readonly Approver[], word: string) => string,
): string {
  if (quorum <= 1) return names(people, ' or ');
  return people.length === quorum
    ? names(people, ' and ')
    : `${countInWords(quorum)} of ${names(people, ', ')}`;
}

/** Who decided: for an approval everybody who gave theirs, in that order. */
export function decidedBy({ decision, approvals }: Change, safe: (text: string) => string): string {
  if (decision === null || decision.by === null) return 'rule';
  if (decision.outcome !== 'approved' || approvals.length === 0)
    return inTheirName(decision.byName, decision.insteadOf, safe);
  return approvals.map((a) => inTheirName(a.name, a.insteadOf, safe)).join(' and ');
}

/** `by Tom Okafor`, and `for 1 hour instead of 1 day` where that is less than was asked. */
export function approvedBy(change: Change, safe: (text: string) => string): string {
  return `by ${decidedBy(change, safe)}${insteadOfWider(change, safe)}${forLessTime(change)}`;
}

function insteadOfWider({ narrowed }: Change, safe: (text: string) => string): string {
  return narrowed === undefined ? '' : ` instead of ${safe(narrowed.from.title)}`;
}

function forLessTime(change: Change): string {
  const { requestedSeconds } = change;
  const given = givenSeconds(change);
  if (requestedSeconds === null || given === null) return '';
  return given < requestedSeconds
    ? ` for ${durationInWords(given)} instead of ${durationInWords(requestedSeconds)}`
    : '';
}
