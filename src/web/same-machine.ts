import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * For a server that asks nobody who they are, as the sandbox. It listens on loopback. But every web page that is open
 * in a browser on this machine can send there too. So a request has to name this server in its Host. A name that
 * somebody made point to 127.0.0.1 does not. It must not come from another site's page either. A link that somebody
 * follows may lead here.
 */
export function onlyFromThisMachine(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const trouble = strangerIn(app.server, request.raw);
    if (trouble !== null) return await reply.code(403).send({ error: trouble });
    // Nor is it shown inside another page, to be clicked on unseen.
    reply.header('x-frame-options', 'DENY');
  });
}

/** Why this request to this server is not one of this machine's own, in words; null: it is. */
export function strangerIn(server: Server, { method, headers }: IncomingMessage): string | null {
  // Of the server: a connection that was broken off has none any more.
  const address = server.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const here = LOOPBACK.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  if (!here.includes(headers.host?.toLowerCase() ?? ''))
    return `this is a sandbox, for this machine alone: open it as http://${here[0]}`;
  const { origin } = headers;
  if (origin !== undefined && !here.some((host) => origin.toLowerCase() === `http://${host}`))
    return 'this is a sandbox: other sites’ pages can’t use it';
  const site = headers['sec-fetch-site'];
  const isFollowedLink =
    method === 'GET' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    (headers['sec-fetch-dest'] ?? 'document') === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isFollowedLink)
    return 'this is a sandbox: other sites’ pages can’t use it';
  return null;
}
