import type { Refusal } from '../../core/refusal.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { refuseStart } from '../../core/review/start.ts';
import { peopleWithAccounts } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { lastComparison } from '../../store/reconcile/runs.ts';
import {
  countLines,
  type LineCounts,
  linesByEntitlement,
  type ReviewerProgress,
  type RevokeProgress,
  readReviewer,
  reviewersOf,
  revokesOf,
} from '../../store/review-progress.ts';
import { readCampaign } from '../../store/reviews.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { adminContacts } from '../people/admins.ts';
import { type Named, named } from '../people/named.ts';

/** Everything the messages of whoever began a campaign are made of; they are a pure function of this. */
export type CampaignView = {
  idpName: string;
  campaign: Campaign;
  /** Why it can't be started as it is; null: it can, or is over that. */
  refusal: Refusal | null;
  counts: LineCounts;
  byEntitlement: { key: string; title: string; lines: number; withoutReviewer: number }[];
  reviewers: ReviewerProgress[];
  revokes: RevokeProgress;
  /** Who is told: whoever began it, or the catalogue's admins. */
  to: Named[];
};

/** Everything the messages of one reviewer are made of. */
export type ReviewView = {
  campaign: Campaign;
  reviewer: ReviewerProgress;
  to: Named;
};

export async function readCampaignView(context: Data & Parties, id: string): Promise<CampaignView | null> {
  const campaign = await readCampaign(context.db, id);
  if (campaign === null) return null;
  const reviewers = await reviewersOf(context.db, id, context.chat.system);
  const starter = campaign.startedBy;
  return {
    idpName: context.idp.name,
    campaign,
    refusal:
      campaign.state !== 'ready'
        ? null
        : refuseStart(campaign, {
            at: await databaseNow(context.db),
            lastComparedAt: (await lastComparison(context.db))?.startedAt ?? null,
          }),
    counts: await countLines(context.db, id),
    byEntitlement: await linesByEntitlement(context.db, id),
    reviewers,
    revokes: await revokesOf(context.db, id),
    to: starter === null ? (await adminContacts(context)).admins : await starterOf(context, starter.id),
  };
}

async function starterOf(context: Data & Parties, id: string): Promise<Named[]> {
  const [known] = await peopleWithAccounts(context.db, {
    ids: [id],
    emails: [],
    system: context.chat.system,
  });
  return known === undefined ? [] : [await named(context, known)];
}

export async function readReviewView(context: Data & Parties, id: string): Promise<ReviewView | null> {
  const reviewer = await readReviewer(context.db, id, context.chat.system);
  const campaign = reviewer === null ? null : await readCampaign(context.db, reviewer.campaignId);
  // Before it is started nobody is told of it.
  if (reviewer === null || campaign === null || campaign.startedAt === null) return null;
  const to = await named(context, { ...reviewer, id: reviewer.personId });
  return { campaign, reviewer, to };
}
