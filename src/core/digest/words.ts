import { isPending } from '../change/states.ts';
import type { Usage } from '../usage/usage.ts';
import type { DigestLine, LineKind } from './digest.ts';

const DAY_MS = 86_400_000;

/** How one day is written, and names of others made safe. */
export type LineNames = { time: (at: Date) => string; safe: (text: string) => string };

const counted: Record<LineKind, [one: string, many: string]> = {
  conflict: ['conflict', 'conflicts'],
  found: ['that nobody asked for', 'that nobody asked for'],
  returned: ['used again', 'used again'],
  unused: ['unused', 'unused'],
  privileged: ['privileged', 'privileged'],
  before: ['from before Latchkey', 'from before Latchkey'],
  ending: ['ending', 'ending'],
  new: ['new', 'new'],
};

/** Pure: `3 unused, 1 ending, 4 new`. */
export function countsInWords(counts: Partial<Record<LineKind, number>>): string {
  return (Object.keys(counted) as LineKind[])
    .flatMap((kind) => {
      const n = counts[kind] ?? 0;
      return n === 0 ? [] : [`${n} ${counted[kind][n === 1 ? 0 : 1]}`];
    })
    .join(', ');
}

/** Pure: why a line is there, each reason a sentence of its own. */
export function reasonsInWords(
  line: Pick<DigestLine, 'kinds' | 'facts'> & { conflictsWith: string | null },
  madeAt: Date,
  { time, safe }: LineNames,
): string[] {
  const { facts } = line;
  const reasons: Record<LineKind, () => string> = {
    conflict: () => `Also has *${safe(line.conflictsWith ?? '')}*, and nobody may have both.`,
    found: () => 'Found in the group; nobody asked for it.',
    returned: () =>
      facts.silence === null
        ? ''
        : `Used Anypoint on ${time(facts.silence.at)}, after ${days(facts.silence.lastAt, facts.silence.at)} without.`,
    unused: () =>
      facts.usage === null
        ? 'Unused: no sign-in to Anypoint is known.'
        : `Unused: ${lastUseInWords(facts.usage, { time, safe })}, ${days(facts.usage.at, madeAt)} ago.`,
    privileged: () => 'Privileged.',
    before: () => 'There before Latchkey, and without an end.',
    ending: () => 'Ends within the week.',
    new: () => 'New this week.',
  };
  return line.kinds.map((kind) => reasons[kind]()).filter((text) => text !== '');
}

/** Pure: when and how somebody was last seen in Anypoint. It says no more than its source knows. */
function lastUseInWords(
  { at, source, what }: Pick<Extract<Usage, { known: 'used' }>, 'at' | 'source' | 'what'>,
  { time, safe }: LineNames,
): string {
  switch (source) {
    case 'anypointAudit':
      return `last active in Anypoint ${time(at)}${what === null ? '' : ` (${safe(what)})`}`;
    case 'anypointUsers':
      return `last signed in to Anypoint ${time(at)}`;
    case 'idpSignIns':
      return `last opened Anypoint ${time(at)}`;
    default:
      return source satisfies never;
  }
}

function days(from: Date, to: Date): string {
  const n = Math.max(0, Math.floor((to.getTime() - from.getTime()) / DAY_MS));
  return n === 1 ? 'one day' : `${n} days`;
}

/** Pure: what became of a line; null: nothing was said yet. */
export function answerInWords(
  line: Pick<DigestLine, 'answer' | 'state' | 'kinds'>,
  names: LineNames,
): string | null {
  const { answer, state } = line;
  if (line.kinds.includes('found')) return foundInWords(state);
  if (answer === null) return null;
  const by = names.safe(answer.byName);
  switch (answer.verb) {
    case 'keep':
      return `Kept by ${by}.`;
    case 'notRenewed':
      return `${by} said that it is not to be renewed: it ends when it ends.`;
    case 'ask':
      return answer.reply === undefined
        ? `${by} has asked whether it is still needed. No answer yet.`
        : `Still needed, they said ${names.time(answer.reply.at)}.`;
    case 'revoke':
      return revokeInWords(state, by);
    default:
      return answer.verb satisfies never;
  }
}

function revokeInWords(state: DigestLine['state'], by: string): string {
  switch (state) {
    case 'inEffect':
      return `Taken away by ${by}; gone from MuleSoft.`;
    case 'late':
      return `Taken away by ${by}; *still in MuleSoft*, and the alarm is raised.`;
    case 'failed':
      return `Taken away by ${by}; but it could not be written, and has to be removed by hand.`;
    case 'superseded':
      return `Taken away by ${by}; given anew meanwhile, so it stays.`;
    default:
      return `Being taken away, as ${by} said.`;
  }
}

function foundInWords(state: DigestLine['state']): string | null {
  if (state === null || isPending(state)) return null;
  return state === 'denied' ? 'Not kept: it is taken away.' : 'Decided.';
}
