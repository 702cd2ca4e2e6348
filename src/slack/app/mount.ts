import type { IncomingMessage } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Fault } from '../../core/fault.ts';
import { fitsNow, type GivenSecret, secretOf } from '../../secrets/secret.ts';
import type { Db } from '../../store/postgres/database.ts';
import { receiveOnce } from '../../store/slack-received.ts';
import { type Guard, tooMany } from '../../web/guard.ts';
import { boltLogger } from '../api/bolt-logger.ts';
import { answerNotTaken } from './not-taken.ts';
import { isSignedWith, isSslCheck, readSlackBody, signatureIn } from './signed-request.ts';

/** Slack's own bound on the age of a request, in seconds; we hold it in both directions. */
const MAX_SKEW_SECONDS = 300;
/** Bytes. A form with all its blocks has a few hundred kilobytes at most. */
const BODY_MAX = 1_048_576;
/** Bytes of what may come unsigned: `ssl_check=1&token=…`. */
const UNSIGNED_MAX = 1_024;
const STORED_WITHIN_MS = 2_000;
/** Slack sends an event again three times. */
const RETRIES_MAX = 3;

/**
 * Bolt's receiver, behind `mountSlack`, which has verified what reaches it. A request that no listener takes is
 * answered as such. By itself Bolt leaves it open for ever.
 */
export function httpReceiver(path: string, log: Logger): HTTPReceiver {
  return new HTTPReceiver({
    // It looks at no signature: the body that reaches it is as we read it, no longer the bytes that were signed.
    signingSecret: '',
    signatureVerification: false,
    logger: boltLogger(log),
    endpoints: [path],
    unhandledRequestHandler: ({ response }) => {
      // Bolt comes here for what it has answered 500 as well: to answer twice would end the process.
      if (response.headersSent) return;
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: 'nothing here takes this request' }));
    },
  });
}

/**
 * Mounts Bolt's receiver in our server. The signature is verified before anything is read or remembered; then the body
 * is read once, here, and Bolt gets the outcome. The same command or interaction is taken once, by whichever replica
 * and whatever restarted in between: Slack never repeats those. Events it does repeat, signed anew.
 */
export async function mountSlack(
  app: FastifyInstance,
  receiver: HTTPReceiver,
  { path, signingSecret, db, guard }: { path: string; signingSecret: GivenSecret; db: Db; guard: Guard },
): Promise<void> {
  const secret = secretOf(signingSecret);
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    const seconds = await guard.refused(request, 'slack');
    if (seconds !== null) return await tooMany(reply, seconds);
    return await reply.code(401).send({ error: 'the request does not carry Slack’s signature' });
  };

  await app.register(async (slack) => {
    slack.removeAllContentTypeParsers();
    slack.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_MAX }, (_request, body, done) =>
      done(null, body),
    );
    slack.post(
      path,
      {
        onRequest: async (request, reply) => {
          if (signatureIn(request.headers) === null && !mayBeSslCheck(request))
            return await refuse(request, reply);
        },
      },
      async (request, reply) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const contentType = request.headers['content-type'];
        const signature = signatureIn(request.headers);
        if (signature === null) {
          if (!isSslCheck(contentType, bytes)) return await refuse(request, reply);
          await guard.forAnybody(request, reply);
          return reply.sent ? reply : await reply.code(200).send();
        }
        if (!(await fitsNow(secret, (value) => isSignedWith(value, signature, bytes))))
          return await refuse(request, reply);
        if (Math.abs(Date.now() / 1_000 - Number(signature.timestamp)) > MAX_SKEW_SECONDS)
          return await reply
            .code(401)
            .send({ error: 'timestamp outside five minutes: check the clocks, then send again' });
        const read = readSlackBody(contentType, bytes);
        if (read.kind === null) return await reply.code(400).send({ error: read.why });
        if (read.kind === 'sslCheck') return await reply.code(200).send();
        if (read.body.type === 'app_rate_limited') {
          // A note of Slack's, which no listener of Bolt's is told of.
          request.log.warn(
            { minute: read.body.minute_rate_limited },
            'Slack holds back events: this app gets too many',
          );
          return await reply.code(200).send();
        }
        if (await isAnswered(db, { ...read, mac: signature.mac }, request, reply)) return reply;
        return handOver(receiver, path, { request, reply, body: read.body });
      },
    );
  });
}

/**
 * Answers what came before, or can't be stored; false for what comes the first time: it is Bolt's to answer. A boolean
 * and not the reply: a reply of Fastify's is a thenable, and whoever awaits it gets nothing.
 */
async function isAnswered(
  db: Db,
  { kind, body, mac }: { kind: string; body: Record<string, unknown>; mac: Buffer },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<boolean> {
  const attempt = kind === 'event' ? attemptOf(request) : 0;
  let isFirst: boolean;
  try {
    isFirst = await inTime(receiveOnce(db, Buffer.concat([mac, Buffer.of(attempt)])));
  } catch (error) {
    request.log.error({ err: (error as Error).message }, 'Slack’s request not taken');
    if (kind !== 'event') await answerNotTaken(body, reply, request.log as Logger);
    else
      await reply
        .code(503)
        .header('retry-after', '5')
        .send({ error: 'it can’t be stored now: send it again' });
    return true;
  }
  if (isFirst) return false;
  if (kind === 'event') await reply.code(200).send();
  else await reply.code(401).send({ error: 'this request was received already' });
  return true;
}

/** Slack waits three seconds; a database that answers nothing must leave the time to say so. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    reject,
    STORED_WITHIN_MS,
    new Fault('store.timeout', `not stored within ${STORED_WITHIN_MS} ms`, { retryable: true }),
  );
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bolt answers, in its own way; it looks for its path in the address and reads JSON alone. */
function handOver(
  receiver: HTTPReceiver,
  path: string,
  { request, reply, body }: { request: FastifyRequest; reply: FastifyReply; body: unknown },
): FastifyReply {
  const raw: IncomingMessage & { rawBody?: Buffer } = request.raw;
  raw.rawBody = Buffer.from(JSON.stringify(body));
  raw.headers['content-type'] = 'application/json';
  // It came by our router, however it was written: `/slack/%65vents` is the same path.
  raw.url = path;
  reply.hijack();
  try {
    receiver.requestListener(raw, reply.raw);
  } catch (error) {
    request.log.error({ err: error }, 'Slack’s request was not taken by Bolt');
    reply.raw.writeHead(500).end();
  }
  return reply;
}

function mayBeSslCheck({ headers }: FastifyRequest): boolean {
  return (
    headers['x-slack-signature'] === undefined &&
    Number(headers['content-length'] ?? Infinity) <= UNSIGNED_MAX
  );
}

/** Which of Slack's attempts this is. The header is not signed: what it can't be counts as the first. */
function attemptOf({ headers }: FastifyRequest): number {
  const attempt = Number(headers['x-slack-retry-num'] ?? 0);
  return Number.isInteger(attempt) && attempt >= 0 && attempt <= RETRIES_MAX ? attempt : 0;
}
