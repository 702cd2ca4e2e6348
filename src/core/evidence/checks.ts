import type { Approval, Cause, Change, Decision } from '../change/change.ts';
import type { PersonId } from '../ids.ts';
import type { ApproverStage } from '../policy/routing.ts';

/** What is asked of every access that was given: of the whole population, not of a sample. */
export type Given = {
  cause: Cause;
  personId: PersonId;
  requesterId: PersonId | null;
  approvals: readonly Pick<Approval, 'by' | 'at' | 'insteadOf'>[];
  decision: Pick<Decision, 'by' | 'at'> | null;
  /** When it was first written in the identity provider; null: it never was. */
  writtenAt: Date | null;
  /** Of what was found: the person who, as event sources tell, had made it so; null: none is known. */
  authorId: PersonId | null;
  /** Of what was found: the person who kept it, and turned out to have made it so. */
  reopenedBy: PersonId | null;
};

/**
 * - `notApproved`: it was given, and nobody and no rule decided on it
 * - `writtenBeforeApproval`: it was written before it was approved
 * - `thereBeforeApproval`: somebody had made it around Latchkey; it was approved only when it was found
 * - `approvedByRequester`, `approvedByHolder`: whoever asked, or gets it, decided on it
 * - `approvedForRequester`: somebody decided in the place of whoever asked
 * - `approvedByAuthor`: whoever had made it around Latchkey kept it
 */
export type Violation =
  | 'notApproved'
  | 'writtenBeforeApproval'
  | 'thereBeforeApproval'
  | 'approvedByRequester'
  | 'approvedByHolder'
  | 'approvedForRequester'
  | 'approvedByAuthor';

export const violationInWords: Record<Violation, string> = {
  notApproved: 'given, and nobody and no rule decided on it',
  writtenBeforeApproval: 'written before it was approved',
  thereBeforeApproval: 'made around Latchkey, and approved only when it was found',
  approvedByRequester: 'approved by whoever asked for it',
  approvedByHolder: 'approved by the person whom it is for',
  approvedForRequester: 'approved in the place of whoever asked for it',
  approvedByAuthor: 'kept by whoever had made it around Latchkey',
};

/**
 * Where an access was not approved before it was given, or not by somebody else. Pure; empty: it was. What was taken in
 * an emergency is no violation but an exception: nobody approves it before, by the written policy.
 */
export function violationsOf(given: Given): Violation[] {
  const { cause, decision, approvals, writtenAt, requesterId, personId, authorId, reopenedBy } = given;
  if (cause === 'breakGlass') return [];
  const found = new Set<Violation>();
  if (decision === null) found.add('notApproved');
  else if (cause === 'finding') found.add('thereBeforeApproval');
  else {
    const approvedAt = Math.max(decision.at.getTime(), ...approvals.map(({ at }) => at.getTime()));
    if (writtenAt !== null && writtenAt.getTime() < approvedAt) found.add('writtenBeforeApproval');
  }
  const deciders = [...approvals.map(({ by }) => by), ...(decision?.by == null ? [] : [decision.by])];
  if (requesterId !== null && deciders.includes(requesterId)) found.add('approvedByRequester');
  if (deciders.includes(personId)) found.add('approvedByHolder');
  if (approvals.some(({ insteadOf }) => insteadOf !== undefined && insteadOf.id === requesterId))
    found.add('approvedForRequester');
  if (reopenedBy !== null || (authorId !== null && deciders.includes(authorId)))
    found.add('approvedByAuthor');
  return [...found];
}

/** By what right somebody approved: the source of the rule that names them; null: the plan does not say. */
export function rightOf(
  stages: readonly ApproverStage[],
  { by, stage = 0, insteadOf }: Pick<Approval, 'by' | 'stage' | 'insteadOf'>,
): string | null {
  const asked = stages[stage];
  if (asked === undefined) return null;
  const isTheirs = ({ people }: ApproverStage['slots'][number]) =>
    people.some(({ id }) => id === by || id === insteadOf?.id);
  const slot = asked.slots.find(isTheirs) ?? (asked.rungs ?? []).find(isTheirs);
  if (slot === undefined) return null;
  return insteadOf === undefined ? slot.source : `${slot.source}, in the place of ${insteadOf.name}`;
}

/** By what right something was decided that nobody approved on a card of its own; null: nobody decided. */
export function rightOfDecision({
  kind,
  cause,
  stages,
  decision,
}: Pick<Change, 'kind' | 'cause'> & {
  /** Null: nobody was asked. */
  stages: readonly ApproverStage[] | null;
  decision: Pick<Decision, 'by' | 'outcome' | 'insteadOf'>;
}): string | null {
  const { by, outcome, insteadOf } = decision;
  if (by === null) {
    if (outcome === 'lapsed' || outcome === 'closed') return null;
    return kind === 'grant'
      ? 'a rule of the policy'
      : 'no person decides on it: it follows from its end, from a rule, or from the directory';
  }
  if (kind === 'revoke') return 'whoever may take it away';
  if (outcome === 'withdrawn') return 'whoever asked for it, or gets it, may withdraw it';
  if (outcome === 'closed') return 'whoever reviews what was to be renewed';
  if (cause === 'restore') return 'whoever may give back what a leaver had';
  if (stages === null) return 'a card of many';
  const rights = stages.map((_, stage) =>
    rightOf(stages, { by, stage, ...(insteadOf === undefined ? {} : { insteadOf }) }),
  );
  return rights.find((right) => right !== null) ?? 'an approver whose right is not kept';
}

/**
 * Seconds from the decision (or from the first sign-in that was waited for) until it was seen in MuleSoft. `dueAt`: when
 * it should have been so; what was decided only after that is counted from then.
 */
export function secondsToSeen({
  decidedAt,
  signedInAt,
  seenAt,
  dueAt = null,
}: {
  decidedAt: Date | null;
  signedInAt: Date | null;
  seenAt: Date | null;
  dueAt?: Date | null;
}): number | null {
  const decided = signedInAt ?? decidedAt;
  const from = decided !== null && dueAt !== null && dueAt < decided ? dueAt : decided;
  return from === null || seenAt === null ? null : Math.max(0, seenAt.getTime() - from.getTime()) / 1_000;
}
