import { createHash } from 'node:crypto';
import OpenAI, { APIError, BadRequestError, UnprocessableEntityError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { z } from 'zod';
import type { NotAnswered, Provenance } from '../flow/ports.ts';
import type { ModelMemory, Remembered } from '../store/model-memory.ts';
import { AnswerTooLong, cappedFetch } from './capped-fetch.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { Prompt } from './prompt.ts';

export type ServerSettings = {
  apiKey: string;
  /** Any OpenAI-compatible server, up to and including `/v1`; OpenAI's own unless told. */
  baseUrl?: string;
  model: string;
  /** What replicas share: answers by their facts, and what the day has cost. Without it nothing is remembered. */
  memory?: ModelMemory;
};

/** A prompt, the one document it is about, and what the answer has to be. */
export type Question<T> = {
  prompt: Prompt;
  document: unknown;
  schema: z.ZodType<T>;
  /** For the whole of it, retries and fallback included, in milliseconds. */
  budgetMs: number;
  outputTokensMax: number;
};

/** Fits the schema, and nothing else is known of it. `provenance` has no dropped claims yet. */
export type RawAnswer<T> = { answered: true; raw: T; provenance: Provenance } | NotAnswered;

export type ModelServer = { ask<T>(question: Question<T>): Promise<RawAnswer<T>> };

const OPENAI_URL = 'https://api.openai.com/v1';
/** One retry: the budget leaves no room for more. */
const RETRIES_MAX = 1;
/** Ten times what a full answer needs. */
const ANSWER_BYTES_MAX = 64 * 1024;
const MODEL_NAME_MAX = 100;
const FAILURES_TO_OPEN = 5;
const OPEN_MS = 30_000;
/** On the high side: what turns out less is given back. */
const CHARACTERS_PER_TOKEN = 3;

/**
 * The model behind an OpenAI-compatible chat completions endpoint. `ask` never throws and always answers within the
 * question's budget.
 */
export function createModelServer(settings: ServerSettings): ModelServer {
  const { model, memory } = settings;
  const breaker = new CircuitBreaker({
    failuresToOpen: FAILURES_TO_OPEN,
    openMs: OPEN_MS,
    now: () => performance.now(),
  });
  // Everything the SDK would otherwise read from the environment is said here.
  const client = new OpenAI({
    apiKey: settings.apiKey,
    baseURL: settings.baseUrl ?? OPENAI_URL,
    organization: null,
    project: null,
    maxRetries: RETRIES_MAX,
    logLevel: 'off',
    fetch: cappedFetch(ANSWER_BYTES_MAX),
    // A redirect would carry the key elsewhere.
    fetchOptions: { redirect: 'error' },
  });
  /** The server refused structured output, or a newer setting, before; asking it again would waste the budget. */
  let isJsonModeOnly = false;
  /** Questions on their way: the same one is not asked twice. */
  const underway = new Map<string, Promise<RawAnswer<unknown>>>();

  async function complete<T>(q: Question<T>, signal: AbortSignal): Promise<OpenAI.ChatCompletion> {
    const structured = zodResponseFormat(q.schema, q.prompt.schema);
    const send = (isStructured: boolean) =>
      client.chat.completions.create(
        {
          model,
          messages: [
            {
              role: 'system',
              content: isStructured
                ? q.prompt.text
                : `${q.prompt.text}\n\nAnswer with one JSON object that fits this JSON Schema:\n${JSON.stringify(structured.json_schema.schema)}`,
            },
            { role: 'user', content: JSON.stringify(q.document) },
          ],
          response_format: isStructured ? structured : { type: 'json_object' },
          // Older servers refuse what came later; they are not OpenAI, whose it is to store or not.
          ...(isStructured || settings.baseUrl === undefined
            ? { max_completion_tokens: q.outputTokensMax, store: false }
            : { max_tokens: q.outputTokensMax }),
        },
        { signal, timeout: q.budgetMs },
      );
    if (isJsonModeOnly) return await send(false);
    try {
      return await send(true);
    } catch (error) {
      if (!(error instanceof BadRequestError || error instanceof UnprocessableEntityError)) throw error;
      const completion = await send(false);
      isJsonModeOnly = true;
      return completion;
    }
  }

  function provenanceOf(
    q: Question<unknown>,
    completion: OpenAI.ChatCompletion,
    startedMs: number,
  ): Provenance {
    return {
      model: nameOf(completion.model, model),
      promptId: q.prompt.id,
      promptVersion: q.prompt.version,
      inputTokens: countOf(completion.usage?.prompt_tokens),
      outputTokens: countOf(completion.usage?.completion_tokens),
      latencyMs: Math.round(performance.now() - startedMs),
      droppedClaims: 0,
    };
  }

  async function askServer<T>(q: Question<T>, signal: AbortSignal): Promise<RawAnswer<T>> {
    const startedMs = performance.now();
    const completion = await complete(q, signal);
    const provenance = provenanceOf(q, completion, startedMs);
    const choice = completion.choices?.[0];
    if (choice === undefined) return { answered: false, why: 'off-schema', provenance };
    if (choice.message?.refusal || choice.finish_reason === 'content_filter')
      return { answered: false, why: 'refused', provenance };
    const raw = q.schema.safeParse(parseJson(choice.message?.content));
    return raw.success
      ? { answered: true, raw: raw.data, provenance }
      : { answered: false, why: 'off-schema', provenance };
  }

  /** Only trouble with the server opens the breaker: what one requester's text brings about must not. */
  async function askWithin<T>(q: Question<T>): Promise<RawAnswer<T>> {
    if (!breaker.mayTry()) return { answered: false, why: 'down' };
    const budget = AbortSignal.timeout(q.budgetMs);
    const spent = new Promise<NotAnswered>((resolve) => {
      budget.addEventListener('abort', () => resolve({ answered: false, why: 'slow' }), { once: true });
    });
    // Raced as well as aborted: the promise to answer in time must not hang on how the SDK treats the signal.
    const answer = await Promise.race([
      spent,
      askServer(q, budget).catch(
        (error: unknown): NotAnswered => ({ answered: false, why: whyNot(error, budget) }),
      ),
    ]);
    if (!answer.answered && (answer.why === 'down' || answer.why === 'slow')) breaker.failed();
    else breaker.succeeded();
    return answer;
  }

  async function askOnce<T>(q: Question<T>, key: string): Promise<RawAnswer<T>> {
    if (memory === undefined) return await askWithin(q);
    try {
      const known = recalled(q, await memory.recall(key));
      if (known !== null) return known;
      const most =
        Math.ceil((q.prompt.text.length + JSON.stringify(q.document).length) / CHARACTERS_PER_TOKEN) +
        q.outputTokensMax;
      if (!(await memory.reserve(most))) return { answered: false, why: 'budget spent' };
      const answer = await askWithin(q);
      await memory.settle(most, costOf(answer, most));
      if (answer.answered) await memory.remember(key, { raw: answer.raw, model: answer.provenance.model });
      return answer;
    } catch {
      // Without its memory it could cost any amount.
      return { answered: false, why: 'down' };
    }
  }

  return {
    async ask<T>(q: Question<T>) {
      const key = keyOf(model, q);
      const same = underway.get(key);
      if (same !== undefined) return (await same) as RawAnswer<T>;
      const answer = askOnce(q, key).finally(() => underway.delete(key));
      underway.set(key, answer);
      return await answer;
    },
  };
}

function recalled<T>(q: Question<T>, known: Remembered | null): RawAnswer<T> | null {
  const raw = known === null ? null : q.schema.safeParse(known.raw);
  if (known === null || raw === null || !raw.success) return null;
  return {
    answered: true,
    raw: raw.data,
    provenance: {
      model: known.model,
      promptId: q.prompt.id,
      promptVersion: q.prompt.version,
      inputTokens: 0,
      outputTokens: 0,
      latencyMs: 0,
      droppedClaims: 0,
      isRecalled: true,
    },
  };
}

/** What a question cost, in tokens. A server that gave up on us in time, or says nothing, may have read it all. */
function costOf(answer: RawAnswer<unknown>, most: number): number {
  if (!answer.answered && answer.provenance === undefined) return answer.why === 'slow' ? most : 0;
  const said = (answer.provenance?.inputTokens ?? 0) + (answer.provenance?.outputTokens ?? 0);
  return said === 0 ? most : said;
}

function keyOf(model: string, { prompt, document }: Question<unknown>): string {
  return createHash('sha256')
    .update(JSON.stringify([model, prompt.id, prompt.version, prompt.text, document]))
    .digest('hex');
}

function whyNot(error: unknown, budget: AbortSignal): NotAnswered['why'] {
  if (budget.aborted) return 'slow';
  if (error instanceof AnswerTooLong || error instanceof SyntaxError) return 'off-schema';
  if (error instanceof APIError && error.cause instanceof AnswerTooLong) return 'off-schema';
  return 'down';
}

/** Undefined when it is no JSON, which no schema accepts. */
function parseJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** The name the server gives, if it is one; it ends up in the audit trail. */
function nameOf(given: unknown, asked: string): string {
  return typeof given === 'string' &&
    given !== '' &&
    /^[\x20-\x7e]+$/.test(given) &&
    given.length <= MODEL_NAME_MAX
    ? given
    : asked;
}

function countOf(given: unknown): number {
  return typeof given === 'number' && Number.isFinite(given) && given >= 0 ? Math.round(given) : 0;
}
