import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until it holds, or fails saying what did not come. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !(await holds()); await sleep(10))
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
}
