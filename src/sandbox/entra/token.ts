import { randomBytes, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AppCredentials } from './credentials.ts';
import { GraphError } from './errors.ts';

/** The app registration that Latchkey uses; public, as everything of the sandbox. */
export const entraApp = {
  tenantId: '7e000000-0000-4000-8000-000000000001',
  clientId: '7a000000-0000-4000-8000-000000000001',
  clientSecret: 'sandbox-entra-client-secret',
};

const TOKEN_TTL_SECONDS = 3_599;

/** What the administrator has consented to: what Latchkey asks for, and no more. */
const GRANTED = [
  'GroupMember.ReadWrite.All',
  'User.Read.All',
  'AuditLog.Read.All',
  'Application.Read.All',
  'Synchronization.ReadWrite.All',
  'Group.Read.All',
];

type Issued = { endsAt: number; roles: readonly string[] };

/** Access tokens in force, what they may do, and how long new ones last. */
export class EntraTokens {
  ttlSeconds = TOKEN_TTL_SECONDS;
  /** Application permissions of tokens issued from now on. */
  granted: readonly string[] = GRANTED;
  readonly #issued = new Map<string, Issued>();

  issue(): string {
    const roles = this.granted;
    const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
    const token = [
      part({ typ: 'JWT', alg: 'RS256' }),
      part({ aud: 'https://graph.microsoft.com', appid: entraApp.clientId, tid: entraApp.tenantId, roles }),
      randomBytes(32).toString('base64url'),
    ].join('.');
    this.#issued.set(token, { endsAt: Date.now() + this.ttlSeconds * 1_000, roles });
    return token;
  }

  revokeAll(): void {
    this.#issued.clear();
  }

  /** As after a start. */
  reset(): void {
    this.revokeAll();
    this.granted = GRANTED;
    this.ttlSeconds = TOKEN_TTL_SECONDS;
  }

  /** @throws Authorization_RequestDenied for a token with none of these permissions */
  mustHave(request: FastifyRequest, anyOf: readonly string[]): void {
    const { roles } = this.require(request);
    if (!anyOf.some((one) => roles.includes(one)))
      throw new GraphError(
        403,
        'Authorization_RequestDenied',
        'Insufficient privileges to complete the operation.',
      );
  }

  /** @throws InvalidAuthenticationToken */
  require(request: FastifyRequest): Issued {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const issued = token === undefined ? undefined : this.#issued.get(token);
    if (issued === undefined)
      throw new GraphError(
        401,
        'InvalidAuthenticationToken',
        token === undefined ? 'Access token is empty.' : 'Access token validation failure.',
      );
    if (issued.endsAt <= Date.now())
      throw new GraphError(
        401,
        'InvalidAuthenticationToken',
        'Lifetime validation failed, the token is expired.',
      );
    return issued;
  }
}

/**
 * `POST /{tenant}/oauth2/v2.0/token` of the login endpoint: client credentials with a secret, or with an assertion that
 * a certificate of the app or an issuer that it trusts has signed.
 */
export function tokenRoute(
  app: FastifyInstance,
  {
    tokens,
    credentials,
    graphUrl,
  }: { tokens: EntraTokens; credentials: AppCredentials; graphUrl: () => string },
): void {
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
    const trouble = await credentials.troubleOf(form);
    if (trouble !== null) return refuse(reply, 401, { error: 'invalid_client', ...trouble });
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
