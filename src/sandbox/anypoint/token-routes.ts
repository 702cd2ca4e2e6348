import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { credentials } from '../seed.ts';

const TOKEN_LIFETIME_SECONDS = 3_600;

const grantSchema = z.object({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
});

/** Access tokens in force. They are kept out of snapshots: a restarted world knows none, as a real outage may. */
export class Tokens {
  readonly #expiryMs = new Map<string, number>();

  issue(): string {
    const now = Date.now();
    for (const [token, expiryMs] of this.#expiryMs) if (expiryMs <= now) this.#expiryMs.delete(token);
    const token = randomUUID();
    this.#expiryMs.set(token, now + TOKEN_LIFETIME_SECONDS * 1_000);
    return token;
  }

  isValid(authorization: string | undefined): boolean {
    const token = /^bearer (.+)$/i.exec(authorization ?? '')?.[1];
    return token !== undefined && (this.#expiryMs.get(token) ?? 0) > Date.now();
  }
}

/** `POST /accounts/api/v2/oauth2/token`: JSON, form, or client credentials by HTTP Basic. */
export function tokenRoutes(app: FastifyInstance, tokens: Tokens): void {
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
    if (clientId !== credentials.anypointClientId || clientSecret !== credentials.anypointClientSecret)
      return reply.code(401).send({ error: 'invalid_client' });
    return { access_token: tokens.issue(), expires_in: TOKEN_LIFETIME_SECONDS, token_type: 'bearer' };
  });
}

/** Every other route wants a token that is still in force; Anypoint's refusal is plain text. */
export function requireToken(app: FastifyInstance, tokens: Tokens): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!tokens.isValid(request.headers.authorization)) return reply.code(401).send('Unauthorized');
  });
}
