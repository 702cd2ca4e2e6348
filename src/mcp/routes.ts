import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Context } from '../flow/kernel/context.ts';
import type { Guard } from '../web/guard.ts';
import { holderOf } from './tokens.ts';
import { copilotServer, type Holder } from './tools.ts';

const MCP_PATH = '/mcp';
const BODY_BYTES_MAX = 64 * 1024;
/** Messages in one body. Newer versions of MCP have no batches at all. */
const BATCH_MAX = 10;

/**
 * MCP over streamable HTTP, stateless. Every call carries its bearer token and is a conversation of its own. So any
 * replica can answer it.
 */
export async function mcpRoutes(app: FastifyInstance, context: Context, guard: Guard): Promise<void> {
  await app.register(async (api) => {
    const holders = new WeakMap<object, Holder>();
    api.addHook('onRequest', async (request, reply) => {
      // A browser on somebody's desk must not be talked into calling for another site.
      if (request.headers.origin !== undefined) return reply.code(403).send(failure('no browsers'));
      const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
      const holder = token === undefined ? null : await holderOf(context.db, token);
      if (holder === null) {
        const seconds = await guard.refused(request, 'mcp');
        if (seconds !== null) return tooMany(reply, seconds);
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer realm="latchkey"')
          .send(failure('send your own token as a bearer token'));
      }
      const seconds = await guard.spent(request, 'mcp', holder.tokenId);
      if (seconds !== null) return tooMany(reply, seconds);
      holders.set(request, holder);
    });
    api.post(MCP_PATH, { bodyLimit: BODY_BYTES_MAX }, async (request, reply) => {
      if (Array.isArray(request.body) && request.body.length > BATCH_MAX)
        return reply.code(400).send(failure(`a batch has at most ${BATCH_MAX} messages`));
      const holder = holders.get(request) as Holder;
      const server = copilotServer(context, holder, () => guard.spent(request, 'lookUp', holder.tokenId));
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      reply.raw.on('close', () => void server.close());
      reply.hijack();
      try {
        await server.connect(transport as Transport);
        await transport.handleRequest(request.raw, reply.raw, request.body);
      } catch (error) {
        request.log.error({ err: error }, 'copilot not answered');
        if (!reply.raw.headersSent) reply.raw.writeHead(500).end();
      }
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

function tooMany(reply: FastifyReply, seconds: number): FastifyReply {
  return reply
    .code(429)
    .header('retry-after', String(seconds))
    .send(failure(`too many requests: wait ${seconds} seconds, then send again`));
}

function failure(message: string) {
  return { jsonrpc: '2.0', error: { code: -32_000, message }, id: null };
}
