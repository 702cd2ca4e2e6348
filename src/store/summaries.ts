import { sql } from 'kysely';
import type { AtAGlance } from '../core/facts/at-a-glance.ts';
import type { FactSheet } from '../core/facts/request-facts.ts';
import type { AdviceResult } from '../ports/adviser.ts';
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

export async function readSummary(db: Db | Tx, aboutId: string): Promise<Summary | null> {
  const row = await db
    .selectFrom('summaries')
    .select(['sheet', 'plain', 'advice', 'glance'])
    .where('about_id', '=', aboutId)
    .executeTakeFirst();
  return row ?? null;
}
