import type { Page } from '../ports/page.ts';

/** Fewer are asked about one by one. */
const MANY = 10;
/** A page of a list is worth so many single questions. */
const A_PAGE_FOR = 4;

/**
 * The rows that were asked about (`isAsked`) of a whole list, where reading it takes fewer calls than asking about so
 * many of it one by one; null: where not. A list that does not say how long it is turns out to be too long as it is
 * read. Of a long list no more than a page is held.
 */
export async function manyOf<Row>(
  asked: number,
  pageFrom: (from: string | null) => Promise<Page<Row> & { total?: number }>,
  isAsked: (row: Row) => boolean,
): Promise<Row[] | null> {
  if (asked < MANY) return null;
  const pagesMax = Math.ceil(asked / A_PAGE_FOR);
  const rows: Row[] = [];
  let from: string | null = null;
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const page: Page<Row> & { total?: number } = await pageFrom(from);
    const { total = 0 } = page;
    if (total > page.rows.length * pagesMax && page.next !== null && pages === 0) return null;
    for (const row of page.rows) if (isAsked(row)) rows.push(row);
    if (page.next === null) return rows;
    from = page.next;
  }
  return null;
}
