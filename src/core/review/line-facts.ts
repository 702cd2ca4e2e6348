import type { FactSheet, SheetFact } from '../facts/request-facts.ts';
import type { Clause } from '../policy/catalogue.ts';
import { oneLine } from '../storable.ts';
import type { LineFacts } from './line.ts';

/** The numbered facts of one line, for the model's advice. `notes`: what the organisation says about its reviews. */
export function lineSheet(
  facts: LineFacts,
  insight: string,
  { notes, clauses }: { notes: readonly string[]; clauses: readonly Clause[] },
): FactSheet {
  const { person, approved } = facts;
  const day = (at: Date) => at.toISOString().slice(0, 10);
  const lines: [label: string, text: string, untrusted?: boolean][] = [
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
    ['insight', insight],
    [
      'peers',
      `${facts.peers.holders} others hold it, ${facts.peers.inDepartment} of ${facts.peers.department} others in the same department`,
    ],
  ];
  if (approved !== null) {
    lines.push(['approved', `by ${approved.by} on ${day(approved.at)}`]);
    if (approved.reason !== '') lines.push(['reason', approved.reason, true]);
  }
  if (facts.lastUsedAt !== undefined)
    lines.push(['used', facts.lastUsedAt === null ? 'no use seen' : `last on ${day(facts.lastUsedAt)}`]);
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
