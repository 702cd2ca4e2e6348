import type { Change } from '../change/change.ts';
import type { Verdict } from '../policy/verdict.ts';

/** Pure: why a request came to what it came to, in plain sentences out of what was recorded then. */
export function whyInWords(change: Change, title: string): string[] {
  const about = `You asked for ${title}.`;
  const next = nextOf(change);
  return [about, ...causeOf(change), ...rulesOf(change.verdict), ...(next === null ? [] : [next])];
}

function causeOf(change: Change): string[] {
  const { decision, refusal } = change;
  switch (change.state) {
    case 'refused':
      return ['It was refused by rule, so nobody was asked.', refusal?.text ?? ''].filter(
        (line) => line !== '',
      );
    case 'denied':
      return [
        `${decision?.byName ?? 'An approver'} denied it.`,
        ...(decision?.note ? [`Their reason: ${decision.note}`] : []),
      ];
    case 'withdrawn':
      return [`${decision?.byName ?? 'Somebody'} took it back before it was decided.`];
    case 'lapsed':
      return ['Nobody decided in time, so it lapsed; that says nothing about the request itself.'];
    case 'closed':
      return [`It was closed undecided: ${decision?.note ?? 'whoever asked, or whom it was for, has left'}.`];
    case 'received':
    case 'asking':
      return ['It is not decided yet.'];
    case 'failed':
      return [
        'It was approved, but could not be carried out.',
        ...(change.failure === null ? [] : [`What came back: ${change.failure.text}.`]),
      ];
    default:
      return [`${decision?.byName === 'rule' ? 'A rule' : (decision?.byName ?? 'An approver')} approved it.`];
  }
}

/** The grounds as they were recorded, with the clauses of the written policy. */
function rulesOf(verdict: Verdict | null): string[] {
  if (verdict === null || verdict.grounds.length === 0) return [];
  const grounds = verdict.grounds.map(({ text, clause }) => (clause === null ? text : `${text} (${clause})`));
  return [`What the rules said: ${grounds.join('; ')}.`];
}

function nextOf({ state, refusal }: Change): string | null {
  if (state === 'refused') return refusal?.next ?? null;
  if (state === 'denied') return 'If things change, ask again with /access and say what is different.';
  return state === 'lapsed' ? 'Ask again with /access.' : null;
}
