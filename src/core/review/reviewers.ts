import type { PersonId } from '../ids.ts';
import type { ReviewerRule } from './campaign.ts';

/** Somebody who can review: in the identity provider, active, and not leaving. */
export type ReviewerCandidate = {
  id: PersonId;
  name: string;
  /** Records of people who may be the very same, by an account at another identity provider; left out: nobody. */
  perhaps?: readonly PersonId[];
};

/** The people who could review a line, by what makes them its reviewer. Null: there is nobody, or nobody who can. */
export type Candidates = {
  owner: ReviewerCandidate | null;
  manager: ReviewerCandidate | null;
  fallback: readonly ReviewerCandidate[];
};

export type Reviewer = Pick<ReviewerCandidate, 'id' | 'name'> & { as: ReviewerRule | 'fallback' };

/**
 * Pure: who reviews a line. Nobody reviews themselves. Null: nobody can, which keeps the campaign from starting and is
 * never taken for reviewed. A rule, which no person holds, has no manager, so its owner is asked.
 */
export function reviewerOf(
  rule: ReviewerRule,
  { owner, manager, fallback }: Candidates,
  about: PersonId | null,
): Reviewer | null {
  const named = { owner, manager };
  const order: ReviewerRule[] = rule === 'manager' && about !== null ? ['manager', 'owner'] : ['owner'];
  for (const as of order) {
    const one = named[as];
    if (one !== null && !isThemselves(one, about)) return { id: one.id, name: one.name, as };
  }
  const last = fallback.find((one) => !isThemselves(one, about));
  return last === undefined ? null : { id: last.id, name: last.name, as: 'fallback' };
}

function isThemselves({ id, perhaps = [] }: ReviewerCandidate, about: PersonId | null): boolean {
  return about !== null && (id === about || perhaps.includes(about));
}
