import type { FastifyReply } from 'fastify';

/** Anypoint counts requests by the minute. */
const WINDOW_MS = 60_000;

export type ThrottleSettings = {
  /** Requests allowed per window; null: no limit. */
  perMinute: number | null;
  /** 429 with X-RateLimit headers as published, or 503 with an empty body as met in the field (KB 001116018). */
  as: 429 | 503;
};

/** A fixed window of one minute that starts with its first request. */
export class Throttle {
  settings: ThrottleSettings;
  #windowEndsAt = 0;
  #used = 0;

  constructor(settings: ThrottleSettings) {
    this.settings = settings;
  }

  set(settings: ThrottleSettings): void {
    this.settings = settings;
    this.#windowEndsAt = 0;
  }

  /** Counts one request. True: let it pass. False: the refusal was put on the reply, to be sent as it is. */
  admit(reply: FastifyReply): boolean {
    const { perMinute, as } = this.settings;
    if (perMinute === null) return true;
    const now = Date.now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + WINDOW_MS;
      this.#used = 0;
    }
    this.#used += 1;
    const isOver = this.#used > perMinute;
    if (isOver) reply.code(as);
    if (!isOver || as === 429) rateLimitHeaders(reply, perMinute, perMinute - this.#used, this.#windowEndsAt);
    return !isOver;
  }
}

/** `X-RateLimit-Reset` is the end of the window in epoch SECONDS. */
export function rateLimitHeaders(
  reply: FastifyReply,
  limit: number,
  remaining: number,
  resetAtMs: number,
): void {
  reply.header('X-RateLimit-Limit', String(limit));
  reply.header('X-RateLimit-Remaining', String(Math.max(0, remaining)));
  reply.header('X-RateLimit-Reset', String(Math.ceil(resetAtMs / 1_000)));
}
