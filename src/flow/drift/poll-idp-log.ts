import { Fault } from '../../core/fault.ts';
import type { DirectoryLog } from '../../ports/identity-provider.ts';
import { noteCovered, noteRefusedSource, readCursor, writeCursor } from '../../store/event-source-cursors.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { recordWithin } from './record-observations.ts';

/**
 * Reads on in the IdP's own log: it has what no notification brought, because it was lost or we were away. Each page
 * is stored with where to go on, so nothing is missed and nothing counts twice. Returns what one look does. An IdP
 * that refuses the log is asked on, quietly: it is said once, and the rest goes on without.
 */
export function createListener(
  context: Pick<Context, 'db' | 'nudge' | 'log'>,
  { system, log }: { system: string; log: DirectoryLog },
): () => Promise<void> {
  let isRefused = false;
  let notBefore = 0;
  return async () => {
    if (performance.now() < notBefore) return;
    try {
      const beganAt = await databaseNow(context.db);
      for await (const { observations, unread, position } of log.read(
        await readCursor(context.db, log.eventSource),
      )) {
        for (const { event, why } of unread)
          context.log.warn({ eventSource: log.eventSource, event, why }, 'event not understood');
        await commit(
          context.db,
          async ({ tx }) => {
            const { jobs } = await recordWithin(
              tx,
              observations.map((one) => ({ ...one, payload: { idp: system, ...one.payload } })),
            );
            await writeCursor(tx, log.eventSource, position);
            return { result: null, jobs };
          },
          context.nudge,
        );
      }
      await commit(context.db, async ({ tx }) => {
        await noteCovered(tx, log.eventSource, beganAt);
        return { result: null };
      });
      if (isRefused) context.log.info({ eventSource: log.eventSource }, 'the IdP lets us read its log again');
      isRefused = false;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'idp.throttled') notBefore = performance.now() + (error.retryAfterMs ?? 0);
      if (error.code !== 'idp.forbidden') throw error;
      if (!isRefused)
        context.log.warn(
          { eventSource: log.eventSource, err: error.message },
          'the IdP does not let us read its log: what its notifications lose is found by the comparison of groups only',
        );
      isRefused = true;
      await commit(context.db, async ({ tx }) => {
        await noteRefusedSource(tx, log.eventSource);
        return { result: null };
      });
    }
  };
}
