import type { WhyNoAnswer } from '../ports/adviser.ts';
import { type AdviserSettings, createAdviser } from './adviser.ts';

/** The remedy for each reason for no answer. The server's own words stand before it. */
const REMEDIES: Partial<Record<WhyNoAnswer, string>> = {
  slow: 'take a faster model or a nearer server; until then cards go out without its advice',
  down: 'check OPENAI_BASE_URL (with /v1), OPENAI_API_KEY and OPENAI_MODEL, and whether the server runs',
  refused: 'the provider’s filter stops the prompt: loosen it there, or take another model',
  'off-schema': 'take a model that can answer in JSON',
};

/** Asks the model one question, as somebody’s first words would. Answers what is wrong and what to do, or null. */
export async function checkModel(settings: AdviserSettings): Promise<string | null> {
  let detail: string | null = null;
  const adviser = createAdviser({
    ...settings,
    // As long as a card waits for its advice: a model that needs longer gives none.
    freeTextBudgetMs: settings.budgetMs ?? CHECK_BUDGET_MS,
    onTrouble: (trouble) => {
      detail = trouble?.detail ?? null;
    },
  });
  const read = await adviser.readFreeText({
    text: 'I need to read the logs for one day',
    candidates: [{ key: 'logs', title: 'Logs: read', gives: 'reading logs' }],
  });
  if (read.answered) return null;
  const { why } = read;
  const said = (detail ?? why).replace(/\.$/, '');
  const remedy = REMEDIES[why];
  return remedy === undefined ? said : `${said}: ${remedy}`;
}

const CHECK_BUDGET_MS = 8_000;
