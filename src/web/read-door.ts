import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Actor } from '../core/change/events.ts';
import { invariant } from '../core/fault.ts';
import { mayOpen, type RouteRule, type Sight, sightOf } from '../core/page/reader.ts';
import type { Data } from '../flow/kernel/context.ts';
import { API_TOKEN_PREFIX, holderOfApiToken } from '../flow/page/api-tokens.ts';
import { fitsNow, type GivenSecret, secretOf } from '../secrets/secret.ts';
import { type Guard, tooMany } from './guard.ts';

/** Whether a request carries the read token. */
export type ReadCheck = (request: FastifyRequest) => Promise<boolean>;

/** Null: there is no such token, and nobody carries it. */
export function createReadCheck(readToken: GivenSecret | null): ReadCheck {
  if (readToken === null) return async () => false;
  const secret = secretOf(readToken);
  return async (request) => {
    const sent = digest(request.headers.authorization ?? '');
    return await fitsNow(secret, (value) => timingSafeEqual(digest(`Bearer ${value}`), sent));
  };
}

export function isBearer(request: FastifyRequest): boolean {
  return /^bearer /i.test(request.headers.authorization ?? '');
}

/** Who asks by a token: what they find, what may be asked for, and how the audit calls them. */
export type Caller = {
  sight: Sight;
  /** Why a route is not for them; null: it is. */
  refused(rule: RouteRule, scope: string | null): string | null;
  actor: Actor;
  /** For whom requests are counted. */
  counted: string;
};

const byReadToken: Caller = {
  sight: 'all',
  refused: () => null,
  actor: { part: 'read token' },
  counted: 'the read token',
};

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who asks, behind `behindReadToken`. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  invariant(caller !== undefined, 'a route that needs a token was asked without one');
  return caller;
}

/**
 * Routes for whoever holds the read token, or a token of their own: they read, they never decide. Every route says which
 * tokens will do, and one that does not can’t be registered.
 */
export async function behindReadToken(
  app: FastifyInstance,
  { guard, mayRead, data }: { guard: Guard; mayRead: ReadCheck; data: Pick<Data, 'db' | 'catalogue'> },
  routes: (api: FastifyInstance) => void,
): Promise<void> {
  await app.register(async (api) => {
    everyRouteScoped(api);
    api.addHook('onRequest', async (request, reply) => {
      const caller = (await mayRead(request)) ? byReadToken : await holderOf(request, data);
      if (caller === null) {
        const seconds = await guard.refused(request, 'read');
        if (seconds !== null) return await tooMany(reply, seconds);
        return await reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .send({ error: 'send a token of `latchkey token create`, or the READ_TOKEN, as a bearer token' });
      }
      const seconds = await guard.spent(request, 'read', caller.counted);
      if (seconds !== null) return await tooMany(reply, seconds);
      const { rule = 'everything', scope = null } = request.routeOptions.config;
      const why = caller.refused(rule, scope);
      if (why !== null) return await reply.code(403).send({ error: why });
      callers.set(request, caller);
    });
    routes(api);
  });
}

/** From here on a route that does not say which tokens will do can’t be registered. */
export function everyRouteScoped(api: FastifyInstance): void {
  api.addHook('onRoute', ({ method, url, config }) =>
    invariant(config?.scope !== undefined, `${method} ${url} does not say which tokens may ask`),
  );
}

async function holderOf(
  request: FastifyRequest,
  data: Pick<Data, 'db' | 'catalogue'>,
): Promise<Caller | null> {
  const [, token = ''] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const holder = token.startsWith(API_TOKEN_PREFIX) ? await holderOfApiToken(data, token) : null;
  if (holder === null) return null;
  const { tokenId, name, isService, scopes, reader } = holder;
  return {
    sight: sightOf(reader),
    actor: isService ? { part: `service ${name}` } : { person: reader.personId, name: reader.name },
    counted: tokenId,
    refused(rule, scope) {
      if (scope === null) return 'this is for the READ_TOKEN alone';
      if (scope !== 'any' && !scopes.includes(scope))
        return `this token is not for ${scope}: it is for ${scopes.join(', ')}`;
      return mayOpen(rule, reader)
        ? null
        : `this shows everybody’s, and ${reader.name} is neither auditor nor admin today`;
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
