import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Observation } from '../core/drift/observation.ts';
import { recordObservations } from '../flow/drift/record-observations.ts';
import type { Context } from '../flow/kernel/context.ts';
import { type Guard, tooMany, unguarded } from '../web/guard.ts';
import { millisecondsOf, readEvents, type SetReading } from './set-events.ts';
import {
  createSetCheck,
  type SetClaims,
  type SetError,
  type SetIssuer,
  type SetRefusal,
} from './set-token.ts';

const SET_PATH = '/set';
/** Most SETs have a kilobyte; a `full` event can carry a whole group. */
const BODY_MAX = 256 * 1024;
const RETRY_AFTER_SECONDS = '30';
const KEY_MAX = 500;
const FORGED: readonly SetError[] = ['authentication_failed', 'invalid_key', 'invalid_issuer'];

/**
 * Takes in Security Event Tokens by push (RFC 8935).
 * - 202 and no body: the SET is stored. A repeat is answered so too, and events from which nothing follows.
 * - 400 with `err` and `description`: no repeat could mend the SET.
 * - 503 with Retry-After: we can't judge it now, because the issuer's keys or the database are away. That is no error
 *   of the SET. Section 2.4 has none for it, and a transmitter need not repeat a SET that got a 400.
 *
 * SCIM's ServiceProviderConfig says nothing of this: its `securityEvents` (RFC 9967) lists what a provider emits.
 */
export async function setReceiver(
  app: FastifyInstance,
  context: Pick<Context, 'db' | 'nudge' | 'log'>,
  {
    issuers,
    audience,
    guard = unguarded,
  }: { issuers: readonly SetIssuer[]; audience: string; guard?: Guard },
): Promise<void> {
  const check = createSetCheck(issuers, audience);
  await app.register(async (sets) => {
    sets.removeAllContentTypeParsers();
    sets.addContentTypeParser(
      'application/secevent+jwt',
      { parseAs: 'string', bodyLimit: BODY_MAX },
      (_request, body, done) => done(null, body),
    );
    sets.post(SET_PATH, async (request, reply) => {
      const verdict = await check(String(request.body ?? '').trim());
      if (verdict.good === null) return await later(context, reply, verdict.why);
      if (!verdict.good) {
        // These are not of anybody who may send SETs; what else is refused is a mistake of one who may.
        const seconds = FORGED.includes(verdict.refusal.err) ? await guard.refused(request, 'set') : null;
        if (seconds !== null) return await tooMany(reply, seconds);
        return await refuse(context, reply, verdict.refusal);
      }
      const { claims } = verdict;
      const readings = readEvents(claims);
      const malformed = readings.find((reading) => 'malformed' in reading);
      // An event's content is not lost to another that can't be read.
      if (malformed !== undefined && !readings.some((reading) => 'told' in reading))
        return await refuse(context, reply, { err: 'invalid_request', description: malformed.malformed });
      for (const reading of readings)
        if (!('told' in reading))
          context.log.info(
            { iss: claims.iss, jti: claims.jti, ...reading },
            'SET event taken, nothing follows',
          );
      try {
        await recordObservations(context, observationsOf(claims, readings));
      } catch (error) {
        return await later(context, reply, (error as Error).message);
      }
      return await reply.code(202).send();
    });
  });
}

/** One for each thing told; the same SET again has the same keys. */
function observationsOf(claims: SetClaims, readings: readonly SetReading[]): Observation[] {
  const { iat, toe } = claims;
  const name = keyOf(claims);
  // An event that is said to happen later than now happens now: the order of the observations depends on it.
  const at = (said: number | null) =>
    new Date(Math.min(said ?? millisecondsOf(toe) ?? iat * 1_000, Date.now()));
  return readings
    .flatMap((reading) =>
      'told' in reading ? reading.told.map((told) => ({ told, occurredAt: at(reading.at) })) : [],
    )
    .map(({ told, occurredAt }, n) => ({
      key: `${name}:${n}`,
      eventSource: 'set',
      payload: told,
      actor: null,
      occurredAt,
    }));
}

/**
 * An issuer's `jti` is its own alone (RFC 8417 section 2.2). Both may have colons in them. The token's has none here,
 * so that the text before it is the issuer.
 */
function keyOf({ iss, jti }: SetClaims): string {
  const own = jti.replaceAll('%', '%25').replaceAll(':', '%3A');
  const whole = `set:${iss}:${own}`;
  return whole.length <= KEY_MAX - 10
    ? whole
    : `set:${iss}:%sha256-${createHash('sha256').update(jti).digest('hex')}`;
}

async function refuse(
  context: Pick<Context, 'log'>,
  reply: FastifyReply,
  refusal: SetRefusal,
): Promise<FastifyReply> {
  context.log.warn(refusal, 'SET refused');
  // RFC 8935 section 2.3: the description's language is named.
  return await reply.code(400).header('content-language', 'en').send(refusal);
}

async function later(context: Pick<Context, 'log'>, reply: FastifyReply, why: string): Promise<FastifyReply> {
  context.log.error({ err: why }, 'SET not taken now');
  return await reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send();
}
