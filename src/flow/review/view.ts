import type { Refusal } from '../../core/refusal.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import type { Objection, RevokeProgress } from '../../core/review/close.ts';
import { refuseStart } from '../../core/review/start.ts';
import { peopleWithAccounts, readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { lastComparison } from '../../store/reconcile/runs.ts';
import { objectionsOf, revokesOf } from '../../store/review-carrying.ts';
import {
  countLines,
  type LineCounts,
  linesByEntitlement,
  type ReviewerProgress,
  readReviewer,
  reviewersOf,
} from '../../store/review-progress.ts';
import { readCampaign } from '../../store/reviews.ts';
import { delegateOf } from '../delegation/delegate.ts';
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
  /** Objections to rules that nobody has answered yet. */
  objections: Objection[];
  /** Who is told: whoever began it, or the catalogue's admins. */
  to: Named[];
  /** They are told in the place of whoever began it, who has left or is not in chat. */
  isInstead: boolean;
};

/** Everything the messages of one reviewer are made of. */
export type ReviewView = {
  campaign: Campaign;
  reviewer: ReviewerProgress;
  to: Named;
  /** The admins, where the reviewer can't be written to; empty: they can. */
  instead: Named[];
  /** Who decides in their stead while they are away; null: nobody. */
  delegate: Named | null;
};

/** `unreachable`: accounts that could not be written to a moment ago. */
export async function readCampaignView(
  context: Data & Parties,
  id: string,
  unreachable: ReadonlySet<string> = new Set(),
): Promise<CampaignView | null> {
  const campaign = await readCampaign(context.db, id);
  if (campaign === null) return null;
  const reviewers = await reviewersOf(context.db, id, context.chat.system);
  const starter = campaign.startedBy;
  return {
    idpName: context.idps.name,
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
    objections: (await objectionsOf(context.db, id)).filter(({ answer }) => answer === null),
    ...(await toldOf(context, starter?.id ?? null, unreachable)),
  };
}

/** Whoever began it, while they are here and in chat; otherwise the admins, so that a campaign is never nobody's. */
async function toldOf(
  context: Data & Parties,
  starterId: string | null,
  unreachable: ReadonlySet<string>,
): Promise<Pick<CampaignView, 'to' | 'isInstead'>> {
  const starter = starterId === null ? null : await readPerson(context.db, starterId);
  const [known] = await peopleWithAccounts(context.db, {
    ids: starter?.isActive === true ? [starterId] : [],
    emails: [],
    system: context.chat.system,
  });
  const to = known === undefined ? null : await named(context, known);
  return to === null || to.accountId === null || unreachable.has(to.accountId)
    ? { to: (await adminContacts(context)).admins, isInstead: starterId !== null }
    : { to: [to], isInstead: false };
}

/** `unreachable`: accounts that could not be written to a moment ago. */
export async function readReviewView(
  context: Data & Parties,
  id: string,
  unreachable: ReadonlySet<string> = new Set(),
): Promise<ReviewView | null> {
  const reviewer = await readReviewer(context.db, id, context.chat.system);
  const campaign = reviewer === null ? null : await readCampaign(context.db, reviewer.campaignId);
  // Before it is started nobody is told of it.
  if (reviewer === null || campaign === null || campaign.startedAt === null) return null;
  const known = await named(context, { ...reviewer, id: reviewer.personId });
  const isReached = known.accountId !== null && !unreachable.has(known.accountId);
  const to = isReached ? known : { ...known, accountId: null };
  const instead = isReached ? [] : (await adminContacts(context)).admins;
  return { campaign, reviewer, to, instead, delegate: await delegateOf(context, reviewer.personId) };
}
