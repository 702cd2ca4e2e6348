import { z } from 'zod';
import type { CampaignId } from '../../core/ids.ts';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { defaultReviewSettings } from '../../core/policy/catalogue.ts';
import { isRefusal, type Refusal } from '../../core/refusal.ts';
import { type CampaignPlan, everything, overduePolicies } from '../../core/review/campaign.ts';
import type { Person } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Context, Data } from '../kernel/context.ts';
import { isAdmin, notAnAdmin } from '../offboarding/case.ts';
import { answerObjection } from './objection.ts';
import { cancelCampaign, openCampaign, type Starter, startCampaign } from './open.ts';
import { sendCertificate } from './send-certificate.ts';

/** What a form that begins a campaign sends. */
export const campaignItem = z.strictObject({
  name: z.string(),
  entitlements: z.array(z.string()).nullable(),
  tiers: z.array(z.enum(['low', 'medium', 'high', 'critical'])).nullable(),
  departments: z.array(z.string()).nullable(),
  grantedDays: z.int().positive().nullable(),
  unusedDays: z.int().positive().nullable(),
  ends: z.enum(['temporary', 'permanent']).nullable(),
  reviewers: z.enum(['owner', 'manager']),
  dueDays: z.int().min(1).max(90),
  overdue: z.enum(overduePolicies),
});
export type CampaignItem = z.infer<typeof campaignItem>;

/** What the form sends that answers an objection to a rule. */
export const keepRuleItem = z.strictObject({ n: z.int(), why: z.string().min(1) });

export type CampaignVerb = 'open' | 'start' | 'cancel' | 'keepRule' | 'certificate';

/** Settles what an admin pressed: who they are was identified anew, and whether they are an admin is looked up now. */
export async function settleCampaignAnswer(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  if (!isAdmin(context, clicker))
    return {
      ...notAnAdmin(context),
      text: 'Only the catalogue’s admins can run an access review or have its certificate.',
    };
  const by: Starter = {
    actor: { person: clicker.id, name: clicker.name },
    person: { id: clicker.id, name: clicker.name },
  };
  switch (answer.verb as CampaignVerb) {
    case 'open': {
      const now = await databaseNow(context.db);
      const plan = planOf(context, now, campaignItem.parse(JSON.parse(answer.item ?? 'null')));
      await openCampaign(context, plan, by, { id: answer.id as CampaignId });
      return null;
    }
    case 'start': {
      const started = await startCampaign(context, answer.id, by);
      return isRefusal(started) ? started : null;
    }
    case 'cancel':
      return await cancelCampaign(context, answer.id, by, 'cancelled by hand');
    case 'certificate':
      return await sendCertificate(context, answer.id, { account: answer.chatUserId, person: clicker });
    case 'keepRule': {
      const { n, why } = keepRuleItem.parse(JSON.parse(answer.item ?? 'null'));
      return await answerObjection(context, answer.id, {
        n,
        why,
        by: { id: clicker.id, name: clicker.name },
      });
    }
    default:
      return null;
  }
}

function planOf(context: Pick<Data, 'catalogue'>, now: Date, item: CampaignItem): CampaignPlan {
  const { reviews = defaultReviewSettings } = context.catalogue.current();
  const { name, grantedDays, reviewers, overdue, dueDays, ...scope } = item;
  return {
    name,
    scope: {
      ...everything,
      ...scope,
      entitlements: scope.entitlements as CampaignPlan['scope']['entitlements'],
      sinceAt: grantedDays === null ? null : new Date(now.getTime() - grantedDays * 86_400_000),
    },
    reviewers,
    fallback: reviews.fallback,
    dueSeconds: dueDays * 86_400,
    overdue,
    extendSeconds: reviews.extendSeconds,
  };
}
