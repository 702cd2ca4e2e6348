import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt, importJWK, type JWK, jwtVerify } from 'jose';
import { OktaError, sendOktaError } from './errors.ts';
import { requestUrl } from './paging.ts';
import type { LogActor } from './records.ts';

/** What a route needs; a token with `…manage` may also read. */
type Scope =
  | 'okta.groups.read'
  | 'okta.groups.manage'
  | 'okta.users.read'
  | 'okta.users.manage'
  | 'okta.logs.read'
  | 'okta.eventHooks.read'
  | 'okta.eventHooks.manage';

declare module 'fastify' {
  interface FastifyContextConfig {
    oktaScope?: Scope;
  }
  interface FastifyRequest {
    oktaActor?: LogActor;
  }
}

/**
 * Lifetime of a token of the org authorization server; fixed by Okta, configurable here so that it can be seen to end.
 */
const TOKEN_TTL_SECONDS = 3_600;
/** An assertion may live an hour at most (okta-developer-docs, implement-oauth-for-okta-serviceapp). */
const ASSERTION_MAX_AGE_SECONDS = 3_600;
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export type ServiceApp = { clientId: string; publicJwk: JWK; scopes: string[]; tokenTtlSeconds?: number };
type Token = { clientId: string; scopes: string[]; endsAt: number };
type Saved = { apps: ServiceApp[]; tokens: [string, Token][] };

const tokenOwner: LogActor = {
  id: '00uapitokenowner0000',
  type: 'User',
  alternateId: 'admin@acme.example',
  displayName: 'API token owner',
};

/** The org authorization server: API token, service apps and the tokens they were given. */
export class Authorization {
  readonly #apiToken: () => string;
  #apps = new Map<string, ServiceApp>();
  #tokens = new Map<string, Token>();
  #usedAssertions = new Set<string>();

  constructor(apiToken: () => string) {
    this.#apiToken = apiToken;
  }

  register(app: ServiceApp): void {
    this.#apps.set(app.clientId, app);
  }

  revokeTokens(): void {
    this.#tokens.clear();
  }

  /** The actor whom the Authorization header names. */
  actor(header: string | undefined, scope: Scope | undefined): LogActor {
    const [kind, value] = (header ?? '').split(' ');
    if (kind === 'SSWS' && value === this.#apiToken()) return tokenOwner;
    const token = kind === 'Bearer' && value !== undefined ? this.#tokens.get(value) : undefined;
    if (token === undefined || token.endsAt <= Date.now()) throw new OktaError('E0000011');
    const isEnough =
      scope === undefined ||
      token.scopes.includes(scope) ||
      token.scopes.includes(scope.replace('.read', '.manage'));
    if (!isEnough)
      throw new OktaError('E0000006', undefined, [
        'The access token provided does not contain the required scopes.',
      ]);
    return {
      id: token.clientId,
      type: 'PublicClientApp',
      alternateId: token.clientId,
      displayName: 'Latchkey',
    };
  }

  /** `POST /oauth2/v1/token`: client credentials by private_key_jwt and nothing else. */
  async grant(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    const refuse = (status: number, error: string, error_description: string) =>
      reply.code(status).send({ error, error_description });
    if (form.get('grant_type') !== 'client_credentials')
      return refuse(400, 'unsupported_grant_type', 'The authorization grant type is not supported.');
    const assertion = form.get('client_assertion');
    if (assertion === null || form.get('client_assertion_type') !== ASSERTION_TYPE)
      return refuse(
        401,
        'invalid_client',
        'Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method.',
      );
    const app = await this.#clientOf(assertion, request);
    if (app === null)
      return refuse(401, 'invalid_client', 'The client_assertion is invalid or was used before.');
    const scopes = (form.get('scope') ?? '').split(' ').filter((s) => s !== '');
    if (scopes.length === 0)
      return refuse(
        400,
        'invalid_scope',
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
      );
    if (scopes.some((s) => !app.scopes.includes(s)))
      return refuse(
        400,
        'invalid_scope',
        'One or more scopes are not configured for the authorization server resource.',
      );
    const ttlSeconds = app.tokenTtlSeconds ?? TOKEN_TTL_SECONDS;
    const value = randomBytes(32).toString('base64url');
    this.#tokens.set(value, { clientId: app.clientId, scopes, endsAt: Date.now() + ttlSeconds * 1_000 });
    return reply
      .header('cache-control', 'no-store')
      .send({ token_type: 'Bearer', expires_in: ttlSeconds, access_token: value, scope: scopes.join(' ') });
  }

  save(): Saved {
    return structuredClone({ apps: [...this.#apps.values()], tokens: [...this.#tokens] });
  }

  load(saved: unknown): void {
    const state = structuredClone(saved as Saved);
    this.#apps = new Map(state.apps.map((a) => [a.clientId, a]));
    this.#tokens = new Map(state.tokens);
  }

  async #clientOf(assertion: string, request: FastifyRequest): Promise<ServiceApp | null> {
    try {
      const app = this.#apps.get(decodeJwt(assertion).iss ?? '');
      if (app === undefined) return null;
      const { payload, protectedHeader } = await jwtVerify(
        assertion,
        async (header) => importJWK(app.publicJwk, header.alg),
        {
          audience: requestUrl(request).href,
          issuer: app.clientId,
          subject: app.clientId,
          requiredClaims: ['exp', 'aud', 'iss', 'sub'],
        },
      );
      if (app.publicJwk.kid !== undefined && protectedHeader.kid !== app.publicJwk.kid) return null;
      if ((payload.exp ?? 0) > Date.now() / 1_000 + ASSERTION_MAX_AGE_SECONDS) return null;
      if (payload.jti !== undefined) {
        if (this.#usedAssertions.has(payload.jti)) return null;
        this.#usedAssertions.add(payload.jti);
      }
      return app;
    } catch {
      return null;
    }
  }
}

/** Every route of this scope wants an API token, or a Bearer token with the scope that its `config.oktaScope` names. */
export function underAuthorization(app: FastifyInstance, authorization: Authorization): void {
  app.addHook('onRequest', async (request, reply) => {
    try {
      request.oktaActor = authorization.actor(
        request.headers.authorization,
        request.routeOptions.config.oktaScope,
      );
    } catch (error) {
      if (error instanceof OktaError) return sendOktaError(reply, error);
      throw error;
    }
  });
}

/** The actor of a request that passed `underAuthorization`. */
export function actorOf(request: FastifyRequest): LogActor {
  if (request.oktaActor === undefined) throw new OktaError('E0000011');
  return request.oktaActor;
}
