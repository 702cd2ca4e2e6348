import type { KnownBlock } from '@slack/types';
import type { Verdict } from '../../core/policy/verdict.ts';
import type { Advice, AdviceResult } from '../../ports/adviser.ts';
import type { Summary } from '../../store/summaries.ts';
import { section } from '../blocks.ts';
import { mrkdwn, plain, plainLines } from '../mrkdwn.ts';
import { disagreement } from './disagreement.ts';

const severities = { low: 'Low risk', medium: 'Medium risk', high: 'High risk' } as const;
const whyNoAdvice: Record<Extract<AdviceResult, { answered: false }>['why'], string> = {
  slow: 'it took too long',
  down: 'it can’t be reached',
  refused: 'it declined to answer',
  'off-schema': 'its answer could not be read',
  'nothing left after checking': 'nothing in its answer stood up to checking',
  'budget spent': 'what it may cost today is spent',
  'not configured': 'none is configured',
};

const leanings = { approve: 'approve', deny: 'deny', 'ask more': 'ask more first' } as const;
/** Labels of the fact sheet that are not plain words already. */
export const factNames: Record<string, string> = { peers: 'who holds it', verdict: 'the rules' };

/** The advice in a line for the card; all of it is behind *Details*. */
export function adviceLine(summary: Summary, verdict: Verdict | null): KnownBlock[] {
  const { advice } = summary;
  if (advice === null || !advice.answered) return adviceBlocks(summary, verdict);
  const { headline, lean } = advice.advice;
  return [
    {
      type: 'context',
      elements: [plain(`Advice of the model (it decides nothing): ${leanings[lean]}. ${headline}`)],
    },
    ...disagreementBlocks(verdict, lean),
  ];
}

function disagreementBlocks(verdict: Verdict | null, lean: Advice['lean']): KnownBlock[] {
  const apart = disagreement(verdict, lean);
  return apart === null ? [] : [section(mrkdwn(`:warning: *${apart}*`))];
}

/** The model's words, plainly as advice, in blocks that interpret nothing. */
export function adviceBlocks({ advice, sheet }: Summary, verdict: Verdict | null = null): KnownBlock[] {
  if (advice === null)
    return [
      { type: 'context', elements: [plain('Advice: the model is being asked; you need not wait for it.')] },
    ];
  if (!advice.answered)
    return [
      {
        type: 'context',
        elements: [
          plain(`No advice from the model: ${whyNoAdvice[advice.why]}. The summary by rule stands.`),
        ],
      },
    ];
  const { headline, risks, questions, lean } = advice.advice;
  const label = (id: string) => {
    const found = sheet.facts.find((f) => f.id === id)?.label ?? id;
    return factNames[found] ?? found;
  };
  // A clause says more than the facts it bears on.
  const sources = (r: { facts: string[]; clauses: string[] }) =>
    (r.clauses.length > 0 ? r.clauses : r.facts.map(label)).join(', ');
  const lines = [
    `Advice of the model (it decides nothing): ${leanings[lean]}.`,
    headline,
    ...risks.map((r) => `• ${severities[r.severity]}: ${r.text} (${sources(r)})`),
    ...questions.map((q) => `• To ask: ${q}`),
  ];
  return [
    section(plainLines(lines)),
    ...disagreementBlocks(verdict, lean),
    { type: 'context', elements: [plain(`Model: ${advice.provenance.model}`)] },
  ];
}
