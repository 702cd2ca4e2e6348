import { documentHash } from '../../audit/entry.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { lineSheet } from '../../core/review/line-facts.ts';
import { readLine, writeLineAdvice } from '../../store/review-lines.ts';
import { readCampaign } from '../../store/reviews.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';

/**
 * Asks the model for its view of one line, which somebody is looking at. It is shown the next time that the page is
 * drawn. Safe to run twice: an answer that is there stays. Nothing waits for it, and no decision reads it.
 */
export async function adviseLine(
  context: Context,
  { campaignId, n }: Extract<Job, { job: 'adviseLine' }>,
): Promise<Ran> {
  const campaign = await readCampaign(context.db, campaignId);
  const line = await readLine(context.db, campaignId, n);
  if (campaign?.state !== 'open' || line === null || line.decision !== null || line.advice !== null)
    return done;
  const entitlement = context.catalogue.entitlement(line.entitlementKey);
  const { clauses, reviewNotes = [] } = context.catalogue.current();
  const sheet = lineSheet(line.facts, line.insight, {
    notes: reviewNotes,
    clauses: clauses.filter(({ id }) => entitlement?.clauses.includes(id) === true),
  });
  const advice = await context.adviser.adviseReview(sheet);
  await commit(context.db, async (unit) => {
    if (!(await writeLineAdvice(unit.tx, campaignId, n, advice))) return { result: null };
    return {
      result: null,
      notes: [
        {
          type: 'adviceGiven',
          changeId: null,
          at: unit.now,
          actor: { part: 'model' },
          data: { reviewOf: campaignId, line: n, ...advice, factsSha256: documentHash(sheet) },
        },
      ],
    };
  });
  return done;
}
