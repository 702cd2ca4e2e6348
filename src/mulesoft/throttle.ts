/** Anypoint counts by the minute, so no wait is longer (docs-access-management; X-RateLimit-Reset). */
const WINDOW_MS = 60_000;
const WAIT_MIN_MS = 1_000;
/** Without a word from Anypoint: this much, and up to as much again so that callers don't return together. */
const WAIT_DEFAULT_MS = 5_000;

/**
 * Milliseconds to wait after a 429 or 503. `X-RateLimit-Reset` (UTC epoch seconds) is compared with the answer's own
 * `Date`, so that our clock does not matter. Field reports have a 503 without any header (KB 001116018).
 */
export function retryAfterMsOf(headers: Headers): number {
  const resetHeader = headers.get('x-ratelimit-reset');
  const resetMs = resetHeader === null ? Number.NaN : Number(resetHeader) * 1_000;
  const answeredMs = Date.parse(headers.get('date') ?? '');
  const waitMs = resetMs - answeredMs;
  if (!Number.isFinite(waitMs)) return Math.round(WAIT_DEFAULT_MS * (1 + Math.random()));
  return Math.min(Math.max(waitMs, WAIT_MIN_MS), WINDOW_MS);
}

/** Below this share of the limit, what can wait waits for the next window. */
const EASE_BELOW = 0.25;

/** How long whoever is in no hurry leaves the rest of the limit to others, in milliseconds; 0 while it is not low. */
export function easeMsOf(headers: Headers): number {
  const limit = Number(headers.get('x-ratelimit-limit') ?? Number.NaN);
  const remaining = Number(headers.get('x-ratelimit-remaining') ?? Number.NaN);
  return remaining < limit * EASE_BELOW ? retryAfterMsOf(headers) : 0;
}
