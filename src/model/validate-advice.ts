import type { FactSheet } from '../core/facts/request-facts.ts';
import type { Advice, Risk } from '../ports/adviser.ts';
import type { RawAdvice } from './advice-schema.ts';
import { faultOf, plainForm, type Source, sourceOf, wholeOf } from './text-check.ts';

const HEADLINE_MAX = 120;
const RISK_TEXT_MAX = 200;
const RISKS_MAX = 3;
const QUESTION_MAX = 160;
const QUESTIONS_MAX = 3;

export type ValidatedAdvice = {
  /** Null when nothing is left that could be shown. */
  advice: Advice | null;
  /** Headline, risks and questions that were thrown away, whatever for. */
  droppedClaims: number;
};

/**
 * Pure. Keeps only the parts of the model's answer that the sheet bears out.
 * - A risk must cite facts, and only facts and clauses that exist. It may hold only numbers and names of those it
 *   cites.
 * - Headline and questions cite nothing. They may hold only numbers and names of the sheet.
 * - No text may give orders. None may tell of an approval that no fact of ours tells of. None may speak a stranger's
 *   words as its own.
 *
 * A bad headline, or risks of which none is left, throws away the whole.
 */
export function validateAdvice(raw: RawAdvice, sheet: FactSheet): ValidatedAdvice {
  const facts = new Map(sheet.facts.map((fact) => [fact.id, fact]));
  const clauses = new Map(sheet.clauses.map((clause) => [clause.id, clause]));
  const asText = (clause: { id: string; text: string }) => ({
    text: `${clause.id} ${clause.text}`,
    untrusted: false,
  });
  const topic = sourceOf(sheet.facts.filter(({ label }) => label === 'entitlement'));
  const everything = sourceOf([...sheet.facts, ...sheet.clauses.map(asText)]);
  const whole = wholeOf(sheet);
  const isGood = (text: string, maxLength: number, source: Source) =>
    faultOf(text, maxLength, source, whole) === null;

  const keepRisk = (risk: RawAdvice['risks'][number]): Risk[] => {
    const citedFacts = [...new Set(risk.facts)];
    const citedClauses = [...new Set(risk.clauses)];
    if (citedFacts.length === 0) return [];
    if (!citedFacts.every((id) => facts.has(id)) || !citedClauses.every((id) => clauses.has(id))) return [];
    const source = sourceOf([
      ...sheet.facts.filter(({ id }) => citedFacts.includes(id)),
      ...sheet.clauses.filter(({ id }) => citedClauses.includes(id)).map(asText),
    ]);
    // The entitlement may be called by its name anywhere; its figures only where it is cited.
    for (const word of topic.words) source.words.add(word);
    const text = plainForm(risk.text);
    if (!isGood(text, RISK_TEXT_MAX, source)) return [];
    return [{ text, severity: risk.severity, facts: citedFacts, clauses: citedClauses }];
  };

  const headline = plainForm(raw.headline);
  const isHeadlineGood = isGood(headline, HEADLINE_MAX, everything);
  const risks = raw.risks.flatMap(keepRisk).slice(0, RISKS_MAX);
  const questions = raw.questions
    .map(plainForm)
    .filter((question) => isGood(question, QUESTION_MAX, everything))
    .slice(0, QUESTIONS_MAX);
  const droppedClaims =
    raw.risks.length - risks.length + raw.questions.length - questions.length + (isHeadlineGood ? 0 : 1);
  // Without any of the risks it gave, what the model leans to has lost its reasons.
  const hasLostItsReasons = raw.risks.length > 0 && risks.length === 0;
  if (!isHeadlineGood || hasLostItsReasons) return { advice: null, droppedClaims };
  return {
    advice: { headline, risks, questions, lean: raw.lean },
    droppedClaims,
  };
}
