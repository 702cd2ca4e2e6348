import type { Job } from '../../core/jobs/reactions.ts';
import { coveredFrom } from '../../core/policy/authorship.ts';
import { awaitedAuthors } from '../../store/changes.ts';
import { readCoverage } from '../../store/event-source-cursors.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/**
 * Looks again at findings that can't be kept before it is known who made them. A finding is due in two cases:
 * - the IdP's log has covered them
 * - it is known that the log never will
 *
 * Until then the log is read on at once, by `listenSoon`.
 */
export async function runDueAuthorship(context: Context, listenSoon: () => void): Promise<void> {
  const awaited = await awaitedAuthors(context.db);
  if (awaited.length === 0) return;
  const { log } = context.idp;
  const coverage = log === undefined ? null : await readCoverage(context.db, log.eventSource);
  const now = await databaseNow(context.db);
  const isOver = context.hasEventHook !== true && (coverage === null || coverage.refusedAt !== null);
  const due = awaited.filter(
    ({ noticedAt, until }) =>
      isOver || now >= until || (coverage?.coveredTo != null && coverage.coveredTo >= coveredFrom(noticedAt)),
  );
  if (awaited.some((one) => !due.includes(one) && coveredFrom(one.noticedAt) <= now)) listenSoon();
  if (due.length === 0) return;
  const jobs = due.map(
    ({ id, isMany }): Job =>
      isMany ? { job: 'assessMassChange', massChangeId: id } : { job: 'assessRequest', changeId: id },
  );
  await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
}
