import type { FastifyInstance } from 'fastify';
import { type Answer, type Method, slackError } from './call.ts';
import { app } from './directory.ts';
import { filesOf } from './files.ts';
import type { Workspace } from './workspace.ts';

/** [docs.slack.dev/reference/methods/files.getUploadURLExternal, files.completeUploadExternal] */
export const fileMethods: Record<string, Method> = {
  'files.getUploadURLExternal'({ workspace, world, args }) {
    const [name, length] = [args.text('filename'), Number(args.text('length'))];
    if (name === null || name === '') return slackError('missing_argument');
    if (!Number.isInteger(length) || length <= 0) return slackError('invalid_arguments');
    const id = workspace.newId('F');
    filesOf(workspace).set(id, { id, name, text: null });
    return { ok: true, file_id: id, upload_url: `${world.url()}/slack/upload/${id}` };
  },

  'files.completeUploadExternal'({ workspace, args, isDropped }) {
    const asked = args.structure('files') as { id: string; title?: string }[] | null | undefined;
    const channel = workspace.channels.get(args.text('channel_id') ?? '');
    if (!Array.isArray(asked) || asked.length === 0) return slackError('invalid_arguments');
    if (channel === undefined) return slackError('channel_not_found');
    const files = asked.map(({ id }) => filesOf(workspace).get(id));
    if (files.some((file) => file?.text == null)) return slackError('file_not_found');
    if (!isDropped)
      workspace.post({
        ts: workspace.nextTs(),
        channel: channel.id,
        user: app.userId,
        text: args.text('initial_comment') ?? '',
        files: files.flatMap((file) => (file === undefined ? [] : [{ id: file.id, name: file.name }])),
      });
    return { ok: true, files: asked } satisfies Answer;
  },
};

/** Where a file is sent to, and where a person of the workspace reads it. */
export function fileRoutes(slack: FastifyInstance, workspace: Workspace): void {
  slack.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: MOST_BYTES },
    (_, body, done) => done(null, body),
  );
  slack.post('/upload/:id', async (request, reply) => {
    const file = filesOf(workspace).get((request.params as { id: string }).id);
    const form = await new Response(request.body as Buffer, {
      headers: { 'content-type': request.headers['content-type'] ?? '' },
    }).formData();
    const [sent] = [...form.values()];
    if (file === undefined || sent === undefined) return await reply.code(404).send('');
    file.text = typeof sent === 'string' ? sent : await sent.text();
    return `OK - ${file.text.length}`;
  });
  slack.get('/files/:id', async (request, reply) => {
    const file = filesOf(workspace).get((request.params as { id: string }).id);
    if (file?.text == null) return await reply.code(404).send('');
    return await reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`)
      .send(file.text);
  });
}

const MOST_BYTES = 50_000_000;
