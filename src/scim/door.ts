import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import { nestsDeeperThan } from '../core/nesting.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import type { Guard } from '../web/guard.ts';
import { sqlState, UNIQUE_VIOLATION } from './endpoint.ts';
import { errorBody, invalidSyntax, ScimError, type ScimType } from './scim-error.ts';
import type { TokenCheck } from './tokens.ts';

/** Bytes of a request's body. A full push of some 20,000 members fits. */
export const BODY_LIMIT_BYTES = 1_048_576;
/** Nesting of objects and lists in a body; SCIM itself needs six. */
const MAX_JSON_DEPTH = 32;
/** Seconds to wait that we name when the database can't take the request now. */
const RETRY_AFTER_SECONDS = 5;

const MEDIA_TYPE = 'application/scim+json; charset=utf-8';

export type Json = Record<string, unknown>;

/** Answers with a SCIM body. */
export function send(reply: FastifyReply, status: number, body: Json): FastifyReply {
  return reply.code(status).header('content-type', MEDIA_TYPE).send(JSON.stringify(body));
}

/** Longest token we look at, in characters. */
const MAX_TOKEN_CHARS = 4_096;

/** The token check, the parsers and the Error bodies of everything under `/scim/v2`. */
export function openDoor(
  scope: FastifyInstance,
  check: TokenCheck,
  guard: Guard,
  onRefused: (request: FastifyRequest, unread: string | null | undefined, refused: Refused) => Promise<void>,
): void {
  scope.decorateRequest('scimSource', null);
  scope.decorateRequest('scimUnread', null);
  scope.addHook('onRequest', async (request, reply) => {
    const { authorization } = request.headers;
    const sent = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
    const bearer = sent === undefined || sent.length > MAX_TOKEN_CHARS ? null : await check(sent);
    if (bearer === null) {
      // The token was looked up first: whoever shares an address with a guesser still gets in with a good one.
      waitFor(reply, await guard.refused(request, 'scim'));
      throw new ScimError(401, whyNoToken(authorization, sent));
    }
    waitFor(reply, await guard.spent(request, 'scim', bearer.digest));
    request.setDecorator('scimSource', bearer.source);
  });

  readBodies(scope);

  scope.setErrorHandler(async (error: unknown, request, reply) => {
    const refused = refuse(request, error);
    const unread = request.getDecorator<string | null>('scimUnread') ?? (wasRead(error) ? undefined : null);
    try {
      if (request.getDecorator('scimSource') !== null) await onRefused(request, unread, refused);
    } catch (trouble) {
      request.log.error({ err: trouble }, 'a refused SCIM push could not be told of');
    }
    await answerError(refused, request, reply);
  });
  scope.setNotFoundHandler(async (request) => {
    throw new ScimError(404, `there is nothing at ${request.url.split('?')[0]}`);
  });
}

