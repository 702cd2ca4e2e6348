import { type Kysely, sql } from 'kysely';

/**
 * What is climbed of the escalation ladder is a rung; a tier is how dangerous an entitlement is. The keys in stored
 * documents follow. A quote within a text is stored as `\"`, so what somebody wrote is not touched. The audit keeps
 * what it was told as it was told.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['changes', 'mass_changes'])
    await sql`
      update ${sql.table(table)} set doc = replace(doc::text, '"tiers": ', '"rungs": ')::jsonb
      where jsonb_path_exists(doc, '$.clock.tiers') or jsonb_path_exists(doc, '$.plan.stages[*].tiers')`.execute(
      db,
    );
}
