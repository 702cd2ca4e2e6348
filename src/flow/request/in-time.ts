import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';

/** The longest that a decision waits for a fact that only others know, in milliseconds. */
const BUDGET_MS = 2_000;

/** `why` in place of an answer; null: that is nobody's fault. */
export type Answer<T> = { is: T } | { why: string | null };

/** An answer within the budget; where there is none, `unknown` is told why. */
export async function inTime<T>(
  ask: () => Promise<Answer<T>>,
  unknown: (why: string) => void,
  withinMs = BUDGET_MS,
): Promise<T | undefined> {
  const over = new AbortController();
  const late = pause(withinMs, { why: `no answer within ${withinMs} ms` }, { signal: over.signal });
  try {
    const answer = await Promise.race([ask().catch(whyOf), late]);
    if ('is' in answer) return answer.is;
    if (answer.why !== null) unknown(answer.why);
    return undefined;
  } finally {
    late.catch(() => {});
    over.abort();
  }
}

function whyOf(error: unknown): { why: string } {
  if (error instanceof Fault) return { why: error.code };
  throw error;
}
