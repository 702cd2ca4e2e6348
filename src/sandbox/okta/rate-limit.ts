import type { FastifyInstance, FastifyReply } from 'fastify';
import { OktaError, sendOktaError } from './errors.ts';

/** Calls a minute of the sandbox organisation; Okta's own default for `/api/v1/groups` and the like is of this size. */
const DEFAULT_PER_MINUTE = 600;
const WINDOW_MS = 60_000;
/**
 * A 429 that the sandbox was told to give looks like Okta's *concurrent* limit. Limit and remaining are 0, and the
 * reset is only an estimate (developer.okta.com/docs/reference/rl-additional-limits). Short, so that whoever obeys it
 * does not stand still for a minute.
 */
const CONCURRENT_RESET_SECONDS = 1;

/** One organisation-wide bucket per minute. Okta tells when it refills in X-Rate-Limit-Reset, never in Retry-After. */
export class RateLimit {
  perMinute = DEFAULT_PER_MINUTE;
  #used = 0;
  #windowEndsAt = 0;

  setPerMinute(perMinute: number): void {
    this.perMinute = perMinute;
    this.#used = 0;
  }

  /** Takes one call out of the bucket; false when it is empty. */
  take(now = Date.now()): boolean {
    this.#roll(now);
    if (this.#used >= this.perMinute) return false;
    this.#used += 1;
    return true;
  }

  headers(now = Date.now()): Record<string, string> {
    this.#roll(now);
    return {
      'x-rate-limit-limit': String(this.perMinute),
      'x-rate-limit-remaining': String(Math.max(0, this.perMinute - this.#used)),
      'x-rate-limit-reset': String(Math.ceil(this.#windowEndsAt / 1000)),
    };
  }

  #roll(now: number): void {
    if (now < this.#windowEndsAt) return;
    this.#used = 0;
    this.#windowEndsAt = now + WINDOW_MS;
  }
}

/** Marks an answer as refused by the concurrent limit. */
export function concurrentLimitHeaders(reply: FastifyReply, now = Date.now()): void {
  reply.headers({
    'x-rate-limit-limit': '0',
    'x-rate-limit-remaining': '0',
    'x-rate-limit-reset': String(Math.ceil(now / 1000) + CONCURRENT_RESET_SECONDS),
  });
}

/** Every route of this scope draws from the bucket and tells how full it is. */
export function underRateLimit(app: FastifyInstance, limit: RateLimit): void {
  app.addHook('onRequest', async (_request, reply) => {
    if (!limit.take()) return sendOktaError(reply, new OktaError('E0000047'));
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('x-rate-limit-reset')) reply.headers(limit.headers());
  });
}
