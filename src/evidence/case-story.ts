import { listTitles } from '../core/evidence/controls.ts';
import { timeInWords } from '../core/evidence/words.ts';
import type { CaseEntry } from '../store/evidence/stories.ts';
import { entryInWords } from '../web/entry-words.ts';
import type { Sampled } from './draw.ts';
import type { Row } from './list.ts';
import { inWords } from './page-table.ts';
import type { PackParts } from './plan.ts';
import type { ToldStory } from './story.ts';

/** A case that is told by its row, its own audit entries, and the stories of the changes that it is about. */
export type CaseStory = ToldStory & { changes: ToldStory[] };

type Case = {
  of: Sampled;
  key: string;
  row: Row;
  columns: readonly string[];
  entries: readonly CaseEntry[];
  /** The file that proves an entry, by the entry's id. */
  proofs: ReadonlyMap<string, string>;
};

export function caseStory(
  { of, key, row, columns, entries, proofs }: Case,
  changes: ToldStory[],
  { idpName }: Pick<PackParts, 'idpName'>,
): CaseStory {
  const text = (value: Row[string] | undefined) =>
    Array.isArray(value)
      ? value.join('; ')
      : value instanceof Date
        ? timeInWords(value.toISOString())
        : String(value);
  const person = row.person ?? row.account ?? 'somebody whom Latchkey does not know';
  return {
    id: key,
    title: `${listTitles[of]}: ${text(person)}`,
    person: row.email == null ? text(person) : `${text(person)} <${text(row.email)}>`,
    entitlement: row.entitlement == null ? '' : text(row.entitlement),
    facts: columns
      .filter((column) => row[column] != null && text(row[column]) !== '')
      .map((column) => ({ label: inWords(column), value: text(row[column]) })),
    grounds: [],
    clauses: [],
    timeline: entries.map(({ id, seq, ...entry }) => {
      const { text: what, actor } = entryInWords(entry, idpName(null));
      return { seq, at: entry.at.toISOString(), who: actor, what, proof: proofs.get(id) ?? null };
    }),
    changes,
  };
}
