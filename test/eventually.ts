import { setTimeout as sleep } from 'node:timers/promises';

/**
 * From one look to the next: a tenth of the time waited so far, so that looking leaves the machine to what is waited
 * for.
 */
const STEP_MS = { least: 10, most: 100 };

/** Waits until it holds, or fails saying what did not come. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  for (const began = Date.now(); !(await holds()); ) {
    const waited = Date.now() - began;
    if (waited > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(Math.min(Math.max(waited / 10, STEP_MS.least), STEP_MS.most));
  }
}
