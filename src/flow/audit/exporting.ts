import { Fault } from '../../core/fault.ts';
import type { AuditDestination, ExportedEntry } from '../../ports/audit-destination.ts';
import {
  beginExport,
  entriesBehind,
  exportState,
  moveExport,
  noteExportTrouble,
  sealedBefore,
} from '../../store/audit-exports.ts';
import { sealedCount } from '../../store/audit-seals.ts';
import type { Db } from '../../store/postgres/database.ts';
import type { Runtime } from '../kernel/context.ts';

/** Entries that are read at a time. */
const BATCH = 500;
/** What takes nothing is tried again after this, each time twice as late, in milliseconds. */
const RETRY_MS = { first: 1_000, most: 60_000 };
/** What it asks for itself is kept so far. */
const ASKED_MAX_MS = 15 * 60_000;

/** Where a destination begins that is new: with all that there is, with what comes, or at a time. */
export type ExportSince = 'start' | 'now' | Date;

/**
 * Sends a destination what it has not got, in the sealed order, until nothing is left. Its cursor is moved only after
 * that has arrived, so a process that dies between sends again. One process at a time: the caller holds a lock.
 * Nothing waits for it.
 */
export function createExporting(
  { db, log }: { db: Db } & Pick<Runtime, 'log'>,
  destination: AuditDestination,
  since: ExportSince,
): (until: AbortSignal) => Promise<void> {
  const { name, called } = destination;

  return async (until) => {
    const begun = (await exportState(db, name)) ?? (await begin(db, name, since));
    if (begun === null || begun.waitMs > 0) return;
    let { seq, trouble, tries } = begun;
    try {
      while (!until.aborted) {
        const found = await entriesBehind(db, seq, { limit: BATCH });
        if (found.length === 0) return;
        const { count, last } = await sendFirst(found, until);
        if (!(await moveExport(db, name, seq, last))) return;
        if (trouble !== null)
          log.info({ destination: called, entries: count }, 'the audit arrives there again');
        trouble = null;
        tries = 0;
        seq = last;
      }
    } catch (error) {
      if (until.aborted) return;
      if (!(error instanceof Fault)) throw error;
      const why = `${error.message}: ${destination.next(error)}`;
      await noteExportTrouble(db, name, { trouble: why, waitMs: waitFor(error, tries) });
      // Said once: how far behind it is stands in /readyz and in the figures.
      if (trouble === null)
        log.warn({ destination: called, entry: seq + 1, why }, 'the audit does not arrive there');
    }
  };

  /** What is gone from the audit can't be sent; `audit verify` says that it is gone. */
  async function sendFirst(
    found: Awaited<ReturnType<typeof entriesBehind>>,
    until: AbortSignal,
  ): Promise<{ count: number; last: number }> {
    const entries = found.filter((entry): entry is ExportedEntry => entry.id !== null);
    const last = found.at(-1)?.seq ?? 0;
    if (entries.length < found.length)
      log.warn(
        { destination: called, missing: found.length - entries.length },
        'entries of the audit are gone',
      );
    if (entries.length === 0) return { count: 0, last };
    const count = await destination.send(entries, until);
    return { count, last: count === entries.length ? last : (entries[count - 1] as ExportedEntry).seq };
  }
}

async function begin(db: Db, name: string, since: ExportSince) {
  const seq = since === 'start' ? 0 : since === 'now' ? await sealedCount(db) : await sealedBefore(db, since);
  await beginExport(db, name, seq);
  return await exportState(db, name);
}

/** A little earlier or later, so that many do not come back at the same moment. */
function waitFor({ retryAfterMs }: Fault, tries: number): number {
  const usual = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(tries, 10));
  const asked = Math.min(retryAfterMs ?? 0, ASKED_MAX_MS);
  return Math.max(asked, usual * (0.75 + Math.random() / 2));
}
