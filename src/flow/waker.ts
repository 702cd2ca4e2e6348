import { unlease } from '../store/outbox-leases.ts';
import { callForWork } from '../store/postgres/work-calls.ts';
import type { Context } from './kernel/context.ts';
import type { Relay } from './outbox-worker.ts';
import { CHECK_EVERY_MS, every, type Timers } from './timers.ts';

/**
 * In the place of the outbox worker, for a process that runs no jobs: it calls those that do. A call that fails costs a
 * moment: they look into the outbox by themselves.
 */
export function createWaker({ db, log }: Pick<Context, 'db' | 'log'>): Relay {
  let isOwed = false;
  let calling: Promise<void> | null = null;

  /** What is committed while a call is on its way shares the next one. */
  async function call(): Promise<void> {
    while (isOwed) {
      isOwed = false;
      await callForWork(db).catch((error: Error) => log.warn({ err: error.message }, 'no worker was called'));
    }
    calling = null;
  }

  function nudge(): void {
    isOwed = true;
    calling ??= call();
  }

  return {
    nudge,
    runNow(row) {
      unlease(db, [row.id], 0).then(nudge, (error: Error) =>
        log.error({ err: error.message, outbox: row.id }, 'click could not be handed on'),
      );
    },
    queueAway: () => null,
    start() {},
    async stop() {
      await calling;
    },
  };
}

/** In the place of the timers there: what a process shows has to be checked in it. */
export function createWebTimers(context: Context): Timers {
  const checking = every(CHECK_EVERY_MS, context, 'catalogue check', () => context.catalogue.check());
  return { ...checking, reconcileSoon: () => {} };
}
