import type { z } from 'zod';
import { Fault } from '../core/fault.ts';
import { readAnswer, type Session } from './session.ts';

/**
 * A root organisation holds 10,000 users, 10,000 clients, 2,000 connected apps and 1,000 teams at most (docs, limits).
 */
const ROWS_MAX = 10_000;

export type List<Page, Row> = {
  path: string;
  query: Record<string, string>;
  /** The largest page that the API gives. */
  limit: number;
  schema: z.ZodType<Page>;
  /** Every API of Anypoint wraps its rows another way. Without a total only an empty page ends the list. */
  rows: (page: Page) => { rows: Row[]; total?: number | undefined };
};

/** Every row of a list. A list without end is a bad answer (`mulesoft.bad_answer`), never a short list. */
export async function* listed<Page, Row>(session: Session, list: List<Page, Row>): AsyncGenerator<Row> {
  const { path, query, limit, schema } = list;
  let offset = 0;
  while (offset < ROWS_MAX) {
    const answer = await session.call({
      method: 'GET',
      path,
      query: { ...query, limit: String(limit), offset: String(offset) },
    });
    const { rows, total } = list.rows(readAnswer(schema, answer, path));
    yield* rows;
    offset += rows.length;
    if (isEnd(offset, rows.length, total)) return;
  }
  throw endless(path, ROWS_MAX);
}

/** An organisation may have had its limits raised. */
const ROWS_BY_PAGE_MAX = 1_000_000;

/** Offset of the page after this one; null at the end. */
export function nextOffset(
  path: string,
  page: { offset: number; rows: number; total: number | undefined },
): number | null {
  const next = page.offset + page.rows;
  if (isEnd(next, page.rows, page.total)) return null;
  if (next >= ROWS_BY_PAGE_MAX) throw endless(path, ROWS_BY_PAGE_MAX);
  return next;
}

/** The server may cap a page below what we asked for, so only an empty page or the total ends the list. */
function isEnd(offset: number, rows: number, total: number | undefined): boolean {
  return rows === 0 || (total !== undefined && offset >= total);
}

function endless(path: string, max: number): Fault {
  return new Fault('mulesoft.bad_answer', `${path}: more than ${max} rows`, { retryable: false });
}
