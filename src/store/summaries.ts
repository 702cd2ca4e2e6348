import { sql } from 'kysely';
import type { Change } from '../core/change/change.ts';
import type { AtAGlance } from '../core/facts/at-a-glance.ts';
import type { FactSheet } from '../core/facts/request-facts.ts';
import type { AdviceResult } from '../ports/adviser.ts';
import { changeOf } from './changes.ts';
import { uuidsOfAnyLength } from './postgres/any-length.ts';
import { askedTogether } from './postgres/asked-together.ts';
import type { Db, Tx } from './postgres/database.ts';
import { later } from './postgres/transaction.ts';

/** The summary on a card beside the request: for people's eyes, never for the function that decides. */
export type Summary = {
  sheet: FactSheet;
  plain: string;
  advice: AdviceResult | null;
  /** Of one change; null or left out: of many, or from before it was kept. */
  glance?: AtAGlance | null;
};

export async function writeSummary(
  tx: Tx,
  aboutId: string,
  { sheet, plain, glance = null }: Omit<Summary, 'advice'>,
): Promise<void> {
  const values = {
    sheet: JSON.stringify(sheet),
    plain,
    glance: glance === null ? null : JSON.stringify(glance),
  };
  const insert = tx
    .insertInto('summaries')
    .values({ about_id: aboutId, ...values })
    // Other facts want other advice.
    .onConflict((c) =>
      c.column('about_id').doUpdateSet({
        ...values,
        advice: sql`case when summaries.sheet = excluded.sheet then summaries.advice end`,
      }),
    );
  await later(tx, insert.compile());
}

/** False when the facts are others by now. */
export async function writeAdvice(
  tx: Tx,
  aboutId: string,
  sheet: FactSheet,
  advice: AdviceResult,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('summaries')
    .set({ advice: JSON.stringify(advice) })
    .where('about_id', '=', aboutId)
    .where(sql<boolean>`sheet = ${JSON.stringify(sheet)}::jsonb`)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** A change with the summary on its card. */
export type Summarized = { change: Change; summary: Summary | null };

/** Null: there is no such change. */
export async function readSummarized(db: Db | Tx, changeId: string): Promise<Summarized | null> {
  return await summarized(db, changeId);
}

const summarized = askedTogether(async (db, ids: readonly string[]) => {
  const { rows } = await sql<Nullable<Summary> & { id: string; doc: Change }>`
    select c.id, c.doc, s.sheet, s.plain, s.advice, s.glance
    from changes c left join summaries s on s.about_id = c.id
    where c.id = any(${uuidsOfAnyLength([...new Set(ids)])})`.execute(db);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = found.get(id);
    if (row === undefined) return null;
    const { doc, sheet, plain, advice, glance = null } = row;
    return {
      change: changeOf(doc),
      summary: sheet === null || plain === null ? null : { sheet, plain, advice, glance },
    };
  });
});

type Nullable<T> = { [K in keyof T]: T[K] | null };

export async function readSummary(db: Db | Tx, aboutId: string): Promise<Summary | null> {
  const row = await db
    .selectFrom('summaries')
    .select(['sheet', 'plain', 'advice', 'glance'])
    .where('about_id', '=', aboutId)
    .executeTakeFirst();
  return row ?? null;
}
