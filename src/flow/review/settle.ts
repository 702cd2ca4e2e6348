import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PersonId } from '../../core/ids.ts';
import type { AnswerReceived } from '../../core/jobs/reactions.ts';
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../../core/refusal.ts';
import type { Campaign, CampaignEvent } from '../../core/review/campaign.ts';
import { draftsShown, reassign, submitDrafts } from '../../core/review/settle.ts';
import { leaverCase } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import {
  forgetDrafts,
  lockDrafts,
  lockLines,
  refreshLines,
  undecidedCount,
} from '../../store/review-lines.ts';
import { readReviewer } from '../../store/review-progress.ts';
import { isCounted } from '../../store/reviews.ts';
import { commit, type Note, type Unit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { identify } from '../people/identify.ts';
import { linesFor, type ReviewsAs, reviewsAs } from './reviews-as.ts';

/** What is sent with "submit": what was counted and confirmed. */
export const submitItem = z.strictObject({ shown: z.string() });
/** The content of "reassign": which line, and to which account of the chat. */
export const reassignItem = z.strictObject({ n: z.int(), toAccountId: z.string(), why: z.string() });
export type ReviewVerb = 'submit' | 'reassign';

/** A set of drafts as text, short enough to be carried by a form. */
export function shownAs(drafts: Parameters<typeof draftsShown>[0]): string {
  return createHash('sha256').update(draftsShown(drafts)).digest('base64url');
}

/**
 * Settles what a reviewer has sent. The caller has identified the reviewer anew. The lines are looked up now, under the
 * campaign's row lock: whether they are still theirs, and still as the snapshot has them.
 */
export async function settleReviewAnswer(
  context: Context,
  answer: AnswerReceived,
  clicker: Person,
): Promise<Refusal | null> {
  const part = await readReviewer(context.db, answer.id, context.chat.system);
  if (part === null)
    return refuse(
      'unknownChange',
      'Latchkey does not know this review.',
      'It may come from another installation; look for a newer message.',
    );
  const as = await reviewsAs(context, part, clicker);
  if (isRefusal(as)) return as;
  const item: unknown = JSON.parse(answer.item ?? 'null');
  if (answer.verb === 'submit') {
    const { shown } = submitItem.parse(item);
    return await submit(context, part, { clickId: answer.clickId, shown, as, clicker });
  }
  if (as.insteadOf !== undefined)
    return refuse(
      'notAnApprover',
      `Only ${part.name} can hand these lines on.`,
      'Decide on them, or leave them to them.',
    );
  const { n, toAccountId, why } = reassignItem.parse(item);
  return await handOn(context, part, { clickId: answer.clickId, n, toAccountId, why, clicker });
}

type Part = { id: string; campaignId: string; personId: PersonId };

async function submit(
  context: Context,
  part: Part,
  { clickId, shown, as, clicker }: { clickId: string; shown: string; as: ReviewsAs; clicker: Person },
): Promise<Refusal | null> {
  const mine = linesFor(context, part, as);
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(part.campaignId);
      if (campaign === null || (await isCounted(unit.tx, part, clickId))) return { result: null };
      const drafts = await lockDrafts(unit.tx, mine);
      const outcome = submitDrafts(campaign, {
        by: as,
        clickId,
        drafts,
        isAsShown: shownAs(drafts) === shown,
        open: await undecidedCount(unit.tx, part.campaignId, part.personId),
        at: unit.now,
      });
      if (isRefusal(outcome))
        return {
          result: outcome,
          notes: [refused(unit, clicker, { reviewOf: campaign.id, verb: 'submit', reason: outcome.reason })],
        };
      const { events, changed } = outcome;
      if (changed.length > 0) {
        await forgetDrafts(unit.tx, campaign.id, changed);
        await refreshLines(unit.tx, campaign.id, changed);
      }
      return {
        result: changed.length === 0 ? null : changedInWords(changed.length),
        events: [...events, ...(await decidedBy(unit, campaign, events))],
        jobs: [{ job: 'updateCard', about: 'review', id: part.id }],
      };
    },
    context.nudge,
  );
}

function changedInWords(count: number): Refusal {
  const lines = count === 1 ? 'One line has' : `${count} lines have`;
  return refuse(
    'staleCard',
    `${lines} changed since the review began (an extension or a new grant), so your choice to keep was not counted; the rest is submitted.`,
    'Open the review again: it shows them as they are now.',
  );
}

/** Once nothing is left to decide the campaign is decided, in the same commit. */
export async function decidedBy(
  unit: Unit,
  campaign: Campaign,
  events: readonly CampaignEvent[],
): Promise<CampaignEvent[]> {
  const settled = events.reduce(
    (n, event) =>
      n + (event.type === 'linesSubmitted' || event.type === 'linesDropped' ? event.lines.length : 0),
    0,
  );
  const left = (await undecidedCount(unit.tx, campaign.id, null)) - settled;
  if (left > 0) return [];
  return [{ type: 'campaignDecided', campaignId: campaign.id, at: unit.now, actor: { part: 'latchkey' } }];
}

async function handOn(
  context: Context,
  part: Part,
  given: { clickId: string; n: number; toAccountId: string; why: string; clicker: Person },
): Promise<Refusal | null> {
  const { clickId, n, why, clicker } = given;
  const to = await identify(context, given.toAccountId);
  if (isRefusal(to))
    return refuse(
      to.reason,
      'Whoever you chose can’t review: they are a guest, not active, or not known.',
      'Choose somebody else.',
    );
  if ((await leaverCase(context.db, to.id)) !== null)
    return refuse('inactiveInIdp', `${to.name} has left, or is leaving.`, 'Choose somebody else.');
  const mine = { campaignId: part.campaignId, reviewerId: clicker.id };
  return await commit<Refusal | null>(
    context.db,
    async (unit) => {
      const campaign = await unit.campaign(part.campaignId);
      if (campaign === null || (await isCounted(unit.tx, part, clickId))) return { result: null };
      const lines = await lockLines(unit.tx, mine, [n]);
      const outcome = reassign(campaign, { from: clicker, to, lines, why, clickId, at: unit.now });
      if (isRefusal(outcome))
        return {
          result: outcome,
          notes: [
            refused(unit, clicker, { reviewOf: campaign.id, verb: 'reassign', reason: outcome.reason }),
          ],
        };
      return { result: null, events: outcome };
    },
    context.nudge,
  );
}

function refused(
  { now }: Unit,
  clicker: Person,
  about: { reviewOf: string; verb: ReviewVerb; reason: RefusalReason },
): Note {
  return {
    type: 'clickRefused',
    changeId: null,
    at: now,
    actor: { person: clicker.id, name: clicker.name },
    data: about,
  };
}
