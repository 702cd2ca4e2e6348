import type { Closing, Exchange, ToLease } from '../../store/outbox-leases.ts';
import { exchange } from '../../store/outbox-leases.ts';
import type { Db } from '../../store/postgres/database.ts';

/** Rows closed in one statement. */
const BATCH = 500;

/**
 * Rows whose run has ended, until they are closed: many of them in one statement, and in the trip that leases the next
 * ones. One that is lost comes back when its lease runs out, and is run again.
 */
export type Closings = {
  /**
   * Resolves once it is closed. Answers whether the work was called for again meanwhile, and is due at once. `isAwaited`:
   * others wait for it to be open again.
   */
  close(closing: Closing, isAwaited: boolean): Promise<boolean>;
  /** Closes what waits, and leases what is asked for. */
  exchange(toLease: ToLease | null): Promise<Exchange>;
  /** Nobody makes an exchange any more: whatever is closed from now on is closed at once. */
  closeAtOnce(): Promise<void>;
};

type Waiting = { closing: Closing; done: (calledAgain: boolean) => void; failed: (error: unknown) => void };

/** `added`: told that something waits to be closed, and whether it is awaited. */
export function createClosings(db: Db, added: (isAwaited: boolean) => void): Closings {
  const waiting: Waiting[] = [];
  let isAtOnce = false;
  let closing: Promise<void> = Promise.resolve();

  async function exchangeNow(toLease: ToLease | null): Promise<Exchange> {
    const mine = waiting.splice(0, BATCH);
    try {
      const exchanged = await exchange(
        db,
        mine.map((one) => one.closing),
        toLease,
      );
      for (const one of mine) one.done(exchanged.calledAgain.has(one.closing.id));
      return exchanged;
    } catch (error) {
      for (const one of mine) one.failed(error);
      throw error;
    }
  }

  /** All that was added in this turn of the event loop goes together. */
  async function closeAll(): Promise<void> {
    while (waiting.length > 0) await exchangeNow(null).catch(() => {});
  }

  return {
    close: (one, isAwaited) =>
      new Promise((done, failed) => {
        waiting.push({ closing: one, done, failed });
        if (!isAtOnce) added(isAwaited);
        else closing = closing.then(closeAll);
      }),
    exchange: exchangeNow,
    async closeAtOnce() {
      isAtOnce = true;
      closing = closing.then(closeAll);
      await closing;
    },
  };
}
