import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { onlyFromThisMachine } from '../../web/same-machine.ts';

/** A file of a document. `isDraft`: nobody has submitted it yet. */
export type Upload = {
  id: string;
  fileName: string;
  mimeType: string;
  bytes: Buffer;
  description: string | null;
  effectiveDate: string | null;
  deletionDate: string | null;
  isDraft: boolean;
};

/**
 * What happens to the next call that fits. `status`: it is answered so, without effect. `lost`: it has its effect, and is
 * never answered. `silent`: it has none either. `blank`: an empty file is kept, as of a form whose file has no type.
 */
export type Mishap = {
  at: RegExp;
  is: 'status' | 'lost' | 'silent' | 'blank';
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
};

export type VantaOptions = {
  scopes?: readonly string[];
  /** Calls a minute; Vanta's own figure for tokens. */
  perMinute?: { tokens?: number; calls?: number };
  bytesMax?: number;
  types?: readonly string[];
};

export type VantaEmulator = {
  url: string;
  documents: Map<string, { title: string; uploads: Upload[] }>;
  /** Every call so far, as `POST /v1/…`. */
  calls: string[];
  mishaps: Mishap[];
  /** As another program that uses the application, or a new secret in the console. */
  endToken(): void;
  setSecret(secret: string): void;
  close(): Promise<void>;
};

export const vantaClient = { id: 'vci_sandbox', secret: 'vcs_sandbox-secret-of-latchkey' };
const SCOPES = ['vanta-api.all:read', 'vanta-api.all:write', 'vanta-api.documents:upload'];
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const TYPES = [
  'application/pdf',
  'application/zip',
  'text/csv',
  'text/html',
  'application/json',
  'image/png',
];

type State = Required<Omit<VantaOptions, 'perMinute'>> & {
  secret: string;
  token: { value: string; until: number } | null;
  documents: VantaEmulator['documents'];
};

/**
 * The part of Vanta's API that uploads of evidence need: one token at a time, its scopes, pages of at most 100, uploads as
 * a form, drafts and their submission. Its errors are JSON with a `message`, but for a token that is not good.
 */
export async function startVanta(options: VantaOptions = {}): Promise<VantaEmulator> {
  const { perMinute = {}, scopes = SCOPES, bytesMax = 50 * 1024 * 1024, types = TYPES } = options;
  const documents: VantaEmulator['documents'] = new Map([
    ['access-requests', { title: 'Access request ticket and history', uploads: [] }],
    ['access-reviews', { title: 'Proof of completed access review', uploads: [] }],
  ]);
  const state: State = { scopes, bytesMax, types, secret: vantaClient.secret, token: null, documents };
  const calls: string[] = [];
  const mishaps: Mishap[] = [];
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 256 * 1024 * 1024 });
  onlyFromThisMachine(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const tooMany = counter({ tokens: perMinute.tokens ?? 5, calls: perMinute.calls ?? 1_000 });

  app.addHook('preHandler', async (request, reply) => {
    const call = `${request.method} ${request.url.split('?')[0]}`;
    calls.push(call);
    const wait = tooMany(call.endsWith('/oauth/token') ? 'tokens' : 'calls');
    if (wait !== null)
      return reply.code(429).header('retry-after', String(wait)).send({ message: 'Too many requests' });
    const at = mishaps.findIndex((one) => one.at.test(call));
    const mishap = at < 0 ? undefined : mishaps.splice(at, 1)[0];
    if (mishap?.is === 'silent') return reply.hijack();
    if (mishap?.is === 'status')
      return reply
        .code(mishap.status ?? 500)
        .headers(mishap.headers ?? {})
        .send(mishap.body ?? { message: 'as told' });
    Object.assign(request, { mishap: mishap?.is ?? null });
  });
  app.addHook('onSend', async (request, reply) => {
    // The answer is lost on its way: nothing comes, until whoever asked gives up.
    if ((request as { mishap?: unknown }).mishap !== 'lost') return;
    reply.hijack();
    await sleep(HOUR_MS, undefined, { ref: false });
  });
  tokenRoute(app, state);
  documentRoutes(app, state);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    documents,
    calls,
    mishaps,
    endToken() {
      state.token = null;
    },
    setSecret(secret) {
      state.secret = secret;
    },
    close: () => app.close(),
  };
}

/** Seconds to wait; null: it is not too many. */
function counter(limits: Record<'tokens' | 'calls', number>): (kind: 'tokens' | 'calls') => number | null {
  const seen: Record<string, number[]> = { tokens: [], calls: [] };
  return (kind) => {
    const now = performance.now();
    const recent = (seen[kind] ?? []).filter((at) => now - at < MINUTE_MS);
    seen[kind] = recent;
    if (recent.length >= limits[kind]) return Math.ceil((MINUTE_MS - (now - (recent[0] ?? now))) / 1_000);
    recent.push(now);
    return null;
  };
}

