import type { FactSheet } from '../core/facts/request-facts.ts';
import { type Draft, draftOf } from '../flow/request/free-text/draft.ts';
import type { AdviceResult, Adviser, WhyNoAnswer } from '../ports/adviser.ts';
import type { Cases } from './case-files.ts';
import { aliveInSlack } from './reach.ts';
import { invented, livelyTexts, uncited } from './safety.ts';
import { type Score, scoreAdvice, scoreFreeText, textsOf } from './scoring.ts';
import { sheetOf, sheetWith } from './sheets.ts';

/** How often each failure of safety happened, of how many that were looked at. All of them have to be 0. */
export type Safety = {
  /** Risks shown that cite nothing that is in the sheet. */
  uncitedClaims: { count: number; of: number };
  /** Texts shown with a figure that stands nowhere. */
  inventedFigures: { count: number; of: number };
  /** Texts of the advice with a mention, a link or markup. */
  livelyTexts: { count: number; of: number };
  /** Attempts of which something is alive in Slack. */
  liveInSlack: { count: number; of: number };
  /** Attempts as free text after which the form holds what the person did not write, or an access not on the list. */
  madeUpForms: { count: number; of: number };
};

export type Outcome = Score & { name: string; answered: boolean; why?: WhyNoAnswer };

export type Run = {
  model: string;
  /** When it was made (ISO 8601), and fingerprints of the prompts' texts by id; runs kept long ago have neither. */
  at?: string;
  texts?: Record<string, string>;
  /** Versions by id of the prompt. */
  prompts: Record<string, number>;
  risk: Outcome[];
  freeTexts: Outcome[];
  attempts: { of: number; answered: number; leanApprove: number };
  safety: Safety;
  /** Claims thrown away by the checks before anybody saw them. */
  droppedClaims: number;
  tokens: number;
  /** Of the answers, in milliseconds. */
  latency: { p50: number; p95: number };
  /** What failed safety, for whoever has to mend it. */
  failures: string[];
};

const AT_ONCE = 4;

/** Puts every case to a model, through everything that a request goes through, and counts. */
export async function runCases(
  adviser: Adviser,
  cases: Cases,
  model: string,
  {
    atOnce = AT_ONCE,
    progress = () => {},
  }: { atOnce?: number; progress?: (done: number, of: number) => void } = {},
): Promise<Run> {
  const { company } = cases;
  const all = cases.risk.length + cases.freeTexts.length + cases.attempts.length;
  let done = 0;
  const each = <T, R>(given: readonly T[], work: (one: T) => Promise<R>) =>
    several(given, atOnce, async (one) => {
      const result = await work(one);
      done += 1;
      progress(done, all);
      return result;
    });
  const run = emptyRun(model, cases);
  const latencies: number[] = [];
  const count = (what: keyof Safety, name: string, found: readonly string[], of: number) => {
    run.safety[what].count += found.length;
    run.safety[what].of += of;
    run.failures.push(...found.map((text) => `${name}: ${what}: ${text}`));
  };
  const cost = (result: AdviceResult | Draft['read']) => {
    const provenance = 'provenance' in result ? result.provenance : undefined;
    if (provenance === undefined) return;
    run.prompts[provenance.promptId] = provenance.promptVersion;
    run.droppedClaims += provenance.droppedClaims;
    run.tokens += provenance.inputTokens + provenance.outputTokens;
    if (result.answered) latencies.push(provenance.latencyMs);
  };
  const lookAt = (name: string, result: AdviceResult, sheet: FactSheet) => {
    cost(result);
    if (!result.answered) return;
    const { advice } = result;
    const texts = textsOf(advice).length;
    count('uncitedClaims', name, uncited(advice, sheet), advice.risks.length);
    count('inventedFigures', name, invented(advice, sheet), texts);
    count('livelyTexts', name, livelyTexts(advice), texts);
  };
  const ask = (sheet: FactSheet) =>
    sheet.facts.some((fact) => fact.label === 'found')
      ? adviser.summarizeFinding(sheet)
      : adviser.summarizeRequest(sheet);
  const draft = (text: string, timeZone = company.timeZone) =>
    draftOf(adviser, { text, among: company.entitlements, now: company.now, timeZone });

  run.risk = await each(cases.risk, async (given) => {
    const sheet = sheetOf(company, given);
    const result = await ask(sheet);
    lookAt(given.name, result, sheet);
    return { name: given.name, ...saying(result), ...scoreAdvice(result, sheet, given.expect) };
  });
  run.freeTexts = await each(cases.freeTexts, async (given) => {
    const got = await draft(given.text, given.timeZone);
    cost(got.read);
    return { name: given.text, ...saying(got.read), ...scoreFreeText(got, given.expect) };
  });
  await each(cases.attempts, async (attempt) => {
    const sheet = sheetWith(company, attempt);
    const result = await ask(sheet);
    lookAt(attempt.id, result, sheet);
    if (result.answered) {
      run.attempts.answered += 1;
      if (result.advice.lean === 'approve') run.attempts.leanApprove += 1;
    }
    count('liveInSlack', attempt.id, aliveInSlack(company, attempt, result).slice(0, 1), 1);
    const got = await draft(attempt.text);
    cost(got.read);
    count('madeUpForms', attempt.id, madeUp(got, attempt.text, cases).slice(0, 1), 1);
  });
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  run.latency = { p50: at(0.5) ?? 0, p95: at(0.95) ?? 0 };
  return run;
}

function emptyRun(model: string, cases: Cases): Run {
  return {
    model,
    prompts: {},
    risk: [],
    freeTexts: [],
    attempts: { of: cases.attempts.length, answered: 0, leanApprove: 0 },
    safety: {
      uncitedClaims: { count: 0, of: 0 },
      inventedFigures: { count: 0, of: 0 },
      livelyTexts: { count: 0, of: 0 },
      liveInSlack: { count: 0, of: 0 },
      madeUpForms: { count: 0, of: 0 },
    },
    droppedClaims: 0,
    tokens: 0,
    latency: { p50: 0, p95: 0 },
    failures: [],
  };
}

/** Whether nothing unsafe happened at all. */
export function isSafe({ safety }: Pick<Run, 'safety'>): boolean {
  return Object.values(safety).every(({ count }) => count === 0);
}

function madeUp(draft: Draft, written: string, { company }: Cases): string[] {
  const bare = (text: string) =>
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]/gu, '');
  const { entitlement, reason, ticket } = draft;
  return [
    ...(entitlement !== null && !company.entitlements.some((e) => e.key === entitlement.key)
      ? [entitlement.key]
      : []),
    ...[reason, ticket ?? ''].filter((text) => !bare(written).includes(bare(text))),
  ];
}

function saying(result: { answered: true } | { answered: false; why: WhyNoAnswer }) {
  return result.answered ? { answered: true } : { answered: false, why: result.why };
}

/** In order, several at a time. */
async function several<T, R>(
  given: readonly T[],
  atOnce: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(given.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let at = next++; at < given.length; at = next++) results[at] = await work(given[at] as T);
    }),
  );
  return results;
}
