import type { PersonId } from '../../core/ids.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { keepRule } from '../../core/review/close.ts';
import { objectionsOf } from '../../store/review-carrying.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { unknownCampaign } from './open.ts';

/** An admin answers that a rule stays as it is. The caller has looked up that they are an admin. */
export async function answerObjection(
  context: Pick<Context, 'db' | 'nudge'>,
  campaignId: string,
  said: { n: number; why: string; by: { id: PersonId; name: string } },
): Promise<Refusal | null> {
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(campaignId);
      if (campaign === null) return { result: unknownCampaign };
      const objections = await objectionsOf(unit.tx, campaignId);
      const objection = objections.find(({ n }) => n === said.n) ?? null;
      const outcome = keepRule(campaign, objection, { ...said, at: unit.now });
      if (outcome === null) return { result: null };
      return isRefusal(outcome) ? { result: outcome } : { result: null, events: [outcome] };
    },
    context.nudge,
  );
}
