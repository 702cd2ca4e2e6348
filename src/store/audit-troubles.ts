import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Something that does not work of how the audit is kept, in words: why, and what to do. */
export type AuditTrouble = { part: string; why: string; since: Date };

export async function auditTroubles(db: Db): Promise<AuditTrouble[]> {
  return await db.selectFrom('audit_troubles').select(['part', 'why', 'since']).orderBy('part').execute();
}

/** `why` null: it works again. */
export async function noteAuditTrouble(db: Db, part: string, why: string | null): Promise<void> {
  if (why === null) await db.deleteFrom('audit_troubles').where('part', '=', part).execute();
  else
    await db
      .insertInto('audit_troubles')
      .values({ part, why })
      .onConflict((c) =>
        c.column('part').doUpdateSet({ why }).where('audit_troubles.why', 'is distinct from', sql.val(why)),
      )
      .execute();
}
