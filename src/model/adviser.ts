import type { FactSheet } from '../core/facts/request-facts.ts';
import type { AdviceResult, Adviser, FreeTextResult, FreeTextSheet, NotAnswered } from '../ports/adviser.ts';
import type { GivenSecret } from '../secrets/secret.ts';
import type { ModelMemory } from '../store/model-memory.ts';
import { adviceSchema } from './advice-schema.ts';
import { freeTextSchema } from './free-text-schema.ts';
import { createModelServer, type ModelTrouble } from './model-server.ts';
import { defaultPromptsDir, loadPrompt, type Prompt } from './prompt.ts';
import { validateAdvice } from './validate-advice.ts';
import { validateFreeText } from './validate-free-text.ts';

export type AdviserSettings = {
  apiKey: GivenSecret;
  /** Any OpenAI-compatible server, up to and including `/v1`; OpenAI's own unless told. */
  baseUrl?: string;
  model: string;
  /** For the whole of an advice, retries and fallback included, in milliseconds; 8 s unless told. */
  budgetMs?: number;
  /** How long an answer about free text may take, in milliseconds; 2 s by default. */
  freeTextBudgetMs?: number;
  /**
   * Folder with `request-risk.md`, `scim-finding-risk.md`, `review-advice.md`, `free-text.md` and
   * `answer-in-words.md`; the project's own unless told.
   */
  promptsDir?: string;
  memory?: ModelMemory;
  /** Told once of each new reason why there is no answer, and once (null) when there is one again. */
  onTrouble?: (trouble: ModelTrouble | null) => void;
};

const BUDGET_DEFAULT_MS = 8_000;
/** Somebody looks at an empty form meanwhile, and 3 s is all the patience there is. */
const FREE_TEXT_BUDGET_DEFAULT_MS = 2_000;
const ADVICE_TOKENS_MAX = 1_500;
const FREE_TEXT_TOKENS_MAX = 400;
/** Of one fact, in characters; a reason can be as long as somebody cares to type. */
const FACT_TEXT_MAX = 2_000;
/** What prompts can ask for. */
export const schemas: readonly string[] = ['advice', 'freeText'];

const notConfigured: NotAnswered = { answered: false, why: 'not configured' };

/** Stands in when no model is configured. */
export const noAdviser: Adviser = {
  summarizeRequest: async () => notConfigured,
  summarizeFinding: async () => notConfigured,
  adviseReview: async () => notConfigured,
  readFreeText: async () => notConfigured,
};

/**
 * The adviser behind a model server. Throws `config.invalid` here when a prompt is bad; the adviser itself never
 * throws and always answers within its budgets.
 */
export function createAdviser(settings: AdviserSettings): Adviser {
  const { budgetMs = BUDGET_DEFAULT_MS, freeTextBudgetMs = FREE_TEXT_BUDGET_DEFAULT_MS } = settings;
  const promptsDir = settings.promptsDir ?? defaultPromptsDir;
  const ofRequest = loadPrompt(promptsDir, 'request-risk', schemas);
  const ofFinding = loadPrompt(promptsDir, 'scim-finding-risk', schemas);
  const ofReview = loadPrompt(promptsDir, 'review-advice', schemas);
  const ofFreeText = loadPrompt(promptsDir, 'free-text', schemas);
  const inWords = loadPrompt(promptsDir, 'answer-in-words', ['any']);
  const server = createModelServer({ ...settings, inWords });

  async function summarize(prompt: Prompt, sheet: FactSheet): Promise<AdviceResult> {
    const answer = await server.ask({
      prompt,
      document: cappedSheet(sheet),
      schema: adviceSchema,
      budgetMs,
      outputTokensMax: ADVICE_TOKENS_MAX,
    });
    if (!answer.answered) return answer;
    const { advice, droppedClaims } = validateAdvice(answer.raw, sheet);
    const provenance = { ...answer.provenance, droppedClaims };
    return advice === null
      ? { answered: false, why: 'nothing left after checking', provenance }
      : { answered: true, advice, provenance };
  }

  async function readFreeText(sheet: FreeTextSheet): Promise<FreeTextResult> {
    const answer = await server.ask({
      prompt: ofFreeText,
      document: sheet,
      schema: freeTextSchema,
      budgetMs: freeTextBudgetMs,
      outputTokensMax: FREE_TEXT_TOKENS_MAX,
    });
    if (!answer.answered) return answer;
    const { freeText, droppedClaims } = validateFreeText(answer.raw, sheet);
    return { answered: true, freeText, provenance: { ...answer.provenance, droppedClaims } };
  }

  return {
    summarizeRequest: (sheet) => summarize(ofRequest, sheet),
    summarizeFinding: (sheet) => summarize(ofFinding, sheet),
    adviseReview: (sheet) => summarize(ofReview, sheet),
    readFreeText,
  };
}

function cappedSheet(sheet: FactSheet): FactSheet {
  return {
    facts: sheet.facts.map((fact) => ({ ...fact, text: fact.text.slice(0, FACT_TEXT_MAX) })),
    clauses: sheet.clauses,
  };
}
