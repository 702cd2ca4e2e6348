import { documentHash } from '../../audit/entry.ts';
import { isFound } from '../../core/change/change.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { readMassChange } from '../../store/mass-changes.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { readSummarized, readSummary, writeAdvice } from '../../store/summaries.ts';
import { commit } from '../kernel/commit.ts';
import { type Context, done, type Ran } from '../kernel/context.ts';

/**
 * Asks the model for its view of the facts and puts it on the card. Safe to run twice: an answer that is there
 * stays. Whatever the model does, the change goes its way without it.
 */
export async function advise(context: Context, job: Extract<Job, { job: 'advise' }>): Promise<Ran> {
  const { change, summary } = (await readSummarized(context.db, job.changeId)) ?? {
    change: null,
    summary: await readSummary(context.db, job.changeId),
  };
  if (summary === null || summary.advice !== null) return done;
  // A mass change is about findings too. But a person's memberships after a move are reviewed.
  const mass = change === null ? await readMassChange(context.db, job.changeId) : null;
  const { adviser } = context;
  const advice =
    mass?.kind === 'moved'
      ? await adviser.adviseReview(summary.sheet)
      : change === null || isFound(change)
        ? await adviser.summarizeFinding(summary.sheet)
        : await adviser.summarizeRequest(summary.sheet);
  await commit(
    context.db,
    async (unit, isWritten) => {
      // The facts may be others by now; then it is asked again.
      if (!isWritten) return { result: null };
      return {
        result: null,
        jobs: change === null ? [{ job: 'updateCard', about: 'massChange', id: job.changeId }] : [],
        notes: [
          {
            type: 'adviceGiven',
            changeId: change === null ? null : job.changeId,
            at: unit.now,
            actor: { part: 'model' },
            data: {
              ...(change === null ? { massChangeId: job.changeId } : {}),
              ...advice,
              // What it read.
              factsSha256: documentHash(summary.sheet),
            },
          },
        ],
      };
    },
    context.nudge,
    { ahead: (tx: Tx) => writeAdvice(tx, job.changeId, summary.sheet, advice) },
  );
  return done;
}