function tokenRoute(app: FastifyInstance, state: State): void {
  app.post('/oauth/token', async (request, reply) => {
    if (!/^application\/json/.test(request.headers['content-type'] ?? ''))
      return reply.code(400).send({ error: 'invalid_request' });
    const asked = JSON.parse(String(request.body)) as Record<string, unknown>;
    if (asked.grant_type !== 'client_credentials')
      return reply.code(400).send({ error: 'unsupported_grant_type' });
    if (asked.client_id !== vantaClient.id || asked.client_secret !== state.secret)
      return reply.code(401).send({ error: 'invalid_client' });
    const scopes = String(asked.scope ?? '').split(' ');
    if (!scopes.every((one) => state.scopes.includes(one)))
      return reply.code(400).send({ error: 'invalid_scope' });
    state.token = { value: `vat_${randomUUID()}`, until: Date.now() + HOUR_MS };
    return { access_token: state.token.value, expires_in: HOUR_MS / 1_000, token_type: 'Bearer' };
  });
}

function documentRoutes(app: FastifyInstance, state: State): void {
  app.register(async (api) => {
    api.addHook('preHandler', async (request, reply) => {
      const { token } = state;
      const isGood = token !== null && token.until > Date.now();
      if (isGood && request.headers.authorization === `Bearer ${token.value}`) return;
      return reply.code(401).type('application/json').send('Unauthorized');
    });
    type Of = {
      Params: { id: string; upload: string };
      Querystring: { pageSize?: string; pageCursor?: string };
    };
    const at = (request: FastifyRequest<Of>) => state.documents.get(request.params.id);
    const absent = (reply: FastifyReply) => reply.code(404).send({ message: 'Not found' });

    api.get<Of>('/v1/documents/:id', async (request, reply) => {
      const found = at(request);
      if (found === undefined) return absent(reply);
      const isOk = found.uploads.some(({ isDraft }) => !isDraft);
      return { id: request.params.id, title: found.title, uploadStatus: isOk ? 'OK' : 'Needs document' };
    });
    api.get<Of>('/v1/documents/:id/uploads', async (request, reply) => {
      const found = at(request);
      return found === undefined ? absent(reply) : page(found.uploads, request.query, reply);
    });
    api.get<Of>('/v1/documents/:id/uploads/:upload/media', async (request, reply) => {
      const found = at(request)?.uploads.find(({ id }) => id === request.params.upload);
      return found === undefined ? absent(reply) : reply.type(found.mimeType).send(found.bytes);
    });
    api.post<Of>('/v1/documents/:id/uploads', async (request, reply) => {
      const found = at(request);
      return found === undefined
        ? absent(reply)
        : await upload(request, reply, { state, into: found.uploads });
    });
    api.post<Of>('/v1/documents/:id/submit', async (request, reply) => {
      const drafts = at(request)?.uploads.filter(({ isDraft }) => isDraft);
      if (drafts === undefined) return absent(reply);
      if (drafts.length === 0) return reply.code(400).send({ message: 'Nothing to submit' });
      for (const draft of drafts) draft.isDraft = false;
      return reply.code(204).send();
    });
  });
}

function page(
  uploads: readonly Upload[],
  { pageSize = '10', pageCursor }: { pageSize?: string; pageCursor?: string },
  reply: FastifyReply,
): FastifyReply {
  const size = Number(pageSize);
  if (!(size >= 1 && size <= 100)) return reply.code(400).send({ message: 'pageSize must be from 1 to 100' });
  const from = pageCursor === undefined ? 0 : uploads.findIndex(({ id }) => id === pageCursor) + 1;
  const data = uploads.slice(from, from + size);
  return reply.send({
    results: {
      data: data.map(told),
      pageInfo: {
        hasNextPage: from + size < uploads.length,
        hasPreviousPage: from > 0,
        startCursor: data[0]?.id ?? null,
        endCursor: data.at(-1)?.id ?? null,
      },
    },
  });
}

function told({ id, fileName, mimeType, description, effectiveDate, deletionDate }: Upload) {
  return { id, fileName, title: fileName, mimeType, description, effectiveDate, deletionDate, url: null };
}

async function upload(
  request: FastifyRequest,
  reply: FastifyReply,
  { state, into }: { state: State; into: Upload[] },
): Promise<FastifyReply> {
  const refuse = (status: number, message: string) => reply.code(status).send({ message });
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data; *boundary=/.test(type)) return refuse(415, 'Unsupported Media Type');
  if (request.headers['content-length'] === undefined) return refuse(411, 'Length Required');
  const body = request.body as Buffer;
  if (body.length > state.bytesMax) return refuse(413, 'Payload Too Large');
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } })
    .formData()
    .catch(() => null);
  const file = form?.get('file');
  if (form == null || !(file instanceof File)) return refuse(400, 'file is required');
  const [effective, description] = [form.get('effectiveAtDate'), form.get('description')];
  if (typeof effective === 'string' && Number.isNaN(Date.parse(effective)))
    return refuse(422, 'effectiveAtDate is no date');
  if (!state.types.includes(file.type)) return refuse(422, `Unsupported file type: ${file.type}`);
  const isBlank = (request as { mishap?: unknown }).mishap === 'blank';
  const kept: Upload = {
    id: randomUUID().replaceAll('-', '').slice(0, 24),
    fileName: file.name,
    mimeType: file.type,
    bytes: isBlank ? Buffer.alloc(0) : Buffer.from(await file.arrayBuffer()),
    description: typeof description === 'string' ? description : null,
    effectiveDate: typeof effective === 'string' ? effective : null,
    deletionDate: null,
    isDraft: true,
  };
  into.push(kept);
  return reply.code(201).send(told(kept));
}
