import type { RawBuilder } from 'kysely';
import { type ListName, listTitles } from '../core/evidence/controls.ts';
import { countOf, shownQuery } from '../store/evidence/cursor.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Draws } from './draw.ts';
import type { Exceptions } from './exceptions.ts';
import type { Folder } from './folder.ts';
import { type OpenList, openList, type WrittenList } from './list.ts';
import type { PackParts, PackPlan } from './plan.ts';
import type { Proofs } from './proofs.ts';
import type { TermsBook } from './terms.ts';

/** What every list of a pack is written with. */
export type Writing = {
  tx: Tx;
  folder: Folder;
  plan: PackPlan;
  parts: PackParts;
  lists: Map<ListName, WrittenList>;
  /** The samples, which are drawn while the lists are written. */
  draws: Draws;
  /** All of one checkpoint. */
  proofs: Proofs;
  /** What the catalogue asked of an entitlement at a time. */
  terms: TermsBook;
  /** It is open until all other lists are written: many parts have something to say in it. */
  exceptions: Exceptions;
};

/** A list that is picked from the others. */
export async function openPicked(
  { folder }: Pick<Writing, 'folder'>,
  name: ListName,
  columns: readonly string[],
): Promise<OpenList> {
  return await openList(folder, { name, title: listTitles[name], query: null, counted: null, columns });
}

/** A list of what a query gives: the pack shows the query, and what it counts when asked for the count alone. */
export async function openQueried(
  { tx, folder, draws }: Pick<Writing, 'tx' | 'folder' | 'draws'>,
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
    draw: draws[name],
  });
}
