import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Observation } from '../core/drift/observation.ts';
import { recordObservations } from '../flow/drift/record-observations.ts';
import type { Context } from '../flow/kernel/context.ts';
import { fitsNow, type GivenSecret, secretOf } from '../secrets/secret.ts';
import { type Guard, tooMany, unguarded } from '../web/guard.ts';

export const OKTA_HOOK_PATH = '/okta/events';
/** Okta puts many events into one POST; each is a few kilobytes. */
const BODY_MAX = 2 * 1024 * 1024;
const CHALLENGE = 'x-okta-verification-challenge';

const deliverySchema = z.object({
  eventId: z.string().nullish(),
  data: z.object({ events: z.array(z.unknown()) }),
});

type Options = {
  guard?: Guard;
  /**
   * The values that the hook may send as its Authorization header. There are several while one takes over from another.
   * One that is read from elsewhere may itself hold several, with a comma between.
   */
  secrets: readonly GivenSecret[];
  /** What the events say. */
  read: (events: readonly unknown[]) => {
    observations: Observation[];
    unread: readonly { event: string; why: string }[];
  };
};

/**
 * The address that Okta's event hook calls. GET answers the one-time verification. POST takes a delivery in. The hook's
 * static secret authenticates it (Okta signs nothing), and it is stored before it is answered 204. Okta repeats once
 * after 5xx and never after 4xx. So only a delivery that no repeat could mend is answered 4xx. An event that we can't
 * read is noted, and does not cost the others.
 */
export async function oktaHook(
  app: FastifyInstance,
  context: Pick<Context, 'db' | 'nudge' | 'log'>,
  { secrets, read, guard = unguarded }: Options,
): Promise<void> {
  const expected = secrets.map((one) => secretOf(one));
  /** Every secret is compared, whichever fits. */
  const isKnown = async (header: string) => {
    const sent = digest(header);
    const isSent = (value: string) =>
      value
        .split(',')
        .map((one) => timingSafeEqual(digest(one.trim()), sent))
        .includes(true);
    const found = await Promise.all(expected.map((secret) => fitsNow(secret, isSent)));
    return found.includes(true);
  };

  app.get(OKTA_HOOK_PATH, { onRequest: guard.forAnybody }, async (request, reply) => {
    const challenge = request.headers[CHALLENGE];
    if (typeof challenge !== 'string' || challenge === '')
      return reply.code(400).send({ error: `send the challenge in ${CHALLENGE}` });
    return { verification: challenge };
  });

  app.post(
    OKTA_HOOK_PATH,
    {
      bodyLimit: BODY_MAX,
      onRequest: async (request, reply) => {
        if (await isKnown(request.headers.authorization ?? '')) return;
        const seconds = await guard.refused(request, 'oktaHook');
        if (seconds !== null) return await tooMany(reply, seconds);
        return await reply.code(401).send({ error: 'the Authorization header is not the hook’s secret' });
      },
    },
    async (request, reply) => {
      const delivery = deliverySchema.safeParse(request.body);
      if (!delivery.success) {
        context.log.warn({ err: z.prettifyError(delivery.error) }, 'event hook: not a delivery');
        return reply.code(400).send({ error: 'this is not an event hook delivery: data.events is missing' });
      }
      const { eventId, data } = delivery.data;
      const { observations, unread } = read(data.events);
      for (const { event, why } of unread)
        context.log.warn({ delivery: eventId, event, why }, 'event not understood');
      try {
        await recordObservations(context, observations);
      } catch (error) {
        context.log.error({ err: (error as Error).message, delivery: eventId }, 'event hook not stored');
        return reply.code(503).send({ error: 'it can’t be stored now: send it again' });
      }
      return reply.code(204).send();
    },
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
