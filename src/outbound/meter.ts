import { channel } from 'node:diagnostics_channel';
import type { Party, Trouble } from '../core/fault.ts';

/** Outside systems, as the figures name them; an identity provider by its `system`, Entra's API as `graph`. */
export type System = string;

/** One call that is over: `ok`, or what was wrong with it. */
export type CallSeen = { system: System; outcome: 'ok' | Trouble; seconds: number };
export type TokensSpent = { direction: 'in' | 'out'; tokens: number };

const calls = channel('latchkey:outside-call');
const tokens = channel('latchkey:model-tokens');

/** The system that an adapter means by its party, where it does not say itself. */
export const systemOf: Partial<Record<Party, System>> = {
  mulesoft: 'anypoint',
  slack: 'slack',
  model: 'model',
  tickets: 'tickets',
  siem: 'siem',
  vanta: 'vanta',
};

/** Runs a call and tells whoever counts. `judge` says of a result or an error what it came to. */
export async function metered<T>(
  system: System,
  work: () => Promise<T>,
  judge: (result: T) => CallSeen['outcome'],
  blame: (error: unknown) => Trouble,
): Promise<T> {
  const startedAt = performance.now();
  const over = (outcome: CallSeen['outcome']) =>
    calls.publish({ system, outcome, seconds: (performance.now() - startedAt) / 1_000 } satisfies CallSeen);
  try {
    const result = await work();
    over(judge(result));
    return result;
  } catch (error) {
    over(blame(error));
    throw error;
  }
}

export function spent(direction: TokensSpent['direction'], count: number | null | undefined): void {
  if (count != null && count > 0) tokens.publish({ direction, tokens: count } satisfies TokensSpent);
}

/** Is told of every call and of every token of this process, until what it answers is called. */
export function observationMeter(observe: {
  call(seen: CallSeen): void;
  tokens(spent: TokensSpent): void;
}): () => void {
  const onCall = (seen: unknown) => observe.call(seen as CallSeen);
  const onTokens = (seen: unknown) => observe.tokens(seen as TokensSpent);
  calls.subscribe(onCall);
  tokens.subscribe(onTokens);
  return () => {
    calls.unsubscribe(onCall);
    tokens.unsubscribe(onTokens);
  };
}

/** What an HTTP status says of a call. */
export function outcomeOf(status: number): CallSeen['outcome'] {
  if (status < 400) return 'ok';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'invalid';
}
