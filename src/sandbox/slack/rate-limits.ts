/**
 * Slack's rate limits: per method, per app, per workspace [docs.slack.dev/apis/web-api/rate-limits]. A bucket a
 * method refills at the published rate; bursts of one minute's worth are let through, as Slack mostly does.
 */

/** Calls a minute. Tier 1 is "1+", so its burst is a little wider than its rate. */
const TIERS = { 1: 1, 2: 20, 3: 50, 4: 100 } as const;
type Tier = keyof typeof TIERS;
const SMALLEST_BURST = 10;

/** [docs.slack.dev/reference/methods] the tier that each method's page names. */
const METHOD_TIERS: Record<string, Tier> = {
  'apps.connections.open': 1,
  'auth.test': 4,
  'chat.delete': 3,
  'chat.getPermalink': 4,
  'chat.postEphemeral': 4,
  'chat.update': 3,
  'conversations.history': 3,
  'conversations.info': 3,
  'conversations.list': 2,
  'conversations.members': 4,
  'conversations.open': 3,
  'conversations.replies': 3,
  'reactions.add': 3,
  'usergroups.list': 2,
  'usergroups.users.list': 2,
  'auth.teams.list': 2,
  'users.info': 4,
  'users.list': 2,
  'users.lookupByEmail': 3,
  'views.open': 4,
  'views.publish': 4,
  'views.push': 4,
  'views.update': 4,
};

/** chat.postMessage: "no more than one message per second per channel, short bursts are allowed". */
const POSTS_PER_SECOND_PER_CHANNEL = 1;
const POST_BURST_PER_CHANNEL = 20;
/** And "a workspace-wide limit" of some hundreds a minute that Slack does not publish. */
const POSTS_PER_MINUTE_PER_WORKSPACE = 600;

type Bucket = { tokens: number; at: number };

export class RateLimits {
  isEnabled = true;
  #buckets = new Map<string, Bucket>();

  /** Seconds to wait before trying again, or null when the call may go on. */
  take(method: string, channel: string | null): number | null {
    if (!this.isEnabled) return null;
    if (method === 'chat.postMessage') {
      return (
        this.#draw(
          `chat.postMessage ${channel ?? ''}`,
          POSTS_PER_SECOND_PER_CHANNEL,
          POST_BURST_PER_CHANNEL,
        ) ??
        this.#draw('chat.postMessage', POSTS_PER_MINUTE_PER_WORKSPACE / 60, POSTS_PER_MINUTE_PER_WORKSPACE)
      );
    }
    const perMinute = TIERS[METHOD_TIERS[method] ?? 3];
    return this.#draw(method, perMinute / 60, Math.max(perMinute, SMALLEST_BURST));
  }

  forget(): void {
    this.#buckets.clear();
  }

  #draw(name: string, perSecond: number, burst: number): number | null {
    const now = Date.now();
    const bucket = this.#buckets.get(name) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond);
    bucket.at = now;
    this.#buckets.set(name, bucket);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
    bucket.tokens -= 1;
    return null;
  }
}
