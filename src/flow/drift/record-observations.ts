import type { Observation } from '../../core/drift/observation.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { storeObserved } from '../../store/observed.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/**
 * Takes in the news of an event source of the directory. It is stored before it is answered 2xx. It is stored once,
 * however often and by however many event sources it is told. Answers how many were new. Throws when the database is
 * away: then the event source must be told no.
 */
export async function recordObservations(
  context: Pick<Context, 'db' | 'nudge'>,
  observations: readonly Observation[],
): Promise<number> {
  return await commit(
    context.db,
    async ({ tx }) => {
      const { fresh, jobs } = await recordWithin(tx, observations);
      return { result: fresh, jobs };
    },
    context.nudge,
  );
}

/** Stores observations within the caller's transaction; the caller commits the jobs. */
export async function recordWithin(
  tx: Tx,
  observations: readonly Observation[],
): Promise<{ fresh: number; jobs: Job[] }> {
  const fresh = await storeObserved(tx, observations);
  return { fresh, jobs: fresh === 0 ? [] : [{ job: 'processObservations' }] };
}
