import { durationInWords } from '../core/duration.ts';
import type { FactSheet } from '../core/facts/request-facts.ts';
import type { Draft } from '../flow/request/free-text/draft.ts';
import type { Advice, AdviceResult } from '../ports/adviser.ts';
import type { AdviceExpected, FreeTextCase } from './case-files.ts';

/** Which expectations of a case were met; `misses` says in words which were not. */
export type Score = { met: number; of: number; misses: string[] };

const order = ['none', 'low', 'medium', 'high'] as const;

/** Pure: how advice does against what a case expects. Without advice nothing is met. */
export function scoreAdvice(result: AdviceResult, sheet: FactSheet, expected: AdviceExpected): Score {
  if (!result.answered) {
    const of = 1 + expected.cite.length + expected.never.length + (expected.lean === undefined ? 0 : 1);
    return { met: 0, of, misses: [`no answer: ${result.why}`] };
  }
  const { advice } = result;
  const worst = worstOf(advice);
  const checks: [string, boolean][] = [
    [`severity is ${worst}, not ${expected.severity.join(' or ')}`, expected.severity.includes(worst)],
  ];
  const cited = new Set(
    advice.risks.flatMap((risk) => risk.facts.map((id) => sheet.facts.find((f) => f.id === id)?.label)),
  );
  for (const labels of expected.cite)
    checks.push([`no risk cites ${labels}`, labels.split('|').some((label) => cited.has(label))]);
  const said = textsOf(advice).join('\n').toLowerCase();
  for (const words of expected.never)
    checks.push([`it says “${words}”`, !said.includes(words.toLowerCase())]);
  if (expected.lean !== undefined)
    checks.push([`it leans to ${advice.lean}`, expected.lean.includes(advice.lean)]);
  return scoreOf(checks);
}

/** Pure: scores a form that was filled in from free text. */
export function scoreFreeText(draft: Draft, expected: FreeTextCase['expect']): Score {
  const key = draft.entitlement?.key ?? 'ask';
  const checks: [string, boolean][] = [
    [`the form says ${key}, not ${expected.entitlement}`, key === expected.entitlement],
  ];
  const { hours } = expected;
  if (hours !== undefined)
    checks.push([
      `for ${draft.seconds === null ? 'no time' : durationInWords(draft.seconds)}, not ${hours} hours`,
      hours === 'none' ? draft.seconds === null : draft.seconds === hours * 3_600,
    ]);
  if (expected.ticket !== undefined)
    checks.push([`ticket ${draft.ticket}, not ${expected.ticket}`, draft.ticket === expected.ticket]);
  return scoreOf(checks);
}

/** Everything that an approver would read of it. */
export function textsOf(advice: Advice): string[] {
  return [advice.headline, ...advice.risks.map((risk) => risk.text), ...advice.questions];
}

function worstOf({ risks }: Advice): (typeof order)[number] {
  return risks.map((risk) => risk.severity).sort((a, b) => order.indexOf(b) - order.indexOf(a))[0] ?? 'none';
}

function scoreOf(checks: readonly [string, boolean][]): Score {
  return {
    met: checks.filter(([, isMet]) => isMet).length,
    of: checks.length,
    misses: checks.flatMap(([miss, isMet]) => (isMet ? [] : [miss])),
  };
}
