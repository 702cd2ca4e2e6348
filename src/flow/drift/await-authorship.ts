import type { Job } from '../../core/jobs/reactions.ts';
import { coveredFrom } from '../../core/policy/authorship.ts';
import { awaitedAuthors } from '../../store/changes.ts';
import { readCoverage } from '../../store/event-source-cursors.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';

/** Of an IdP: whether nothing of it will ever say who did something, and how far its log was read. */
type Told = { isOver: boolean; coveredTo: Date | null };
const nothingTold: Told = { isOver: true, coveredTo: null };

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
  const told = new Map<string, Told>();
  for (const { system, log } of context.idps.all) {
    const coverage = log === undefined ? null : await readCoverage(context.db, log.eventSource);
    const isSilent = coverage === null || coverage.refusedAt !== null;
    const isOver = isSilent && context.eventHooks?.has(system) !== true;
    told.set(system, { isOver, coveredTo: coverage?.coveredTo ?? null });
  }
  const now = await databaseNow(context.db);
  const due = awaited.filter(({ idp, noticedAt, until }) => {
    const { isOver, coveredTo } = told.get(idp ?? context.idps.first.system) ?? nothingTold;
    return isOver || now >= until || (coveredTo !== null && coveredTo >= coveredFrom(noticedAt));
  });
  if (awaited.some((one) => !due.includes(one) && coveredFrom(one.noticedAt) <= now)) listenSoon();
  if (due.length === 0) return;
  const jobs = due.map(
    ({ id, isMany }): Job =>
      isMany ? { job: 'assessMassChange', massChangeId: id } : { job: 'assessRequest', changeId: id },
  );
  await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
}
