import { reviewEmergency } from '../../core/break-glass/break-glass.ts';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import { readChange } from '../../store/changes.ts';
import { lockEmergency, noteReview, readEmergency } from '../../store/emergencies.ts';
import type { Person } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { releaseAccess } from '../membership/end-grants.ts';
import { isAdmin } from '../offboarding/case.ts';
import { owedBy } from './owed.ts';

/** What somebody said of an emergency, as the button carries it. */
export type ReviewVerb = 'justified' | 'notJustified';

/**
 * Settles what somebody said of an emergency. The people who may say so are looked up now, and are never the person who
 * took it. Access that was not justified ends at once. Safe to run
 * twice.
 */
export async function settleEmergencyAnswer(
  context: Context,
  answer: AnswerReceived,
  reviewer: Person,
): Promise<Refusal | null> {
  const change = await readChange(context.db, answer.id);
  if (change === null) return unknown;
  const { clock = null } = (await readEmergency(context.db, change.id)) ?? {};
  const mayReview =
    isAdmin(context, reviewer) ||
    (await owedBy(context, change, clock)).people.some(({ id }) => id === reviewer.id);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      // The change first, as everywhere: two who lock both never wait for each other.
      const locked = await unit.change(answer.id);
      const emergency = await lockEmergency(unit.tx, answer.id);
      if (locked === null || emergency === null) return { result: unknown };
      const found = answer.verb === 'justified' ? 'justified' : 'notJustified';
      const review = reviewEmergency(
        emergency,
        { found, comment: answer.item ?? '', clickId: answer.clickId },
        { id: reviewer.id, name: reviewer.name, mayReview },
        unit.now,
      );
      if (review === null || isRefusal(review)) return { result: review };
      await noteReview(unit.tx, locked.id, review);
      const ended = found === 'justified' ? null : await releaseAccess(unit, locked, reviewer);
      return {
        result: null,
        events: ended ?? [],
        notes: [
          {
            type: 'emergencyReviewed',
            changeId: locked.id,
            at: unit.now,
            actor: { person: reviewer.id, name: reviewer.name },
            data: { found, comment: review.comment, clickId: review.clickId },
          },
        ],
        jobs: [{ job: 'updateCard', about: 'emergency', id: locked.id }],
      };
    },
    context.nudge,
  );
}

const unknown = refuse(
  'unknownChange',
  'Latchkey does not know this emergency.',
  'The card may come from another installation.',
);
