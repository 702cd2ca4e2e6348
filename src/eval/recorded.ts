import type { FactSheet } from '../core/facts/request-facts.ts';
import { Fault } from '../core/fault.ts';
import { validateAdvice } from '../model/validate-advice.ts';
import type { Advice } from '../ports/adviser.ts';
import type { Cases, Recorded } from './case-files.ts';
import { textsOf } from './scoring.ts';
import { sheetOf, sheetWith } from './sheets.ts';

/** How the checks did on answers that a person has judged. */
export type Judged = {
  answers: number;
  /** Headlines, risks and questions in them. */
  claims: number;
  dropped: number;
  /** Dropped, and a person would have shown it: `case: text`. */
  wronglyDropped: string[];
  /** Shown, and a person would have dropped it. */
  wronglyShown: string[];
};

/** Pure: puts the recorded answers of a real model through the checks. No model is asked. */
export function judgeRecorded(cases: Cases): Judged {
  const judged: Judged = { answers: 0, claims: 0, dropped: 0, wronglyDropped: [], wronglyShown: [] };
  for (const one of cases.recorded) {
    const texts = textsOf(one.answer as Advice);
    const shown = shownOf(one, sheetFor(cases, one));
    // A bad headline takes the rest with it, whoever judges.
    const good = one.drop.includes(one.answer.headline) ? [] : texts.filter((t) => !one.drop.includes(t));
    judged.answers += 1;
    judged.claims += texts.length;
    judged.dropped += texts.length - shown.length;
    judged.wronglyDropped.push(...good.filter((t) => !shown.includes(t)).map((t) => `${one.case}: ${t}`));
    judged.wronglyShown.push(...shown.filter((t) => !good.includes(t)).map((t) => `${one.case}: ${t}`));
  }
  return judged;
}

function shownOf({ answer }: Recorded, sheet: FactSheet): string[] {
  const { advice } = validateAdvice(answer, sheet);
  return advice === null ? [] : textsOf(advice);
}

function sheetFor({ company, risk, attempts }: Cases, { case: name }: Recorded): FactSheet {
  const given = risk.find((c) => c.name === name);
  if (given !== undefined) return sheetOf(company, given);
  const attempt = attempts.find(({ id }) => id === name);
  if (attempt !== undefined) return sheetWith(company, attempt);
  throw new Fault('config.invalid', `recorded/risk.yaml: there is no case or attempt “${name}”`, {
    retryable: false,
  });
}
