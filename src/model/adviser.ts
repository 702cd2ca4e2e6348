import OpenAI, { APIError, BadRequestError, UnprocessableEntityError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { AdviceResult, Adviser, FactSheet } from '../flow/ports.ts';
import { adviceSchema } from './advice-schema.ts';
import { AnswerTooLong, cappedFetch } from './capped-fetch.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { defaultPromptsDir, loadPrompt, type Prompt } from './prompt.ts';
import { validateAdvice } from './validate-advice.ts';

export type AdviserSettings = {
  apiKey: string;
  /** Any OpenAI-compatible server, up to and including `/v1`; OpenAI's own unless told. */
  baseUrl?: string;
  model: string;
  /** For the whole of it, retries and fallback included, in milliseconds; 8 s unless told. */
  budgetMs?: number;
  /** Folder with `request-risk.md` and `scim-finding-risk.md`; the project's own unless told. */
  promptsDir?: string;
};

const OPENAI_URL = 'https://api.openai.com/v1';
const BUDGET_DEFAULT_MS = 8_000;
/** One retry: the budget leaves no room for more. */
const RETRIES_MAX = 1;
/** Ten times what a full answer needs. */
const ANSWER_BYTES_MAX = 64 * 1024;
const OUTPUT_TOKENS_MAX = 1_500;
/** Of one fact, in characters; a reason can be as long as somebody cares to type. */
const FACT_TEXT_MAX = 2_000;
const MODEL_NAME_MAX = 100;
const FAILURES_TO_OPEN = 5;
const OPEN_MS = 30_000;

type WhyNot = Extract<AdviceResult, { answered: false }>['why'];
const notAnswered = (why: WhyNot): AdviceResult => ({ answered: false, why });

/** Stands in when no model is configured. */
export const noAdviser: Adviser = {
  summarizeRequest: async () => notAnswered('not configured'),
  summarizeFinding: async () => notAnswered('not configured'),
};

/**
 * The model behind an OpenAI-compatible chat completions endpoint. Throws `config.invalid` here when the prompt
 * is bad; the adviser itself never throws and always answers within `budgetMs`.
 */
export function createAdviser(settings: AdviserSettings): Adviser {
  const { model, budgetMs = BUDGET_DEFAULT_MS } = settings;
  const promptsDir = settings.promptsDir ?? defaultPromptsDir;
  const ofRequest = loadPrompt(promptsDir, 'request-risk', ['advice']);
  const ofFinding = loadPrompt(promptsDir, 'scim-finding-risk', ['advice']);
  const structured = zodResponseFormat(adviceSchema, 'advice');
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
  /** The server refused structured output before; asking it again would waste the budget. */
  let isJsonModeOnly = false;

  const complete = (prompt: Prompt, sheet: FactSheet, isStructured: boolean, signal: AbortSignal) =>
    client.chat.completions.create(
      {
        model,
        messages: [
          {
            role: 'system',
            content: isStructured
              ? prompt.text
              : `${prompt.text}\n\nAnswer with one JSON object that fits this JSON Schema:\n${JSON.stringify(structured.json_schema.schema)}`,
          },
          { role: 'user', content: JSON.stringify(cappedSheet(sheet)) },
        ],
        response_format: isStructured ? structured : { type: 'json_object' },
        max_completion_tokens: OUTPUT_TOKENS_MAX,
        store: false,
      },
      { signal, timeout: budgetMs },
    );

  async function ask(prompt: Prompt, sheet: FactSheet, signal: AbortSignal): Promise<AdviceResult> {
    const startedMs = performance.now();
    let completion: OpenAI.ChatCompletion;
    if (isJsonModeOnly) completion = await complete(prompt, sheet, false, signal);
    else
      try {
        completion = await complete(prompt, sheet, true, signal);
      } catch (error) {
        if (!(error instanceof BadRequestError || error instanceof UnprocessableEntityError)) throw error;
        completion = await complete(prompt, sheet, false, signal);
        isJsonModeOnly = true;
      }
    const choice = completion.choices?.[0];
    if (choice === undefined) return notAnswered('off-schema');
    if (choice.message?.refusal || choice.finish_reason === 'content_filter') return notAnswered('refused');
    const raw = adviceSchema.safeParse(parseJson(choice.message?.content));
    if (!raw.success) return notAnswered('off-schema');
    const { advice, droppedClaims } = validateAdvice(raw.data, sheet);
    if (advice === null) return notAnswered('nothing left after checking');
    return {
      answered: true,
      advice,
      provenance: {
        model: nameOf(completion.model, model),
        promptId: prompt.id,
        promptVersion: prompt.version,
        inputTokens: countOf(completion.usage?.prompt_tokens),
        outputTokens: countOf(completion.usage?.completion_tokens),
        latencyMs: Math.round(performance.now() - startedMs),
        droppedClaims,
      },
    };
  }

  async function summarize(prompt: Prompt, sheet: FactSheet): Promise<AdviceResult> {
    if (!breaker.mayTry()) return notAnswered('down');
    const budget = AbortSignal.timeout(budgetMs);
    const spent = new Promise<AdviceResult>((resolve) => {
      budget.addEventListener('abort', () => resolve(notAnswered('slow')), { once: true });
    });
    // Raced as well as aborted: the promise to answer in time must not hang on how the SDK treats the signal.
    const result = await Promise.race([
      spent,
      ask(prompt, sheet, budget).catch((error: unknown) => notAnswered(whyNot(error, budget))),
    ]);
    // Only trouble with the server counts. What it answers can be the doing of one requester, whose text must
    // not switch the summaries off for everybody else.
    if (!result.answered && (result.why === 'down' || result.why === 'slow')) breaker.failed();
    else breaker.succeeded();
    return result;
  }

  return {
    summarizeRequest: (sheet) => summarize(ofRequest, sheet),
    summarizeFinding: (sheet) => summarize(ofFinding, sheet),
  };
}

function whyNot(error: unknown, budget: AbortSignal): WhyNot {
  if (budget.aborted) return 'slow';
  if (error instanceof AnswerTooLong || error instanceof SyntaxError) return 'off-schema';
  if (error instanceof APIError && error.cause instanceof AnswerTooLong) return 'off-schema';
  return 'down';
}

function cappedSheet(sheet: FactSheet): FactSheet {
  return {
    facts: sheet.facts.map((fact) => ({ ...fact, text: fact.text.slice(0, FACT_TEXT_MAX) })),
    clauses: sheet.clauses,
  };
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
