import { Fault } from '../../core/fault.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { noteCovered, noteRefusedVoice, readCursor, writeCursor } from '../../store/voice-cursors.ts';
import { commit } from '../kernel/commit.ts';
import type { Road } from '../kernel/context.ts';
import type { DirectoryLog } from '../ports.ts';
import { hearWithin } from './record-observations.ts';

/**
 * Reads on in the IdP's own log: it has what no notification brought, because it was lost or we were away. Each page
 * is stored with where to go on, so nothing is missed and nothing counts twice. Returns what one look does. An IdP
 * that refuses the log is asked on, quietly: it is said once, and the rest goes on without.
 */
export function createListener(
  road: Pick<Road, 'db' | 'nudge' | 'log'>,
  log: DirectoryLog,
): () => Promise<void> {
  let isRefused = false;
  let notBefore = 0;
  return async () => {
    if (performance.now() < notBefore) return;
    try {
      const beganAt = await databaseNow(road.db);
      for await (const { observations, unread, position } of log.read(await readCursor(road.db, log.voice))) {
        for (const { event, why } of unread)
          road.log.warn({ voice: log.voice, event, why }, 'event not understood');
        await commit(
          road.db,
          async ({ tx }) => {
            const { jobs } = await hearWithin(tx, observations);
            await writeCursor(tx, log.voice, position);
            return { result: null, jobs };
          },
          road.nudge,
        );
      }
      await commit(road.db, async ({ tx }) => {
        await noteCovered(tx, log.voice, beganAt);
        return { result: null };
      });
      if (isRefused) road.log.info({ voice: log.voice }, 'the IdP lets us read its log again');
      isRefused = false;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'idp.throttled') notBefore = performance.now() + (error.retryAfterMs ?? 0);
      if (error.code !== 'idp.forbidden') throw error;
      if (!isRefused)
        road.log.warn(
          { voice: log.voice, err: error.message },
          'the IdP does not let us read its log: what its notifications lose is found by the comparison of groups only',
        );
      isRefused = true;
      await commit(road.db, async ({ tx }) => {
        await noteRefusedVoice(tx, log.voice);
        return { result: null };
      });
    }
  };
}
