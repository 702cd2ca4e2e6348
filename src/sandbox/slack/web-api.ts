/**
 * The Web API: `POST|GET <prefix>/api/<method>`. Every answer is HTTP 200 with `ok: true` or `ok: false` and Slack's
 * own error name. Only rate limits use another status (429).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../emulator.ts';
import { type Answer, Args, type Method, slackError } from './call.ts';
import { chatMethods } from './methods-chat.ts';
import { conversationMethods } from './methods-conversations.ts';
import { fileMethods } from './methods-files.ts';
import { userGroupMethods } from './methods-usergroups.ts';
import { userMethods } from './methods-users.ts';
import { viewMethods } from './methods-views.ts';
import type { RateLimits } from './rate-limits.ts';
import type { GrantedScopes } from './scopes.ts';
import type { SocketMode } from './socket-mode.ts';
import type { Workspace } from './workspace.ts';

const botMethods: Record<string, Method> = {
  ...userMethods,
  ...userGroupMethods,
  ...conversationMethods,
  ...chatMethods,
  ...fileMethods,
  ...viewMethods,
};

/** Methods that take the app-level token (`xapp-`) instead of the bot's. */
const appMethods: Record<string, Method> = {
  'apps.connections.open': ({ sockets }) => sockets.open(),
};

function argumentsOf(request: FastifyRequest): Args {
  const query = (request.query ?? {}) as Record<string, unknown>;
  const body = request.body;
  return new Args({ ...query, ...(typeof body === 'object' && body !== null ? body : {}) });
}

function tokenOf(request: FastifyRequest, args: Args): string | null {
  const header = request.headers.authorization;
  if (header !== undefined) return header.replace(/^Bearer\s+/i, '');
  return args.text('token');
}

export function webApi(
  app: FastifyInstance,
  parts: {
    workspace: Workspace;
    world: World;
    sockets: SocketMode;
    limits: RateLimits;
    scopes: GrantedScopes;
  },
): void {
  const { workspace, world, sockets, limits, scopes } = parts;

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<Answer> {
    const name = (request.params as { method: string }).method;
    const args = argumentsOf(request);
    const token = tokenOf(request, args);
    const method = botMethods[name] ?? appMethods[name];
    if (method === undefined) return { ok: false, error: 'unknown_method', req_method: name };
    if (token === null || token === '') return slackError('not_authed');
    const isBot = token === world.keys.slackBotToken;
    if (!isBot && token !== world.keys.slackAppToken) return slackError('invalid_auth');
    if (isBot ? !(name in botMethods) : !(name in appMethods)) return slackError('not_allowed_token_type');
    const waitSeconds = limits.take(name, args.text('channel'));
    if (waitSeconds !== null) {
      reply.code(429).header('retry-after', String(waitSeconds));
      return slackError('ratelimited');
    }
    reply.header('x-oauth-scopes', isBot ? scopes.listed() : 'connections:write');
    const refusal = isBot ? scopes.refusal(name, args) : null;
    if (refusal !== null) return refusal;
    return method({ workspace, world, sockets, args, isDropped: request.dropWrite === true });
  }

  app.get('/api/:method', answer);
  app.post('/api/:method', answer);
}
