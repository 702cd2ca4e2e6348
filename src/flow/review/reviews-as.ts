import type { PersonId } from '../../core/ids.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { Person } from '../../store/people.ts';
import type { Mine } from '../../store/review-lines.ts';
import { actsFor } from '../delegation/acts-for.ts';
import type { Data } from '../kernel/context.ts';

/** Who decides on a reviewer's lines. `insteadOf`: the reviewer, who is away; left out: it is they themselves. */
export type ReviewsAs = { id: PersonId; name: string; insteadOf?: { id: PersonId; name: string } };

/** Only the reviewer looks at their lines, and while they are away the delegate whom they named. */
export async function reviewsAs(
  context: Data,
  reviewer: { personId: PersonId; name: string },
  person: Pick<Person, 'id' | 'name'> | null,
): Promise<ReviewsAs | Refusal> {
  if (person !== null && person.id === reviewer.personId) return { id: person.id, name: person.name };
  const isTheirs =
    person !== null && (await actsFor(context, person)).some(({ id }) => id === reviewer.personId);
  if (person !== null && isTheirs)
    return {
      id: person.id,
      name: person.name,
      insteadOf: { id: reviewer.personId, name: reviewer.name },
    };
  return refuse(
    'notAnApprover',
    `These lines are for ${reviewer.name} to review.`,
    'Ask them, or an admin, to hand them to you.',
  );
}

/** The lines of a reviewer that somebody decides on: as a delegate none about themselves, nor where policy forbids it. */
export function linesFor(
  { catalogue }: Pick<Data, 'catalogue'>,
  part: { campaignId: string; personId: PersonId },
  as: ReviewsAs,
): Mine {
  const mine = { campaignId: part.campaignId, reviewerId: part.personId };
  if (as.insteadOf === undefined) return mine;
  return { ...mine, except: { personId: as.id, tiers: catalogue.current().delegation?.notFor ?? [] } };
}
