import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
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

/** Routes that only whoever holds the read token may ask: they read, they never decide. */
export async function behindReadToken(
  app: FastifyInstance,
  { guard, mayRead }: { guard: Guard; mayRead: ReadCheck },
  routes: (api: FastifyInstance) => void,
): Promise<void> {
  await app.register(async (api) => {
    api.addHook('onRequest', async (request, reply) => {
      if (!(await mayRead(request))) {
        const seconds = await guard.refused(request, 'read');
        if (seconds !== null) return await tooMany(reply, seconds);
        return await reply.code(401).send({ error: 'send the READ_TOKEN as a bearer token' });
      }
      const seconds = await guard.spent(request, 'read', 'the read token');
      if (seconds !== null) return await tooMany(reply, seconds);
    });
    routes(api);
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
