import type { FactSheet, SheetFact } from '../facts/request-facts.ts';
import type { Clause } from '../policy/catalogue.ts';
import { oneLine } from '../storable.ts';
import type { Insight } from './insight.ts';
import type { LineFacts } from './line.ts';

/** The numbered facts of one line, for the model's advice. `notes`: what the organisation says about its reviews. */
export function lineSheet(
  facts: LineFacts,
  insight: Insight,
  { notes, clauses }: { notes: readonly string[]; clauses: readonly Clause[] },
): FactSheet {
  const { person, approved } = facts;
  const lines: Labelled[] = [
    ['found', 'an access review: one access that somebody holds'],
    [
      'people',
      [person?.name, person?.title, person?.department].filter((part) => part != null).join(', '),
      true,
    ],
    ['count', '1'],
    [
      'held',
      `${facts.title}, tier ${facts.tier}, ${facts.sinceAt === null ? '' : `since ${day(facts.sinceAt)}, `}${facts.endsAt === null ? 'without an end' : `until ${day(facts.endsAt)}`}`,
    ],
    ...insightFact(insight),
    [
      'peers',
      `${facts.peers.holders} others hold it, ${facts.peers.inDepartment} of ${facts.peers.department} others in the same department`,
    ],
  ];
  if (approved !== null) {
    // A role and no name: a name is what somebody else has written.
    lines.push(['approved', `by a person on ${day(approved.at)}`]);
    if (approved.reason !== '') lines.push(['reason', approved.reason, true]);
  }
  if (facts.lastUsedAt !== undefined) lines.push(['used', usedInWords(facts.lastUsedAt)]);
  if (facts.conflicts.length > 0) lines.push(['conflicts', facts.conflicts.join('; ')]);
  for (const note of notes) lines.push(['note of the organisation', note]);
  return {
    facts: lines.map(
      ([label, text, untrusted = false], i): SheetFact => ({
        id: `f${i + 1}`,
        label,
        text: oneLine(text),
        untrusted,
      }),
    ),
    clauses: [...clauses],
  };
}

type Labelled = [label: string, text: string, untrusted?: boolean];

/** Who approved it is a fact of its own. The department in the insight is what a directory has in a free text. */
function insightFact({ kind, text }: Insight): Labelled[] {
  return kind === 'approved' ? [] : [['insight', text, kind === 'outOfLine']];
}

/** A use is known of Anypoint as a whole: nobody can say which access it was of. */
function usedInWords(lastUsedAt: Date | null): string {
  const last =
    lastUsedAt === null ? 'no use of Anypoint seen' : `Anypoint as a whole last on ${day(lastUsedAt)}`;
  return `${last}; whether this access was used is not known`;
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
