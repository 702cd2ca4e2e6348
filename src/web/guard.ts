import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** Where somebody has to prove who they are. */
export type Door = 'scim' | 'mcp' | 'read' | `${string}Hook` | 'graph' | 'set' | 'slack';

/** Addresses and tokens that are counted at a time; of more, the one counted longest ago is forgotten. */
const COUNTED_MAX = 20_000;
const WINDOW_MS = 60_000;
/** Of one address in a window: a setting that is wrong is noticed before, and a guesser gets nowhere. */
const REFUSALS_MAX = 30;
/** Of one address in a window, for what anybody may ask: probes, validations, paths that are not there. */
const ANYBODY_MAX = 600;
/**
 * Of one token in ten seconds. The limit is far above Entra's rate (25 a second) and above the first sync of a large
 * company. But a client that has run wild leaves room for the others.
 */
const SCIM_MAX = 50_000;
const SCIM_WINDOW_MS = 10_000;
/** Of one token in a window. */
const HOLDER_MAX = 600;
/**
 * Look-ups of people at Slack and the IdP that copilots may cause in a window: one person's, and all. Clicks need the
 * same calls, of which Slack allows some hundred a minute.
 */
const LOOK_UPS_MAX = 20;
const ALL_LOOK_UPS_MAX = 60;

export type Guard = {
  /**
   * Notes that a request proved nothing. Null: answer it as such; else its address was refused too often and has to
   * wait so many seconds. Asked only after the proof was looked at. So a genuine request is never held back by those
   * that a stranger, perhaps behind the same proxy, sent before.
   */
  refused(request: FastifyRequest, door: Door): Promise<number | null>;
  /** Null: the holder of this token may go on; else it asked too much and has to wait so many seconds. */
  spent(request: FastifyRequest, what: Limited, token: string): Promise<number | null>;
  /** Counts what anybody may ask. Null: go on; else the address asked too much and has to wait so many seconds. */
  asked(request: FastifyRequest): Promise<number | null>;
  /** An `onRequest` hook for what anybody may ask: answers 429 to an address that asks too much. */
  forAnybody(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined>;
};

/** The things that the holder of a token may do only so often: requests at a door, and look-ups for a copilot. */
type Limited = 'scim' | 'mcp' | 'read' | 'lookUp';

type Counts = {
  /** Called for each request that was refused, and for each that was told to wait. */
  refusedAt(door: Door): void;
  limitedAt(what: Door | Limited | 'anybody'): void;
};

/** Counts and limits nothing: for routes on a server of their own. */
export const unguarded: Guard = {
  refused: async () => null,
  spent: async () => null,
  asked: async () => null,
  forAnybody: async () => undefined,
};

/**
 * Limits by source, kept in this process; what is not there is answered here as well. IPv6 addresses count by their
 * network, as one has many.
 */
export async function createGuard(app: FastifyInstance, log: Logger, counts: Counts): Promise<Guard> {
  await app.register(rateLimit, { global: false, cache: COUNTED_MAX });
  const byAddress = (max: number) => {
    const limiter = () => app.createRateLimit({ max, timeWindow: WINDOW_MS });
    const [direct, forwarded] = [limiter(), limiter()];
    // Behind a proxy that we don't trust to tell (TRUST_PROXY), a probe from this machine must not pay for the
    // internet.
    return (request: FastifyRequest) => (isForwarded(request) ? forwarded : direct)(request);
  };
  const tokens = new WeakMap<FastifyRequest, string>();
  const byToken = (max: number, timeWindow: number) =>
    app.createRateLimit({ max, timeWindow, keyGenerator: (request) => tokens.get(request) ?? '' });
  const refusals = byAddress(REFUSALS_MAX);
  const anybody = byAddress(ANYBODY_MAX);
  const holders = {
    scim: byToken(SCIM_MAX, SCIM_WINDOW_MS),
    mcp: byToken(HOLDER_MAX, WINDOW_MS),
    read: byToken(HOLDER_MAX, WINDOW_MS),
    lookUp: byToken(LOOK_UPS_MAX, WINDOW_MS),
  };
  const allLookUps = app.createRateLimit({
    max: ALL_LOOK_UPS_MAX,
    timeWindow: WINDOW_MS,
    keyGenerator: () => 'all',
  });
  const guard: Guard = {
    async refused(request, door) {
      counts.refusedAt(door);
      const limit = await refusals(request);
      const seconds = secondsOver(limit);
      if (seconds !== null) {
        counts.limitedAt(door);
        return seconds;
      }
      log.warn({ door, from: request.ip }, 'refused: what was sent proves nothing');
      // Said once in a window: whoever guesses on does not fill the log.
      if (!limit.isAllowed && limit.remaining === 0)
        log.warn({ door, from: request.ip, seconds: limit.ttlInSeconds }, 'refused too often: told to wait');
      return null;
    },
    async spent(request, what, token) {
      tokens.set(request, token);
      let seconds = secondsOver(await holders[what](request));
      if (seconds === null && what === 'lookUp') seconds = secondsOver(await allLookUps(request));
      if (seconds !== null) counts.limitedAt(what);
      return seconds;
    },
    async asked(request) {
      const seconds = secondsOver(await anybody(request));
      if (seconds !== null) counts.limitedAt('anybody');
      return seconds;
    },
    async forAnybody(request, reply) {
      const seconds = await guard.asked(request);
      return seconds === null ? undefined : await tooMany(reply, seconds);
    },
  };
  app.setNotFoundHandler({ preHandler: guard.forAnybody }, async (_request, reply) =>
    reply.code(404).send({ error: 'there is nothing here' }),
  );
  return guard;
}

type Limit = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>;

/** Seconds until the window is over; null: there is room in it. */
function secondsOver(limit: Limit): number | null {
  return !limit.isAllowed && limit.isExceeded ? limit.ttlInSeconds : null;
}

/** 429 in plain words. */
export async function tooMany(reply: FastifyReply, seconds: number): Promise<FastifyReply> {
  return await reply
    .code(429)
    .header('retry-after', String(seconds))
    .send({ error: `too many requests from here: wait ${seconds} seconds, then send again` });
}

function isForwarded({ headers }: FastifyRequest): boolean {
  return headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
}
