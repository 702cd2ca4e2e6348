import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphError } from './errors.ts';

/** The app registration that Latchkey uses; public, as everything of the sandbox. */
export const entraApp = {
  tenantId: '7e000000-0000-4000-8000-000000000001',
  clientId: '7a000000-0000-4000-8000-000000000001',
  clientSecret: 'sandbox-entra-client-secret',
};

const TOKEN_TTL_SECONDS = 3_599;

/** Access tokens in force, and how long new ones last. */
export class EntraTokens {
  ttlSeconds = TOKEN_TTL_SECONDS;
  readonly #issued = new Map<string, number>();

  issue(): string {
    const token = randomBytes(32).toString('base64url');
    this.#issued.set(token, Date.now() + this.ttlSeconds * 1_000);
    return token;
  }

  revokeAll(): void {
    this.#issued.clear();
  }

  /** @throws InvalidAuthenticationToken */
  require(request: FastifyRequest): void {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const endsAt = token === undefined ? undefined : this.#issued.get(token);
    if (endsAt === undefined)
      throw new GraphError(
        401,
        'InvalidAuthenticationToken',
        token === undefined ? 'Access token is empty.' : 'Access token validation failure.',
      );
    if (endsAt <= Date.now())
      throw new GraphError(
        401,
        'InvalidAuthenticationToken',
        'Lifetime validation failed, the token is expired.',
      );
  }
}

/** `POST /{tenant}/oauth2/v2.0/token` of the login endpoint: client credentials with a secret. */
export function tokenRoute(app: FastifyInstance, tokens: EntraTokens, graphUrl: () => string): void {
  app.post<{ Params: { tenant: string } }>('/:tenant/oauth2/v2.0/token', async (request, reply) => {
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    if (request.params.tenant !== entraApp.tenantId)
      return refuse(reply, 400, {
        error: 'invalid_request',
        code: 90002,
        text: `Tenant '${request.params.tenant}' not found.`,
      });
    if (form.get('grant_type') !== 'client_credentials')
      return refuse(reply, 400, {
        error: 'unsupported_grant_type',
        code: 70003,
        text: 'The app requested an unsupported grant type.',
      });
    const scope = form.get('scope');
    if (scope === null)
      return refuse(reply, 400, {
        error: 'invalid_request',
        code: 900144,
        text: "The request body must contain the following parameter: 'scope'.",
      });
    if (form.get('client_id') !== entraApp.clientId)
      return refuse(reply, 400, {
        error: 'unauthorized_client',
        code: 700016,
        text: `Application with identifier '${form.get('client_id')}' was not found in the directory.`,
      });
    if (form.get('client_secret') !== entraApp.clientSecret)
      return refuse(reply, 401, {
        error: 'invalid_client',
        code: 7000215,
        text: 'Invalid client secret provided.',
      });
    if (scope !== `${graphUrl()}/.default`)
      return refuse(reply, 400, {
        error: 'invalid_scope',
        code: 1002012,
        text: `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.`,
      });
    const seconds = tokens.ttlSeconds;
    return reply.header('cache-control', 'no-store').send({
      token_type: 'Bearer',
      expires_in: seconds,
      ext_expires_in: seconds,
      access_token: tokens.issue(),
    });
  });
}

function refuse(
  reply: FastifyReply,
  status: number,
  { error, code, text }: { error: string; code: number; text: string },
): FastifyReply {
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const timestamp = new Date().toISOString().replace('T', ' ').slice(0, 19);
  return reply.code(status).send({
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}Z`,
    error_codes: [code],
    timestamp: `${timestamp}Z`,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  });
}
