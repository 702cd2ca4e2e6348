import type { PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import type { Campaign } from '../../core/review/campaign.ts';
import { choicesOn, type ReviewerChoice } from '../../core/review/line.ts';
import {
  draftKeepInBulk,
  noteShown,
  openLinesOf,
  type ReviewedLine,
  readDrafts,
  readLine,
  unadvisedLines,
  writeDraft,
  writeDraftComment,
} from '../../store/review-lines.ts';
import { type ReviewerProgress, readReviewer } from '../../store/review-progress.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { metAs } from '../people/identify.ts';
import { linesFor, type ReviewsAs, reviewsAs } from './reviews-as.ts';

/** One reviewer's part of a campaign, opened by themselves. */
/** `as`: the reviewer themselves, or their delegate while they are away. */
export type OwnPart = { campaign: Campaign; reviewer: ReviewerProgress; as: ReviewsAs };

/** The message shows drafts too, a moment after the last of several. */
const CARD_AFTER_MS = 1_500;

/**
 * The part that an account may look at: its own. A draft decides nothing, so who was met as this account is believed
 * here; a submission identifies them anew.
 */
export async function ownPart(
  context: Data & Parties,
  partId: string,
  accountId: string,
): Promise<OwnPart | Refusal> {
  const reviewer = await readReviewer(context.db, partId, context.chat.system);
  const campaign = reviewer === null ? null : await readCampaign(context.db, reviewer.campaignId);
  if (reviewer === null || campaign === null)
    return refuse('unknownChange', 'Latchkey does not know this review.', 'Look for a newer message.');
  const person = await metAs(context, accountId);
  const as = await reviewsAs(context, reviewer, person);
  if (isRefusal(as)) return as;
  if (campaign.state !== 'open')
    return refuse('alreadySettled', 'The review is over.', 'Nothing more to do: the message shows it.');
  return { campaign, reviewer, as };
}

export type ReviewPage = {
  lines: ReviewedLine[];
  /** Undecided lines of theirs in all. */
  count: number;
  page: number;
  pages: number;
  drafts: { n: number; draft: ReviewerChoice }[];
};

/**
 * A page of lines as they are now. Those on it have been shown from now on, and the model is asked about them beside.
 */
export async function readPage(
  context: Data & Pick<Runtime, 'nudge'>,
  { campaign, reviewer, as }: OwnPart,
  wanted: number,
  perPage: number,
): Promise<ReviewPage> {
  const mine = linesFor(context, { ...reviewer, campaignId: campaign.id }, as);
  const found = await openLinesOf(context.db, mine, {
    offset: Math.max(0, wanted) * perPage,
    limit: perPage,
  });
  const pages = Math.max(1, Math.ceil(found.count / perPage));
  const page = Math.min(Math.max(0, wanted), pages - 1);
  // Lines were decided meanwhile, so that there is no such page any more.
  const { lines, count } =
    page === wanted ? found : await openLinesOf(context.db, mine, { offset: page * perPage, limit: perPage });
  const numbers = lines.map(({ n }) => n);
  await noteShown(context.db, campaign.id, numbers);
  const unadvised = await unadvisedLines(context.db, campaign.id, numbers);
  if (unadvised.length > 0)
    await commit(
      context.db,
      async () => ({
        result: null,
        jobs: unadvised.map((n): Job => ({ job: 'adviseLine', campaignId: campaign.id, n })),
      }),
      context.nudge,
    );
  // A delegate is offered nothing in bulk: `keepInBulk` would keep nothing for them.
  const shown = as.insteadOf === undefined ? lines : lines.map((line) => ({ ...line, isBulkAllowed: false }));
  return { lines: shown, count, page, pages, drafts: await readDrafts(context.db, mine) };
}

/** Keeps what a reviewer chose on a line; null takes it back. Chosen twice it is the same. */
export async function saveDraft(
  context: Pick<Context, 'db' | 'nudge' | 'catalogue'>,
  { campaign, reviewer, as }: OwnPart,
  n: number,
  draft: ReviewerChoice | null,
): Promise<void> {
  await commit(
    context.db,
    async (unit) => {
      const line = await readLine(unit.tx, campaign.id, n);
      const mayBe = draft === null || (line !== null && choicesOn(line).includes(draft));
      if (line === null || !mayBe || isAbout(line, [reviewer.personId, as.id])) return { result: null };
      const tiers = linesFor(context, { ...reviewer, campaignId: campaign.id }, as).except?.tiers ?? [];
      if (tiers.includes(line.facts.tier)) return { result: null };
      await writeDraft(unit.tx, { campaignId: campaign.id, reviewerId: reviewer.personId, n }, draft);
      return { result: null, jobs: [cardOf(reviewer)] };
    },
    context.nudge,
  );
}

export async function saveDraftComment(
  context: Pick<Context, 'db'>,
  { campaign, reviewer }: OwnPart,
  n: number,
  comment: string | null,
): Promise<void> {
  await commit(context.db, async (unit) => {
    await writeDraftComment(unit.tx, { campaignId: campaign.id, reviewerId: reviewer.personId, n }, comment);
    return { result: null };
  });
}

/** Chooses "keep" for all that may be kept together and that nothing was chosen for. Answers how many. */
export async function keepInBulk(
  context: Pick<Context, 'db' | 'nudge'>,
  { campaign, reviewer, as }: OwnPart,
): Promise<number> {
  // A delegate looks at each line by itself.
  if (as.insteadOf !== undefined) return 0;
  return await commit(
    context.db,
    async (unit) => ({
      result: await draftKeepInBulk(unit.tx, { campaignId: campaign.id, reviewerId: reviewer.personId }),
      jobs: [cardOf(reviewer)],
    }),
    context.nudge,
  );
}

function isAbout({ personId }: { personId: PersonId | null }, ids: readonly PersonId[]): boolean {
  return personId !== null && ids.includes(personId);
}

function cardOf(reviewer: ReviewerProgress): Job {
  return { job: 'updateCard', about: 'review', id: reviewer.id, afterMs: CARD_AFTER_MS };
}
