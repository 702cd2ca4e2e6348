import type { Db } from './database.ts';

export type AuditEntry = { at: Date; type: string; actor: unknown; data: Record<string, unknown> };

/** The audit entries of one change, in the order they were written. */
export async function auditOf(db: Db, changeId: string): Promise<AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'type', 'actor', 'data'])
    .where('change_id', '=', changeId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ ...row, data: row.data as Record<string, unknown> }));
}
