import type { FactSheet } from '../core/fact-sheet.ts';
import type { AdviceResult } from '../flow/ports.ts';
import type { Db, Tx } from './database.ts';

/** What stands on the card beside the request: for people's eyes, never for the function that decides. */
export type Summary = { sheet: FactSheet; plain: string; advice: AdviceResult | null };

export async function writeSummary(tx: Tx, changeId: string, sheet: FactSheet, plain: string): Promise<void> {
  await tx
    .insertInto('summaries')
    .values({ change_id: changeId, sheet: JSON.stringify(sheet), plain })
    .onConflict((c) => c.column('change_id').doUpdateSet({ sheet: JSON.stringify(sheet), plain }))
    .execute();
}

export async function writeAdvice(tx: Tx, changeId: string, advice: AdviceResult): Promise<void> {
  await tx
    .updateTable('summaries')
    .set({ advice: JSON.stringify(advice) })
    .where('change_id', '=', changeId)
    .execute();
}

export async function readSummary(db: Db | Tx, changeId: string): Promise<Summary | null> {
  const row = await db
    .selectFrom('summaries')
    .select(['sheet', 'plain', 'advice'])
    .where('change_id', '=', changeId)
    .executeTakeFirst();
  return row ?? null;
}
