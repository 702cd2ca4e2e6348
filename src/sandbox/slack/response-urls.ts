/** Messages by `response_url` [docs.slack.dev/interactivity/handling-user-interaction#message_responses]. */
import type { FastifyInstance } from 'fastify';
import { Args } from './call.ts';
import { app } from './directory.ts';
import { contentOf } from './methods-chat.ts';
import type { Message, ResponseUrl, Workspace } from './workspace.ts';

/** "up to 5 times within 30 minutes" */
const POSTS_PER_URL = 5;

type Outcome = { status: number; body: { ok: boolean; error?: string } };
const done: Outcome = { status: 200, body: { ok: true } };

/**
 * Shows what an app answers: by its response URL, or in the acknowledgement of a command.
 * A person's own view only, unless `response_type` says `in_channel`.
 */
export function respond(
  workspace: Workspace,
  url: Omit<ResponseUrl, 'posts' | 'expiresAt'>,
  raw: Record<string, unknown>,
): Outcome {
  const args = new Args(raw);
  const original = url.messageTs === undefined ? null : workspace.message(url.channel, url.messageTs);
  if (args.flag('delete_original')) {
    if (original !== null) workspace.remove(original);
    return done;
  }
  const content = contentOf(args);
  if ('ok' in content) return { status: 400, body: content };
  const hasBlocks = content.blocks !== null && content.blocks.length > 0;
  if (!hasBlocks && (content.text === null || content.text === '')) {
    return { status: 400, body: { ok: false, error: 'no_text' } };
  }
  if (args.flag('replace_original') && original !== null) {
    original.text = content.text ?? original.text;
    if (hasBlocks && content.blocks !== null) original.blocks = content.blocks;
    else delete original.blocks;
    workspace.changed();
    return done;
  }
  const threadTs = args.text('thread_ts');
  const message: Message = {
    ts: workspace.nextTs(),
    channel: url.channel,
    user: app.userId,
    text: content.text ?? '',
    ...(hasBlocks && content.blocks !== null ? { blocks: content.blocks } : {}),
    ...(threadTs === null ? {} : { threadTs }),
    ...(args.text('response_type') === 'in_channel' ? {} : { ephemeralTo: url.user }),
  };
  workspace.post(message);
  return done;
}

export function responseUrls(fastify: FastifyInstance, workspace: Workspace): void {
  fastify.post('/response/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const url = workspace.responseUrls.get(id);
    if (url === undefined) return reply.code(404).send({ ok: false, error: 'invalid_url' });
    if (url.expiresAt < Date.now()) return reply.code(404).send({ ok: false, error: 'expired_url' });
    if (url.posts >= POSTS_PER_URL) return reply.code(404).send({ ok: false, error: 'used_url' });
    const body = request.body;
    if (typeof body !== 'object' || body === null)
      return reply.code(400).send({ ok: false, error: 'no_text' });
    url.posts += 1;
    if (request.dropWrite === true) return { ok: true };
    const { status, body: answer } = respond(workspace, url, body as Record<string, unknown>);
    return reply.code(status).send(answer);
  });
}
