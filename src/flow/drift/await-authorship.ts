import type { Job } from '../../core/jobs/reactions.ts';
import { coveredFrom } from '../../core/policy/authorship.ts';
import { awaitedAuthors } from '../../store/changes.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { readCoverage } from '../../store/voice-cursors.ts';
import { commit } from '../kernel/commit.ts';
import type { Road } from '../kernel/context.ts';

/**
 * What was found and can't be kept before it is known who did it: looked at again as soon as the IdP's log has covered
 * it, or it is known that it will not. Until then the log is read on at once, by `listenSoon`.
 */
export async function sweepAwaited(road: Road, listenSoon: () => void): Promise<void> {
  const awaited = await awaitedAuthors(road.db);
  if (awaited.length === 0) return;
  const { log } = road.idp;
  const coverage = log === undefined ? null : await readCoverage(road.db, log.voice);
  const now = await databaseNow(road.db);
  const isOver = road.hearsHook !== true && (coverage === null || coverage.refusedAt !== null);
  const due = awaited.filter(
    ({ noticedAt, until }) =>
      isOver || now >= until || (coverage?.coveredTo != null && coverage.coveredTo >= coveredFrom(noticedAt)),
  );
  if (awaited.some((one) => !due.includes(one) && coveredFrom(one.noticedAt) <= now)) listenSoon();
  if (due.length === 0) return;
  const jobs = due.map(
    ({ id, isMany }): Job => (isMany ? { job: 'ask', massChangeId: id } : { job: 'consider', changeId: id }),
  );
  await commit(road.db, async () => ({ result: null, jobs }), road.nudge);
}
