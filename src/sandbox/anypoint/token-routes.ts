import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { credentials } from '../seed.ts';
import type { Applications } from './applications.ts';

const TOKEN_LIFETIME_SECONDS = 3_600;

const grantSchema = z.object({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

/** Access tokens in force. They are kept out of snapshots: a restarted world knows none, as a real outage may. */
export class Tokens {
  readonly #issued = new Map<string, { clientId: string; expiryMs: number }>();

  issue(clientId: string): string {
    const now = Date.now();
    for (const [token, { expiryMs }] of this.#issued) if (expiryMs <= now) this.#issued.delete(token);
    const token = randomUUID();
    this.#issued.set(token, { clientId, expiryMs: now + TOKEN_LIFETIME_SECONDS * 1_000 });
    return token;
  }

  /** The client whose token this is; null when it is none, or none any more. */
  clientOf(authorization: string | undefined): string | null {
    const issued = this.#issued.get(/^bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
    return issued !== undefined && issued.expiryMs > Date.now() ? issued.clientId : null;
  }

  /** Ends every token of one connected app. */
  revoke(clientId: string): void {
    for (const [token, issued] of this.#issued) if (issued.clientId === clientId) this.#issued.delete(token);
  }
}

/** `POST /accounts/api/v2/oauth2/token`: JSON, form, or client credentials by HTTP Basic. */
/** `ownSecret`: the one of Latchkey's own connected app at this moment. */
export function tokenRoutes(
  app: FastifyInstance,
  tokens: Tokens,
  applications: Applications,
  ownSecret: () => string,
): void {
  app.post('/accounts/api/v2/oauth2/token', async (request, reply) => {
    const grant = grantSchema.safeParse(request.body ?? {});
    if (!grant.success) return reply.code(400).send({ error: 'invalid_request' });
    const basic = /^basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const [basicId, basicSecret] =
      basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(/:(.*)/s);
    const clientId = grant.data.client_id ?? basicId;
    const clientSecret = grant.data.client_secret ?? basicSecret;
    if (grant.data.grant_type !== 'client_credentials')
      return reply.code(400).send({ error: 'unsupported_grant_type' });
    const known = applications.connectedApp(clientId ?? '');
    const secret = known?.clientId === credentials.anypointClientId ? ownSecret() : known?.clientSecret;
    if (known === null || !known.enabled || secret !== clientSecret)
      return reply.code(401).send({ error: 'invalid_client' });
    return {
      access_token: tokens.issue(known.clientId),
      expires_in: TOKEN_LIFETIME_SECONDS,
      token_type: 'bearer',
    };
  });
}

/**
 * Every other route wants a token that is still in force, of an app with scopes; Anypoint's refusals are plain text.
 */
export function requireToken(app: FastifyInstance, tokens: Tokens): void {
  app.addHook('onRequest', async (request, reply) => {
    const clientId = tokens.clientOf(request.headers.authorization);
    if (clientId === null) return reply.code(401).send('Unauthorized');
    if (clientId !== credentials.anypointClientId) return reply.code(403).send('Forbidden');
  });
}
