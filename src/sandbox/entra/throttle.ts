import { GraphError } from './errors.ts';

/** Requests in a time; Graph has such limits for each app and tenant (graph/throttling-limits). */
export type Limit = { requests: number; perMs: number };

/** A limit that slides along: what is older than its time no longer counts. */
export class Throttle {
  limit: Limit | null;
  #at: number[] = [];

  constructor(limit: Limit | null) {
    this.limit = limit;
  }

  /** @throws TooManyRequests, with whole seconds to wait */
  take(): void {
    if (this.limit === null) return;
    const now = Date.now();
    this.#at = this.#at.filter((at) => at > now - (this.limit?.perMs ?? 0));
    const [oldest] = this.#at;
    if (this.#at.length >= this.limit.requests && oldest !== undefined)
      throw new GraphError(
        429,
        'TooManyRequests',
        'Too many requests.',
        Math.max(1, Math.ceil((oldest + this.limit.perMs - now) / 1_000)),
      );
    this.#at.push(now);
  }

  reset(): void {
    this.#at = [];
  }
}
