import { Fault } from '../../core/fault.ts';
import type { JobName } from '../../core/jobs/reactions.ts';
import { isOfAll, type OutboxRow } from '../../store/outbox.ts';
import { unlease } from '../../store/outbox-leases.ts';
import type { Db } from '../../store/postgres/database.ts';
import { committingTogether } from '../kernel/commit.ts';
import type { Context, Ran } from '../kernel/context.ts';
import type { Closings } from './closings.ts';
import type { Lanes, Runs } from './lanes.ts';
import { createLeaseRenewal } from './lease-renewal.ts';
import { createPauses } from './pauses.ts';

/** A run that has not ended by then is let go, so that its place is free. Its lease is not renewed any more. */
const RUN_MAX_MS = 60_000;
const VENDOR_CODE_MAX = 60;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
/**
 * Longest wait that a vendor can impose. Limits refill within a minute or two. A reset time hours or centuries away
 * comes from a broken clock or a broken proxy. Believing it would stop a lane for good. A vendor that is asked too
 * early says so again.
 */
const VENDOR_WAIT_MAX_MS = 300_000;

/** Runs leased rows. */
export type Runner = {
  /**
   * Side by side, each with an outcome of its own. Resolves when their place is free: all have ended, or hang and were let
   * go. `closed` resolves once all rows are closed. Never throws.
   */
  run(rows: readonly OutboxRow[]): Promise<{ closed: Promise<void> }>;
};

/** What there is to run. `renewEveryMs`: how often leases of what takes long are renewed; left out: as it should be. */
export type Work = { runs: Runs; lanes: Lanes; renewEveryMs?: number };

/** `again`: told that a row is due at once. */
export function createRunner(
  context: Pick<Context, 'db' | 'log' | 'pausedUntil'>,
  { runs, lanes, renewEveryMs }: Work,
  closings: Closings,
  again: () => void,
): Runner {
  const pauses = createPauses(context.pausedUntil);
  const renewal = createLeaseRenewal(context, renewEveryMs);

  async function attempt(row: OutboxRow, db: Db): Promise<Ran | Fault> {
    try {
      return await runs[row.job].run(row.payload, row.attempts, db);
    } catch (error) {
      if (error instanceof Fault) return error;
      const code = isPassing(error) ? 'store.unavailable' : 'bug.invariant';
      return new Fault(code, (error as Error).message, { retryable: true, cause: error });
    }
  }

  async function close(row: OutboxRow, afterMs: number | null, fault: string | null) {
    const { id, generation, leases, payload } = row;
    try {
      if (await closings.close({ id, generation, leases, afterMs, fault }, isOfAll(payload))) again();
    } catch (error) {
      // The database is away: the lease runs out and the row is handed out again.
      context.log.error({ err: (error as Error).message, outbox: id }, 'job could not be concluded');
    }
  }

  function failed(row: OutboxRow, fault: Fault): Promise<void> {
    const waitMs = retryDelayMs(fault, row.attempts);
    const vendor = fault.code.endsWith('.throttled') ? lanes.ofVendor(fault.code, fault.system) : null;
    if (vendor !== null) pauses.begin(vendor, waitMs);
    context.log[fault.code === 'bug.invariant' ? 'error' : 'warn'](
      {
        code: fault.code,
        vendorCode: fault.vendorCode,
        job: row.job satisfies JobName,
        outbox: row.id,
        attempt: row.attempts,
        waitMs,
        err: fault.code === 'bug.invariant' ? fault : fault.message,
      },
      'job will be run again',
    );
    return close(row, waitMs, faultName(fault));
  }

  async function runToEnd(row: OutboxRow, db: Db): Promise<{ closed: Promise<void> }> {
    const pauseMs = pauses.msLeft(lanes.of(row.payload));
    if (pauseMs > 0) {
      const putBack = unlease(context.db, [row.id], pauseMs + Math.random() * 250).catch((error: Error) =>
        context.log.error({ err: error.message, outbox: row.id }, 'job could not be put back'),
      );
      return { closed: putBack };
    }
    const ran = await attempt(row, db);
    if (ran instanceof Fault) return { closed: failed(row, ran) };
    return { closed: close(row, 'done' in ran ? null : ran.againInMs, null) };
  }

  /** Waits for a run, but not for ever: one that hangs must not keep its place. */
  async function runInTime(row: OutboxRow, db: Db): Promise<{ closed: Promise<void> }> {
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(resolve, RUN_MAX_MS, null);
    renewal.begins(row);
    try {
      const ended = await Promise.race([runToEnd(row, db), late]);
      if (ended !== null) return ended;
      context.log.error(
        { job: row.job, outbox: row.id, afterMs: RUN_MAX_MS },
        'job does not end; it is run again beside it',
      );
      return { closed: Promise.resolve() };
    } finally {
      clearTimeout(timer);
      renewal.ends(row);
    }
  }

  return {
    async run(rows) {
      const db = rows.length === 1 ? context.db : committingTogether(context.db);
      const ended = await Promise.all(rows.map((row) => runInTime(row, db)));
      return { closed: Promise.all(ended.map(({ closed }) => closed)).then(() => {}) };
    },
  };
}

/** PostgreSQL's classes of errors that pass: overtaken or deadlocked (40), cancelled (57). */
function isPassing(error: unknown): boolean {
  return /^(40|57)/.test(String((error as { code?: unknown }).code ?? ''));
}

/** As /readyz shows it: our code, and the vendor's own where it says more. */
function faultName({ code, vendorCode }: Fault): string {
  return vendorCode === undefined ? code : `${code} (${vendorCode.slice(0, VENDOR_CODE_MAX)})`;
}

/**
 * Nothing accepted is ever dropped: even what is not retryable by itself (rights refused, say) is tried
 * again, slowly, until somebody mends it. Steps that can give up say so in the change itself.
 */
function retryDelayMs(fault: Fault, attempts: number): number {
  if (fault.retryAfterMs !== undefined) return Math.min(fault.retryAfterMs, VENDOR_WAIT_MAX_MS);
  // Credentials that are refused now may be good in a moment: one side is changed after the other.
  if (!fault.retryable && !fault.code.endsWith('.unauthorized')) return LAST_RETRY_MS;
  const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  return backoff * (0.75 + Math.random() * 0.5);
}
