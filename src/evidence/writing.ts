import type { RawBuilder } from 'kysely';
import { type ListName, listTitles } from '../core/evidence/controls.ts';
import { countOf, shownQuery } from '../store/evidence/cursor.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Folder } from './folder.ts';
import { type OpenList, openList, type WrittenList } from './list.ts';
import type { PackParts, PackPlan } from './plan.ts';
import type { Proofs } from './proofs.ts';
import type { Drawn } from './samples.ts';
import type { TermsBook } from './terms.ts';

/** What every list of a pack is written with. */
export type Writing = {
  tx: Tx;
  folder: Folder;
  plan: PackPlan;
  parts: PackParts;
  lists: Map<ListName, WrittenList>;
  drawn: Drawn;
  /** Of each change that was drawn, and of the revoke that ended it: what was out of the ordinary about it. */
  noted: ReadonlyMap<string, string[]>;
  /** All of one checkpoint. */
  proofs: Proofs;
  /** What the catalogue asked of an entitlement at a time. */
  terms: TermsBook;
  /** It is open until all other lists are written: many parts have something to say in it. */
  exceptions: OpenList;
};

/** A list whose rows are told of in the story of each change that was drawn, too. */
export async function openNoted(
  { folder, noted }: Pick<Writing, 'folder' | 'noted'>,
  name: 'violations' | 'exceptions',
  columns: readonly string[],
): Promise<OpenList> {
  const list = await openList(folder, { name, title: listTitles[name], query: null, counted: null, columns });
  return {
    async add(row) {
      const said = name === 'violations' ? String(row.what) : `${row.kind}: ${row.what}`;
      noted.get(String(row.change))?.push(said);
      await list.add(row);
    },
    end: () => list.end(),
  };
}

/** A list of what a query gives: the pack shows the query, and what it counts when asked for the count alone. */
export async function openQueried(
  { tx, folder }: Pick<Writing, 'tx' | 'folder'>,
  name: ListName,
  query: RawBuilder<unknown>,
  columns: readonly string[],
): Promise<OpenList> {
  const counted = await countOf(tx, query);
  return await openList(folder, {
    name,
    title: listTitles[name],
    query: shownQuery(tx, query),
    counted,
    columns,
  });
}
