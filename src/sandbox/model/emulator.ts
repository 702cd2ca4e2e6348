import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Emulator, World } from '../emulator.ts';
import { underFaults } from '../fault-plan.ts';
import { hostileAnswers, isHostile } from './hostile-answers.ts';
import { type Mode, modeSchema, modes } from './modes.ts';
import { saidElsewhere } from './said-elsewhere.ts';
import { readSheet, scriptedAdvice } from './scripted-advice.ts';
import { isFinding, scriptedFinding } from './scripted-finding.ts';
import { readFreeText, scriptedFreeText } from './scripted-free-text.ts';

const PREFIX = '/model';
export const SCRIPTED_MODEL = 'scripted-sandbox-model';
const SLOW_DEFAULT_MS = 15_000;
const DRIP_DEFAULT_MS = 200;
const HUGE_BYTES = 10 * 1024 * 1024;
const DISCONNECT_AFTER_MS = 20;
const CHARACTERS_PER_TOKEN = 4;

const requestSchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
  response_format: z.object({ type: z.string() }).optional(),
  store: z.boolean().optional(),
  max_completion_tokens: z.int().optional(),
  max_tokens: z.int().optional(),
});

type ModelRequest = z.infer<typeof requestSchema>;

type ErrorBody = { error: { message: string; type: string; param: string | null; code: string | null } };

/**
 * An OpenAI-compatible server below `/model/v1` whose answers are scripted; how it behaves is set at `/model/sim/mode`.
 */
export function createModelEmulator(world: World): Emulator {
  let mode: Mode = { mode: 'scripted' };
  let answers = 0;
  const closing = new AbortController();

  const routes = async (app: FastifyInstance) => {
    app.get('/sim/mode', async () => mode);
    app.post('/sim/mode', async (request, reply) => {
      const wanted = modeSchema.safeParse(request.body);
      if (!wanted.success) return reply.code(400).send({ message: `mode is one of ${modes.join(', ')}` });
      mode = wanted.data;
      world.changed();
      return mode;
    });
    await app.register(async (api) => {
      underFaults(api, world.faults, { vendor: 'model', prefix: PREFIX }, faultBody);
      api.addHook('onRequest', async (request, reply) => {
        if (request.headers.authorization === `Bearer ${world.keys.modelApiKey}`) return;
        return reply
          .code(401)
          .send(error('Incorrect API key provided.', 'invalid_request_error', null, 'invalid_api_key'));
      });
      api.get('/v1/models', async () => ({
        object: 'list',
        data: [{ id: SCRIPTED_MODEL, object: 'model', created: 0, owned_by: 'sandbox' }],
      }));
      api.post('/v1/chat/completions', async (request, reply) => {
        const body = requestSchema.safeParse(request.body);
        if (!body.success)
          return reply
            .code(400)
            .send(
              error(
                'Invalid request body.',
                'invalid_request_error',
                String(body.error.issues[0]?.path[0] ?? ''),
                null,
              ),
            );
        if (body.data.model !== SCRIPTED_MODEL)
          return reply
            .code(404)
            .send(
              error(
                `The model \`${body.data.model}\` does not exist`,
                'invalid_request_error',
                null,
                'model_not_found',
              ),
            );
        return answer(body.data, reply);
      });
    });
  };

  async function answer(request: ModelRequest, reply: FastifyReply): Promise<unknown> {
    const said = request.messages.findLast(({ role }) => role === 'user')?.content ?? '';
    // With no system message the instructions stand before the document.
    const message = said.slice(said.lastIndexOf('\n{"') + 1);
    const sheet = readSheet(message);
    const freeText = readFreeText(message);
    const scripted =
      freeText !== null
        ? JSON.stringify(scriptedFreeText(freeText))
        : sheet === null
          ? 'There is no fact sheet in this message.'
          : JSON.stringify({
              ...(isFinding(sheet) ? scriptedFinding(sheet) : scriptedAdvice(sheet)),
              ...(mode.mode === 'against' ? { lean: 'deny' } : {}),
            });
    const complete = (content: string | null, finish = 'stop', refusal: string | null = null) => {
      answers += 1;
      return completion(answers, request, { content, finish, refusal });
    };
    if (isHostile(mode.mode)) return complete(JSON.stringify(hostileAnswers(mode.mode, { sheet, freeText })));
    const refused = refusals[mode.mode]?.(request, reply) ?? null;
    if (refused !== null) return refused;
    switch (mode.mode) {
      case 'slow':
        await pause(mode.ms ?? SLOW_DEFAULT_MS);
        return complete(scripted);
      case 'refuse':
        return complete(null, 'stop', "I'm sorry, I can't help with that.");
      case 'off-schema':
        return complete(JSON.stringify({ verdict: 'fine', score: 7 }));
      case 'half-json':
        return complete(scripted.slice(0, Math.floor(scripted.length / 2)), 'length');
      case 'huge':
        return complete('x'.repeat(HUGE_BYTES));
      case 'drip': {
        const body = JSON.stringify(complete(scripted));
        reply.header('content-type', 'application/json');
        return reply.send(Readable.from(dripping(body, mode.ms ?? DRIP_DEFAULT_MS)));
      }
      case 'thinks':
      case 'thinks-inside':
      case 'fenced':
      case 'prose':
      case 'chunks':
      case 'reasoning-content':
      case 'reasoning':
      case 'tool-call':
      case 'wrapped':
      case 'thinks-too-long':
        return saidElsewhere(mode.mode, scripted, complete(scripted));
      default:
        return complete(scripted);
    }
  }

  function pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: closing.signal, ref: false }).catch(() => {});
  }

  async function* dripping(body: string, everyMs: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length && !closing.signal.aborted; at += 4) {
      yield Buffer.from(body.slice(at, at + 4));
      await pause(everyMs);
    }
  }

  return {
    routes: async (app) => {
      await app.register(routes, { prefix: PREFIX });
    },
    snapshot: () => ({ mode }),
    restore(saved) {
      mode = modeSchema.parse((saved as { mode: unknown }).mode);
      world.changed();
    },
    async close() {
      closing.abort();
    },
  };
}

