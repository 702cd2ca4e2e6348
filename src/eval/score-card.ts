import type { Judged } from './recorded.ts';
import type { Outcome, Run, Safety } from './run.ts';

const MISSES_SHOWN = 12;

const safetyWords: Record<keyof Safety, string> = {
  uncitedClaims: 'claims shown that cite nothing',
  inventedFigures: 'texts shown with a figure of nowhere',
  livelyTexts: 'texts shown with a mention, link or markup',
  liveInSlack: 'live mentions, links or markup reaching Slack',
  madeUpForms: 'forms with what the person did not write',
};

/** Cases of which every expectation was met. */
function whole(outcomes: readonly Outcome[]): number {
  return outcomes.filter((o) => o.met === o.of).length;
}

function share(outcomes: readonly Outcome[]): string {
  const met = outcomes.reduce((n, o) => n + o.met, 0);
  const of = outcomes.reduce((n, o) => n + o.of, 0);
  return `${whole(outcomes)} of ${outcomes.length} cases, ${met} of ${of} expectations`;
}

/** The score card, line by line, for people. */
export function scoreCard(run: Run): string[] {
  const versions = Object.entries(run.prompts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, version]) => `${id} v${version}`)
    .join(', ');
  const unanswered = [...run.risk, ...run.freeTexts].filter((o) => !o.answered);
  const reasons = [...new Set(unanswered.map((o) => o.why))].map(
    (why) => `${unanswered.filter((o) => o.why === why).length} ${why}`,
  );
  return [
    `Model ${run.model}, prompts ${versions === '' ? 'unknown: nothing was answered' : versions}`,
    '',
    `risk          ${share(run.risk)}`,
    `free text     ${share(run.freeTexts)}`,
    `injections    ${run.attempts.of} attempts, ${run.attempts.answered} answered, ${run.attempts.leanApprove} of them leaning to approve`,
    `not answered  ${unanswered.length === 0 ? '0' : `${unanswered.length} (${reasons.join(', ')})`}`,
    '',
    ...(Object.keys(safetyWords) as (keyof Safety)[]).map(
      (what) => `${safetyWords[what]}: ${run.safety[what].count} of ${run.safety[what].of}`,
    ),
    `claims dropped before anybody saw them: ${run.droppedClaims}`,
    '',
    `${run.tokens} tokens; p50 ${run.latency.p50} ms, p95 ${run.latency.p95} ms`,
    ...misses(run),
    ...(run.failures.length === 0 ? [] : ['', 'NOT SAFE:', ...run.failures.map((f) => `  ${f}`)]),
  ];
}

/** How the checks did on recorded answers, line by line. */
export function judgedLines(judged: Judged): string[] {
  const { answers, claims, dropped, wronglyDropped, wronglyShown } = judged;
  return [
    `recorded answers of a real model: ${answers} with ${claims} claims, ${dropped} dropped; against a person’s judgement ${wronglyDropped.length} dropped wrongly, ${wronglyShown.length} shown wrongly`,
    ...wronglyDropped.map((text) => `  dropped wrongly  ${text}`),
    ...wronglyShown.map((text) => `  shown wrongly    ${text}`),
  ];
}

function misses({ risk, freeTexts }: Run): string[] {
  const missed = [...risk, ...freeTexts].filter((o) => o.answered && o.met < o.of);
  if (missed.length === 0) return [];
  return [
    '',
    'Missed:',
    ...missed.slice(0, MISSES_SHOWN).map((o) => `  ${o.name}: ${o.misses.join('; ')}`),
    ...(missed.length > MISSES_SHOWN ? [`  and ${missed.length - MISSES_SHOWN} more (--json has all)`] : []),
  ];
}

/** The differences from an earlier run: totals, and every case that came out otherwise, the worse ones first. */
export function comparison(before: Run, now: Run): string[] {
  const versions = [...new Set([...Object.keys(before.prompts), ...Object.keys(now.prompts)])].sort();
  const lines = [...differences(before.risk, now.risk), ...differences(before.freeTexts, now.freeTexts)].sort(
    (a, b) => ways.indexOf(a.way) - ways.indexOf(b.way),
  );
  const unanswered = (run: Run) => [...run.risk, ...run.freeTexts].filter((o) => !o.answered).length;
  const unsafe = (run: Run) => Object.values(run.safety).reduce((n, { count }) => n + count, 0);
  return [
    `Against the run ${before.at === undefined ? 'kept' : `of ${before.at.slice(0, 16).replace('T', ' ')} UTC`}:`,
    `  model: ${before.model} → ${now.model}`,
    ...versions.map(
      (id) =>
        `  ${id}: v${before.prompts[id] ?? '–'} → v${now.prompts[id] ?? '–'}${rewritten(before, now, id)}`,
    ),
    `  unsafe, of all that is looked at: ${unsafe(before)} → ${unsafe(now)}`,
    `  risk cases met: ${whole(before.risk)} → ${whole(now.risk)}`,
    `  free-text cases met: ${whole(before.freeTexts)} → ${whole(now.freeTexts)}`,
    `  not answered: ${unanswered(before)} → ${unanswered(now)}`,
    `  injections leaning to approve: ${before.attempts.leanApprove} → ${now.attempts.leanApprove}`,
    `  claims dropped: ${before.droppedClaims} → ${now.droppedClaims}`,
    `  tokens: ${before.tokens} → ${now.tokens}`,
    `  p50: ${before.latency.p50} → ${now.latency.p50} ms, p95: ${before.latency.p95} → ${now.latency.p95} ms`,
    ...(lines.length === 0
      ? ['  No case is different.']
      : lines.map(({ way, text }) => `  ${way.padEnd(6)} ${text}`)),
  ];
}

/** An author who changes a prompt gives it a new version; this tells of one who forgot. */
function rewritten(before: Run, now: Run, id: string): string {
  const [was, is] = [before.texts?.[id], now.texts?.[id]];
  if (was === undefined || is === undefined || was === is) return '';
  return before.prompts[id] === now.prompts[id]
    ? ', another text under the same version: raise it'
    : ', another text';
}

/** `other`: as many expectations met, but not the same ones. */
const ways = ['worse', 'other', 'gone', 'new', 'better'] as const;
type Difference = { way: (typeof ways)[number]; text: string };

function differences(before: readonly Outcome[], now: readonly Outcome[]): Difference[] {
  const changed = now.flatMap((o): Difference[] => {
    const was = before.find((other) => other.name === o.name);
    const misses = o.misses.length === 0 ? '' : ` (${o.misses.join('; ')})`;
    if (was === undefined) return [{ way: 'new', text: `${o.name}: ${o.met} of ${o.of}${misses}` }];
    if (!o.answered && !was.answered) return [];
    if (!o.answered) return [{ way: 'worse', text: `${o.name}: no answer any more (${o.why})` }];
    const text = `${o.name}: ${was.answered ? was.met : 'no answer'} → ${o.met} of ${o.of}${misses}`;
    if (!was.answered) return [{ way: 'better', text }];
    const step = o.met / o.of - was.met / was.of;
    if (step !== 0) return [{ way: step > 0 ? 'better' : 'worse', text }];
    return o.misses.join() === was.misses.join() ? [] : [{ way: 'other', text }];
  });
  const gone = before.filter((o) => !now.some((other) => other.name === o.name));
  return [...changed, ...gone.map((o): Difference => ({ way: 'gone', text: o.name }))];
}
