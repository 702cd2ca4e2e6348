import type { Logger } from 'pino';
import { LEASE_MS, type OutboxRow } from '../../store/outbox.ts';
import { renewLeases } from '../../store/outbox-leases.ts';
import type { Db } from '../../store/postgres/database.ts';

/** Often enough that one that is late or fails costs no lease. */
const EVERY_MS = LEASE_MS / 3;

/**
 * Keeps the leases of rows whose run takes long. Without it a run of more than a lease would be begun again beside itself.
 * The leases of a process that is killed, or does nothing any more, run out.
 */
export type LeaseRenewal = {
  begins(row: OutboxRow): void;
  /** It has ended, or is not waited for any longer. */
  ends(row: OutboxRow): void;
};

export function createLeaseRenewal(
  { db, log }: { db: Db; log: Logger },
  everyMs: number = EVERY_MS,
): LeaseRenewal {
  const running = new Map<OutboxRow, number>();
  let isTimed = false;

  async function renew(): Promise<void> {
    const before = performance.now() - everyMs / 2;
    const long = [...running].filter(([, since]) => since <= before).map(([row]) => row);
    try {
      await renewLeases(
        db,
        long.map(({ id, leases }) => ({ id, delivery: leases })),
      );
    } catch (error) {
      log.warn({ err: (error as Error).message }, 'leases of work under way can’t be renewed');
    }
    isTimed = false;
    if (running.size > 0) start();
  }

  function start(): void {
    if (isTimed) return;
    isTimed = true;
    setTimeout(() => void renew(), everyMs).unref();
  }

  return {
    begins(row) {
      running.set(row, performance.now());
      start();
    },
    ends(row) {
      running.delete(row);
    },
  };
}