/** What of a body is read, and as what. */
function readBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    ['application/scim+json', 'application/json'],
    { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
    (request, text, done) => {
      try {
        done(null, parsed(request, text.toString()));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  // A request that takes access away is not lost to a header: it is read if it is JSON. A DELETE needs no body.
  scope.addHook('onRequest', ({ method, headers }, _reply, done) => {
    if (method === 'PUT' || method === 'PATCH') headers['content-type'] = 'application/scim+json';
    if (method === 'DELETE') delete headers['content-type'];
    done();
  });
  scope.addContentTypeParser(
    '*',
    { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES },
    async ({ method }: FastifyRequest) => {
      if (method !== 'DELETE') throw new ScimError(415, 'the content type is not application/scim+json');
    },
  );
}

/** Throws 429 when there is something to wait for; IdPs send again what got that. */
function waitFor(reply: FastifyReply, seconds: number | null): void {
  if (seconds === null) return;
  reply.header('retry-after', String(seconds));
  throw new ScimError(429, `too many requests: wait ${seconds} seconds, then send again`);
}

/** Okta sends what its field holds as it is, so that people forget the word; the token itself is not looked at then. */
function whyNoToken(authorization: string | undefined, sent: string | undefined): string {
  if (authorization === undefined || authorization.trim() === '')
    return 'no token: send the header Authorization with Bearer, a blank and the token (latchkey scim token create)';
  if (sent === undefined)
    return 'the header Authorization does not begin with Bearer and a blank before the token: put them there';
  return 'the bearer token is wrong, expired or revoked: make another (latchkey scim token create)';
}

/** From where a request provisions, by the token it sent. */
export function sourceOf(request: FastifyRequest): ScimSource {
  return request.getDecorator<ScimSource>('scimSource');
}

/** A body that can't be read is kept for those who have to know what it may have been. */
function parsed(request: FastifyRequest, text: string): unknown {
  try {
    return parseBody(text.replace(/^\ufeff/, ''));
  } catch (error) {
    request.setDecorator('scimUnread', text);
    throw error;
  }
}

/** An absent body is undefined: some clients name a content type on a DELETE without one. */
function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  if (nestsDeeperThan(text, MAX_JSON_DEPTH)) throw invalidSyntax(`nested deeper than ${MAX_JSON_DEPTH}`);
  try {
    return JSON.parse(text);
  } catch {
    throw invalidSyntax('the body is not JSON');
  }
}

/** Fastify's own refusals of a body come before anything of it is seen. */
function wasRead(error: unknown): boolean {
  return (error as Partial<FastifyError>).code?.startsWith('FST_ERR_CTP_') !== true;
}

async function answerError(
  { status, detail, scimType }: Refused,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (status === 401) reply.header('www-authenticate', challenge(request, detail));
  if (status === 503) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  await send(reply, status, errorBody(status, detail, scimType));
}

/** RFC 6750 section 3: who has sent nothing is told no error. */
function challenge(request: FastifyRequest, detail: string): string {
  const realm = 'Bearer realm="scim"';
  if (request.headers.authorization === undefined) return realm;
  return `${realm}, error="invalid_token", error_description="${detail}"`;
}

/** The answer that an error gets. An error of our own is logged. */
export function refuse(request: FastifyRequest, error: unknown): Refused {
  const refused = refusalOf(error);
  if (refused.status >= 500 && !(error instanceof ScimError))
    request.log.error({ err: error }, 'SCIM request failed');
  return refused;
}

/** How a thrown error is told to the client. */
export type Refused = { status: number; detail: string; scimType: ScimType | undefined };

function refusalOf(error: unknown): Refused {
  if (error instanceof ScimError)
    return { status: error.status, detail: error.message, scimType: error.scimType };
  if (error instanceof Fault && error.retryable)
    return { status: 503, detail: `${error.message}: send it again`, scimType: undefined };
  const state = sqlState(error);
  if (state === UNIQUE_VIOLATION) return { status: 409, detail: takenBy(error), scimType: 'uniqueness' };
  if (isPassing(state)) return { status: 503, detail: 'try again shortly', scimType: undefined };
  // Fastify's own refusals: 413 body too large, 415 media type, 400 malformed request.
  const status = (error as Partial<FastifyError>).statusCode;
  if (status === 413)
    return { status, detail: `the body has more than ${BODY_LIMIT_BYTES} bytes`, scimType: undefined };
  if (status !== undefined && status >= 400 && status < 500)
    return { status, detail: (error as Error).message, scimType: undefined };
  return { status: 500, detail: 'internal fault', scimType: undefined };
}

/** The unique indexes of migrations/0031_scim_owners.ts. */
const takenWhat: Record<string, string> = {
  scim_users_user_name: 'another user has this userName',
  scim_users_external_id: 'another user has this externalId',
  scim_groups_display_name: 'another group has this displayName',
};

/** The indexes have the last word: of two requests that raced for a name, one comes second. */
function takenBy(error: unknown): string {
  const index = error instanceof Error && 'constraint' in error ? String(error.constraint) : '';
  return takenWhat[index] ?? 'the name is taken';
}

/** SQLSTATE classes of a database that is away, full or shutting down, and of transactions that collided. */
function isPassing(state: string): boolean {
  return (
    ['08', '40', '53', '57'].includes(state.slice(0, 2)) || ['ECONNREFUSED', 'ECONNRESET'].includes(state)
  );
}
