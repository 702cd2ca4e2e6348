import { isDeepStrictEqual } from 'node:util';
import type { AdviceResult } from '../ports/adviser.ts';
import type { Story } from '../store/evidence/stories.ts';

type Told = Pick<Story, 'entries' | 'summary'> & { change: Pick<Story['change'], 'decision'> };

/**
 * What the model advised, as the audit has it: whoever decided could see the last one before. What is kept beside the
 * request can be changed, so it is only held against the audit. Null: it was not asked, or did not answer.
 */
export function adviceInWords({ change, entries, summary }: Told): string | null {
  const kept = summary?.advice ?? null;
  const given = entries.filter(({ type }) => type === 'adviceGiven');
  const decidedAt = change.decision?.at ?? null;
  const before = given.filter(({ at }) => decidedAt === null || at <= decidedAt).at(-1);
  const entry = before ?? given[0];
  if (entry === undefined)
    return kept === null ? null : `${said(kept)}; no entry of the audit that is at hand says so`;
  const number =
    entry.seq === null
      ? 'an entry that is not sealed yet'
      : `the audit entry with the sealed number ${entry.seq}`;
  const late = before === undefined ? ', which came only after the decision' : '';
  const isKept =
    entry !== given.at(-1) || kept === null || isDeepStrictEqual(adviceOf(given.at(-1)?.data), kept);
  const differs = isKept ? '' : '; WHAT IS KEPT BESIDE THE REQUEST IS ANOTHER';
  return `${said(adviceOf(entry.data))}, by ${number}${late}${differs}`;
}

/** Its entry also says which facts were read. */
function adviceOf(data: Record<string, unknown> | undefined): AdviceResult {
  const { factsSha256: _, ...advice } = data ?? {};
  return advice as AdviceResult;
}

function said(advice: AdviceResult): string {
  if (!advice.answered) return `none: ${advice.why}`;
  const { model, promptId, promptVersion } = advice.provenance;
  return `leaned to ${advice.advice.lean}: “${advice.advice.headline}” (model ${model}, prompt ${promptId} version ${promptVersion})`;
}
