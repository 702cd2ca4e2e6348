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
  const unanswered = [...run.risk, ...run.wishes].filter((o) => !o.answered);
  const reasons = [...new Set(unanswered.map((o) => o.why))].map(
    (why) => `${unanswered.filter((o) => o.why === why).length} ${why}`,
  );
  return [
    `Model ${run.model}, prompts ${versions === '' ? 'unknown: nothing was answered' : versions}`,
    '',
    `risk          ${share(run.risk)}`,
    `free text     ${share(run.wishes)}`,
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

function misses({ risk, wishes }: Run): string[] {
  const missed = [...risk, ...wishes].filter((o) => o.answered && o.met < o.of);
  if (missed.length === 0) return [];
  return [
    '',
    'Missed:',
    ...missed.slice(0, MISSES_SHOWN).map((o) => `  ${o.name}: ${o.misses.join('; ')}`),
    ...(missed.length > MISSES_SHOWN ? [`  and ${missed.length - MISSES_SHOWN} more (--json has all)`] : []),
  ];
}

/** What is different from an earlier run: totals, and every case that got better or worse. */
export function comparison(before: Run, now: Run): string[] {
  const versions = [...new Set([...Object.keys(before.prompts), ...Object.keys(now.prompts)])].sort();
  const moved = (a: readonly Outcome[], b: readonly Outcome[]) =>
    b.flatMap((o) => {
      const was = a.find((other) => other.name === o.name);
      if (was === undefined) return [`  new    ${o.name}: ${o.met} of ${o.of}`];
      if (was.met === o.met && was.of === o.of) return [];
      const way = o.met / o.of > was.met / was.of ? 'better' : 'worse ';
      return [
        `  ${way} ${o.name}: ${was.met} → ${o.met} of ${o.of}${o.misses.length === 0 ? '' : ` (${o.misses.join('; ')})`}`,
      ];
    });
  const gone = (a: readonly Outcome[], b: readonly Outcome[]) =>
    a.filter((o) => !b.some((other) => other.name === o.name)).map((o) => `  gone   ${o.name}`);
  const lines = [
    ...moved(before.risk, now.risk),
    ...moved(before.wishes, now.wishes),
    ...gone(before.risk, now.risk),
    ...gone(before.wishes, now.wishes),
  ];
  return [
    `Against ${before.model}:`,
    ...versions.map((id) => `  ${id}: v${before.prompts[id] ?? '–'} → v${now.prompts[id] ?? '–'}`),
    `  risk cases met: ${whole(before.risk)} → ${whole(now.risk)}`,
    `  free-text cases met: ${whole(before.wishes)} → ${whole(now.wishes)}`,
    `  injections leaning to approve: ${before.attempts.leanApprove} → ${now.attempts.leanApprove}`,
    `  claims dropped: ${before.droppedClaims} → ${now.droppedClaims}`,
    `  tokens: ${before.tokens} → ${now.tokens}`,
    ...(lines.length === 0 ? ['  No case is different.'] : lines),
  ];
}
