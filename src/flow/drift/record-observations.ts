import type { Observation } from '../../core/drift/observation.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { storeObserved } from '../../store/observed.ts';
import type { Tx } from '../../store/postgres/database.ts';
import { commit } from '../kernel/commit.ts';
import type { Road } from '../kernel/context.ts';

/**
 * Takes in what a voice of the directory told: stored before it is answered 2xx, once however often and by however
 * many voices it is told. Answers how many were new. Throws when the database is away: then the voice must be told no.
 */
export async function hear(
  road: Pick<Road, 'db' | 'nudge'>,
  observations: readonly Observation[],
): Promise<number> {
  return await commit(
    road.db,
    async ({ tx }) => {
      const { fresh, jobs } = await hearWithin(tx, observations);
      return { result: fresh, jobs };
    },
    road.nudge,
  );
}

/** The same inside somebody's own commit. */
export async function hearWithin(
  tx: Tx,
  observations: readonly Observation[],
): Promise<{ fresh: number; jobs: Job[] }> {
  const fresh = await storeObserved(tx, observations);
  return { fresh, jobs: fresh === 0 ? [] : [{ job: 'heed' }] };
}
