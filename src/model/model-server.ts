import { createHash } from 'node:crypto';
import OpenAI, { APIError } from 'openai';
import type { z } from 'zod';
import { oneLine } from '../core/storable.ts';
import { spent } from '../outbound/meter.ts';
import type { NotAnswered, Provenance } from '../ports/adviser.ts';
import { type GivenSecret, secretOf, withSecret } from '../secrets/secret.ts';
import type { ModelMemory, Remembered } from '../store/model-memory.ts';
import { type AnswerMessage, answerIn } from './answer-json.ts';
import { AnswerTooLong, cappedFetch } from './capped-fetch.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { Prompt } from './prompt.ts';
import { isFiltered, KnownForm, mayDoInAnotherForm, type RequestForm, requestOf } from './request-form.ts';

export type ServerSettings = {
  apiKey: GivenSecret;
  /** Any OpenAI-compatible server, up to and including `/v1`; OpenAI's own unless told. */
  baseUrl?: string;
  model: string;
  /** What asks for the answer where a server takes the schema in words alone. */
  inWords: Prompt;
  /**
   * The replicas' shared memory: answers by their facts, and what the day has cost. Without it nothing is remembered.
   */
  memory?: ModelMemory;
  /** Told once of each new reason why there is no answer, and once when there is one again; for the operator's log. */
  onTrouble?: (trouble: ModelTrouble | null) => void;
};

/** Why the server gave no answer, in words for whoever operates it. Never holds the key or what was asked. */
export type ModelTrouble = { why: NotAnswered['why']; detail: string };

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
/** Of a server's own words about an error, in characters. */
const WORDS_MAX = 200;
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
  const key = secretOf(settings.apiKey);
  // Everything the SDK would otherwise read from the environment is said here.
  const client = new OpenAI({
    apiKey: async () => key.current(),
    baseURL: settings.baseUrl ?? OPENAI_URL,
    organization: null,
    project: null,
    maxRetries: RETRIES_MAX,
    logLevel: 'off',
    fetch: cappedFetch(ANSWER_BYTES_MAX),
    // A redirect would carry the key elsewhere.
    fetchOptions: { redirect: 'error' },
  });
  const form = new KnownForm(() => performance.now());
  let told: string | null = null;
  function tell(trouble: ModelTrouble | null): void {
    const now = trouble === null ? null : `${trouble.why}: ${trouble.detail}`;
    if (now === told) return;
    told = now;
    settings.onTrouble?.(trouble);
  }
  /** Questions on their way: the same one is not asked twice. */
  const underway = new Map<string, Promise<RawAnswer<unknown>>>();

  async function complete<T>(
    q: Question<T>,
    signal: AbortSignal,
  ): Promise<{ completion: OpenAI.ChatCompletion; form: RequestForm }> {
    const asked = {
      model,
      prompt: q.prompt,
      inWords: settings.inWords.text,
      schema: q.schema,
      document: q.document,
      outputTokensMax: q.outputTokensMax,
      isOpenAi: settings.baseUrl === undefined,
    };
    let first: unknown;
    for (const next of form.order()) {
      try {
        const completion = await withSecret(
          key,
          () => client.chat.completions.create(requestOf(next, asked), { signal, timeout: q.budgetMs }),
          (error) => error instanceof APIError && error.status === 401,
        );
        // Some answer 200 and tell the error in the body.
        const said = completion?.choices?.[0] === undefined ? errorIn(completion) : null;
        if (said !== null) throw new ErrorInAnswer(said);
        return { completion, form: next };
      } catch (error) {
        if (!mayDoInAnotherForm(error) && !(error instanceof ErrorInAnswer)) throw error;
        // The refusal of the best form says most of what is wrong.
        first ??= error;
      }
    }
    throw first;
  }

  function provenanceOf(
    q: Question<unknown>,
    completion: OpenAI.ChatCompletion,
    startedMs: number,
  ): Provenance {
    spent('in', completion.usage?.prompt_tokens);
    spent('out', completion.usage?.completion_tokens);
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
    const { completion, form: used } = await complete(q, signal);
    const provenance = provenanceOf(q, completion, startedMs);
    const choice = completion?.choices?.[0];
    if (choice?.message?.refusal || choice?.finish_reason === 'content_filter')
      return { answered: false, why: 'refused', provenance };
    // A completion of the older kind has its text beside the message.
    const message: AnswerMessage = choice?.message ?? { content: (choice as { text?: unknown })?.text };
    const raw = answerIn(message, (value) => {
      const parsed = q.schema.safeParse(value);
      return parsed.success ? { data: parsed.data } : undefined;
    });
    if (raw !== undefined) {
      form.worked(used);
      tell(null);
      return { answered: true, raw: raw.data, provenance };
    }
    tell({
      why: 'off-schema',
      detail:
        choice?.finish_reason === 'length'
          ? `the answer stopped at the limit of ${q.outputTokensMax} tokens before it was whole; a model that thinks for long needs its thinking turned down`
          : `the answer (asked in the form ${used}) holds no JSON object of the wanted shape`,
    });
    return { answered: false, why: 'off-schema', provenance };
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
      askServer(q, budget).catch((error: unknown): NotAnswered => {
        const why = whyNot(error, budget);
        if (why !== 'slow') tell({ why, detail: detailOf(error) });
        return { answered: false, why };
      }),
    ]);
    if (!answer.answered && answer.why === 'slow')
      tell({ why: 'slow', detail: `no answer within ${q.budgetMs / 1_000} s` });
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
  if (isFiltered(error)) return 'refused';
  if (error instanceof AnswerTooLong || error instanceof SyntaxError) return 'off-schema';
  if (error instanceof APIError && error.cause instanceof AnswerTooLong) return 'off-schema';
  return 'down';
}

/** The details that an operator can act on: the status and the server's own words, shortened. No key, no document. */
function detailOf(error: unknown): string {
  if (error instanceof ErrorInAnswer) return error.said;
  if (error instanceof AnswerTooLong || (error instanceof APIError && error.cause instanceof AnswerTooLong))
    return `the answer is longer than ${ANSWER_BYTES_MAX / 1_024} KiB`;
  if (error instanceof SyntaxError) return 'the answer is no JSON: is the address that of an API, with /v1?';
  if (error instanceof APIError)
    return error.status === undefined
      ? `the server can’t be reached (${causeOf(error)})`
      : `HTTP ${error.status}: ${wordsOf(error.error) ?? error.name}`;
  return error instanceof Error ? error.name : 'unknown';
}

/** The code of the innermost cause, `ECONNREFUSED` and the like. */
function causeOf(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && at instanceof Error && at.cause !== undefined; depth += 1) at = at.cause;
  const code = at instanceof Error && 'code' in at ? at.code : undefined;
  return typeof code === 'string' ? code : 'connection failed';
}

/** The server's message out of its error body, on one line. */
function wordsOf(body: unknown): string | null {
  const said =
    typeof body === 'object' && body !== null ? ((body as { message?: unknown }).message ?? body) : body;
  if (said === undefined || said === null || said === '') return null;
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  return oneLine(text).slice(0, WORDS_MAX);
}

/** An answer of 200 that holds an error instead of choices; `said`: what the error says. */
class ErrorInAnswer extends Error {
  readonly said: string;
  constructor(said: string) {
    super('the server answered 200 with an error');
    this.name = 'ErrorInAnswer';
    this.said = said;
  }
}

function errorIn(completion: unknown): string | null {
  if (typeof completion !== 'object' || completion === null) return null;
  const { error, detail, object, message } = completion as Record<string, unknown>;
  return wordsOf(error ?? detail ?? (object === 'error' ? message : undefined));
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
