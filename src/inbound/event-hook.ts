import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { recordObservations } from '../flow/drift/record-observations.ts';
import type { Context } from '../flow/kernel/context.ts';
import type { EventHook } from '../idp/vendor.ts';
import { fitsNow, secretOf } from '../secrets/secret.ts';
import { type Guard, tooMany, unguarded } from '../web/guard.ts';

/** Many events come in one POST; each is a few kilobytes. */
const BODY_MAX = 2 * 1024 * 1024;

/**
 * The address that an identity provider's event hook calls. GET answers the one-time verification. POST takes a
 * delivery in. The hook's static secret authenticates it, and it is stored before it is answered 204. Okta repeats once
 * after 5xx and never after 4xx. So only a delivery that no repeat could mend is answered 4xx. An event that we can't
 * read is noted, and does not cost the others.
 */
export async function eventHook(
  app: FastifyInstance,
  context: Pick<Context, 'db' | 'nudge' | 'log'>,
  { path, eventSource, secrets, prove, read }: EventHook,
  guard: Guard = unguarded,
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

  app.get(path, { onRequest: guard.forAnybody }, async (request, reply) => {
    const proof = prove(request.headers);
    return 'answer' in proof
      ? proof.answer
      : reply.code(400).send({ error: `send the challenge in ${proof.wants}` });
  });

  app.post(
    path,
    {
      bodyLimit: BODY_MAX,
      onRequest: async (request, reply) => {
        if (await isKnown(request.headers.authorization ?? '')) return;
        const seconds = await guard.refused(request, eventSource);
        if (seconds !== null) return await tooMany(reply, seconds);
        return await reply.code(401).send({ error: 'the Authorization header is not the hook’s secret' });
      },
    },
    async (request, reply) => {
      const delivery = read(request.body);
      if (delivery === null) {
        context.log.warn('event hook: not a delivery');
        return reply.code(400).send({ error: 'this is not an event hook delivery: data.events is missing' });
      }
      const { id, observations, unread } = delivery;
      for (const { event, why } of unread)
        context.log.warn({ delivery: id, event, why }, 'event not understood');
      try {
        await recordObservations(context, observations);
      } catch (error) {
        context.log.error({ err: (error as Error).message, delivery: id }, 'event hook not stored');
        return reply.code(503).send({ error: 'it can’t be stored now: send it again' });
      }
      return reply.code(204).send();
    },
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