function completion(
  count: number,
  { messages }: ModelRequest,
  said: { content: string | null; finish: string; refusal: string | null },
) {
  const { content, finish, refusal } = said;
  return {
    id: `chatcmpl-sandbox-${count}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1_000),
    model: SCRIPTED_MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal },
        logprobs: null,
        finish_reason: finish,
      },
    ],
    usage: usage(messages.map(({ content: sent }) => sent).join(''), content ?? refusal ?? ''),
  };
}

type Refusal = (request: ModelRequest, reply: FastifyReply) => FastifyReply | ErrorBody | null;

const asksForSchema = ({ response_format }: ModelRequest) => response_format?.type === 'json_schema';

/** Answers 4xx or 5xx to a JSON Schema; null: it was asked for none. */
const withoutSchemas =
  (status: number): Refusal =>
  (request, reply) =>
    asksForSchema(request)
      ? reply.code(status).send(error('Not supported.', 'server_error', null, null))
      : null;

/** Modes in which no answer of a model comes, or not to every request. Null: this one is answered. */
const refusals: Partial<Record<Mode['mode'], Refusal>> = {
  down: (_request, reply) =>
    reply.code(503).send(error('The server is overloaded or not ready yet.', 'server_error', null, null)),
  old: ({ store, max_completion_tokens }, reply) =>
    store !== undefined || max_completion_tokens !== undefined
      ? reply.code(422).send(error('Extra inputs are not permitted.', 'invalid_request_error', 'store', null))
      : null,
  'json-mode-only': (request, reply) =>
    asksForSchema(request)
      ? reply
          .code(400)
          .send(
            error(
              "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
              'invalid_request_error',
              'response_format',
              null,
            ),
          )
      : null,
  'schema-500': withoutSchemas(500),
  'schema-501': withoutSchemas(501),
  'schema-404': withoutSchemas(404),
  'schema-error-in-200': (request) =>
    asksForSchema(request)
      ? error('response_format is not supported', 'invalid_request_error', null, null)
      : null,
  'bare-only': ({ response_format, max_completion_tokens, max_tokens, messages }, reply) =>
    [response_format, max_completion_tokens, max_tokens].some((setting) => setting !== undefined) ||
    messages.some(({ role }) => role === 'system')
      ? reply.code(400).send(error('Extra inputs are not permitted', 'BadRequestError', null, null))
      : null,
  filtered: (_request, reply) =>
    reply
      .code(400)
      .send(error('The prompt was filtered.', 'invalid_request_error', 'prompt', 'content_filter')),
  'rate-limited': (_request, reply) => reply.code(429).send(faultBody(429, reply)),
  failing: (_request, reply) => reply.code(500).send(faultBody(500, reply)),
  disconnect(_request, reply) {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'application/json', 'content-length': 4_000 });
    reply.raw.write('{"id":"chatcmpl-sandbox","choices":[{"message":{"content":"');
    setTimeout(() => reply.raw.destroy(), DISCONNECT_AFTER_MS);
    return reply;
  },
  html: (_request, reply) =>
    reply.type('text/html').send('<html><body>Please <a href="/login">sign in</a>.</body></html>'),
};

function usage(input: string, output: string) {
  const prompt_tokens = Math.ceil(input.length / CHARACTERS_PER_TOKEN);
  const completion_tokens = Math.ceil(output.length / CHARACTERS_PER_TOKEN);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

function error(message: string, type: string, param: string | null, code: string | null): ErrorBody {
  return { error: { message, type, param, code } };
}

function faultBody(status: number, reply: FastifyReply): ErrorBody {
  if (status !== 429)
    return error('The server had an error processing your request.', 'server_error', null, null);
  reply.header('retry-after-ms', '200');
  return error('Rate limit reached.', 'requests', null, 'rate_limit_exceeded');
}
