import { HTTPReceiver } from '@slack/bolt';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { boltLogger } from './bolt-logger.ts';

/** Slack's own bound on the age of a request, in seconds; we hold it in both directions. */
const MAX_SKEW_SECONDS = 300;
/** Signatures remembered: more than arrive in the five minutes that one is good for, at 30 a second. */
const SIGNATURES_KEPT = 10_000;

/** Bolt's receiver of signed requests. What no listener takes is answered as such; by itself Bolt leaves it open for ever. */
export function httpReceiver(signingSecret: string, path: string, log: Logger): HTTPReceiver {
  return new HTTPReceiver({
    signingSecret,
    logger: boltLogger(log),
    endpoints: [path],
    unhandledRequestHandler: ({ response }) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'nothing here takes this request' }));
    },
  });
}

/**
 * Mounts Bolt's receiver in our server. Bolt checks the signature and refuses old timestamps; a timestamp from
 * the future is refused here, and so is the same command or interaction sent twice (Slack never repeats those;
 * it does repeat events, signed anew).
 */
export async function mountSlack(app: FastifyInstance, receiver: HTTPReceiver, path: string): Promise<void> {
  const seen = new Set<string>();
  await app.register(async (slack) => {
    // Bolt reads the body itself: it needs the bytes that were signed.
    slack.removeAllContentTypeParsers();
    slack.addContentTypeParser('*', (_request, _payload, done) => done(null));
    slack.post(path, (request, reply) => {
      const timestamp = Number(request.headers['x-slack-request-timestamp']);
      if (!(Math.abs(Date.now() / 1_000 - timestamp) <= MAX_SKEW_SECONDS))
        return reply
          .code(401)
          .send({ error: 'timestamp outside five minutes: check the clocks, then send again' });
      const signature = String(request.headers['x-slack-signature'] ?? '');
      const isForm =
        request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
      if (isForm && seen.has(signature))
        return reply.code(401).send({ error: 'this request was received already' });
      if (isForm) seen.add(signature);
      if (seen.size > SIGNATURES_KEPT) seen.delete(seen.values().next().value as string);
      reply.hijack();
      receiver.requestListener(request.raw, reply.raw);
    });
  });
}
