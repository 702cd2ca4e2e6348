import type OpenAI from 'openai';
import { APIError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import type { z } from 'zod';

/**
 * The forms of a question, most exact first. `structured`: with a JSON Schema that the server holds the answer to.
 * `json`: the schema in words, and any JSON object. `bare`: one message and no setting at all, which every server
 * takes.
 */
const forms = ['structured', 'json', 'bare'] as const;
export type RequestForm = (typeof forms)[number];

/** Servers' answers to a form that they do not know. Many say so with a code for something else. */
const REFUSES_FORM: ReadonlySet<number | undefined> = new Set([400, 404, 405, 415, 422, 500, 501]);
/** Whether a server that refused the best form has learned it meanwhile is tried this seldom, in milliseconds. */
const RETRY_BEST_MS = 600_000;
/** OpenAI's and Azure's name for an input that their filter stopped. Another form of it would be stopped too. */
const CONTENT_FILTER = 'content_filter';

/**
 * Remembers which form a server takes, so that the others are not asked for each time. `now`: monotonic milliseconds.
 */
export class KnownForm {
  #known: { form: RequestForm; sinceMs: number } | null = null;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What to try, in this order: first what worked last. */
  order(): RequestForm[] {
    const known = this.#known;
    if (known === null || this.#now() - known.sinceMs >= RETRY_BEST_MS) return [...forms];
    return [known.form, ...forms.filter((form) => form !== known.form)];
  }

  worked(form: RequestForm): void {
    if (this.#known?.form !== form) this.#known = { form, sinceMs: this.#now() };
    else if (this.#now() - this.#known.sinceMs >= RETRY_BEST_MS) this.#known.sinceMs = this.#now();
  }
}

/** Whether another form of the same question may do where this one got an error. */
export function mayDoInAnotherForm(error: unknown): boolean {
  return error instanceof APIError && REFUSES_FORM.has(error.status) && !isFiltered(error);
}

/** The provider's own filter stopped the question. */
export function isFiltered(error: unknown): boolean {
  return error instanceof APIError && error.code === CONTENT_FILTER;
}

export type Asked = {
  model: string;
  /** The prompt's text, its schema's name, and what the answer has to be. */
  prompt: { text: string; schema: string };
  /** What is written before the schema, for a server that takes it in words alone (prompts/answer-in-words.md). */
  inWords: string;
  schema: z.ZodType;
  document: unknown;
  outputTokensMax: number;
  /** OpenAI's own server, which has the newest settings; another may refuse what came later. */
  isOpenAi: boolean;
};

/** The request body of a question in one form. */
export function requestOf(form: RequestForm, asked: Asked): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { model, prompt, outputTokensMax } = asked;
  const format = zodResponseFormat(asked.schema, prompt.schema);
  const document = JSON.stringify(asked.document);
  const inWords = `${prompt.text}\n\n${asked.inWords}\n${JSON.stringify(format.json_schema.schema)}`;
  const newer = { max_completion_tokens: outputTokensMax, store: false };
  switch (form) {
    case 'structured':
      return {
        model,
        messages: [
          { role: 'system', content: prompt.text },
          { role: 'user', content: document },
        ],
        response_format: format,
        ...newer,
      };
    case 'json':
      return {
        model,
        messages: [
          { role: 'system', content: inWords },
          { role: 'user', content: document },
        ],
        response_format: { type: 'json_object' },
        ...(asked.isOpenAi ? newer : { max_tokens: outputTokensMax }),
      };
    case 'bare':
      // Some models have no system role, and some servers refuse either name of the limit.
      return { model, messages: [{ role: 'user', content: `${inWords}\n\nThe document:\n${document}` }] };
  }
}
