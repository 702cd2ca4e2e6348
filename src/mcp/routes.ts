import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { FastifyInstance } from 'fastify';
import type { Road } from '../flow/road.ts';
import { holderOf } from './tokens.ts';
import { copilotServer, type Holder } from './tools.ts';

const MCP_PATH = '/mcp';
const BODY_BYTES_MAX = 64 * 1024;

/**
 * MCP over streamable HTTP, stateless: every call carries its bearer token and is a conversation of its own, so any
 * replica can answer it.
 */
export async function mcpRoutes(app: FastifyInstance, road: Road): Promise<void> {
  await app.register(async (api) => {
    const holders = new WeakMap<object, Holder>();
    api.addHook('onRequest', async (request, reply) => {
      // A browser on somebody's desk must not be talked into calling for another site.
      if (request.headers.origin !== undefined) return reply.code(403).send(failure('no browsers'));
      const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
      const holder = token === undefined ? null : await holderOf(road.db, token);
      if (holder === null)
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer realm="latchkey"')
          .send(failure('send your own token as a bearer token'));
      holders.set(request, holder);
    });
    api.post(MCP_PATH, { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
      const server = copilotServer(road, holders.get(request) as Holder);
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      reply.raw.on('close', () => void server.close());
      reply.hijack();
      await server.connect(transport as Transport);
      await transport.handleRequest(request.raw, reply.raw, request.body);
    });
    // There is no stream to listen on and no session to end.
    for (const method of ['GET', 'DELETE'] as const)
      api.route({
        method,
        url: MCP_PATH,
        handler: async (_request, reply) =>
          reply.code(405).header('allow', 'POST').send(failure('POST only')),
      });
  });
}

function failure(message: string) {
  return { jsonrpc: '2.0', error: { code: -32_000, message }, id: null };
}
