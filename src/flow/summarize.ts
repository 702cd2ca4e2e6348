import type { Job } from '../core/reactions.ts';
import { readSummary, writeAdvice } from '../store/summaries.ts';
import { commit } from './commit.ts';
import { done, type Ran, type Road } from './road.ts';

/**
 * Asks the model for its view of the facts and puts it on the card. Safe to run twice: an answer that is there
 * stays. Whatever the model does, the change goes its way without it.
 */
export async function summarize(road: Road, job: Extract<Job, { job: 'summarize' }>): Promise<Ran> {
  const summary = await readSummary(road.db, job.changeId);
  if (summary === null || summary.advice !== null) return done;
  const advice = await road.adviser.summarizeRequest(summary.sheet);
  await commit(
    road.db,
    async (unit) => {
      await writeAdvice(unit.tx, job.changeId, advice);
      return {
        result: null,
        notes: [
          {
            type: 'adviceGiven',
            changeId: job.changeId,
            at: unit.now,
            actor: { part: 'model' },
            data: advice.answered ? { ...advice } : { answered: false, why: advice.why },
          },
        ],
      };
    },
    road.nudge,
  );
  return done;
}
