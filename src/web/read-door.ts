import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** Routes that only whoever holds the read token may ask: they read, they never decide. */
export async function behindReadToken(
  app: FastifyInstance,
  readToken: string,
  routes: (api: FastifyInstance) => void,
): Promise<void> {
  const expected = digest(`Bearer ${readToken}`);
  await app.register(async (api) => {
    api.addHook('onRequest', async (request, reply) => {
      if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected))
        return reply.code(401).send({ error: 'send the READ_TOKEN as a bearer token' });
    });
    routes(api);
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
