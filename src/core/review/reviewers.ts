import type { PersonId } from '../ids.ts';
import type { ReviewerRule } from './campaign.ts';

/** Somebody who can review: in the identity provider, active, and not leaving. */
export type ReviewerCandidate = { id: PersonId; name: string };

/** The people who could review a line, by what makes them its reviewer. Null: there is nobody, or nobody who can. */
export type Candidates = {
  owner: ReviewerCandidate | null;
  manager: ReviewerCandidate | null;
  fallback: readonly ReviewerCandidate[];
};

export type Reviewer = ReviewerCandidate & { as: ReviewerRule | 'fallback' };

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
    if (one !== null && one.id !== about) return { ...one, as };
  }
  const last = fallback.find((one) => one.id !== about);
  return last === undefined ? null : { ...last, as: 'fallback' };
}
