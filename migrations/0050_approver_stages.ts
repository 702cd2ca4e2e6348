import { type Kysely, sql } from 'kysely';

/**
 * Who decides is a list of stages. What was stored before had one: its fields move into the only stage of a plan, and
 * of the rule that a card showed. The audit keeps what it was told as it was told.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['changes', 'mass_changes']) {
    await sql`
      update ${sql.table(table)} set doc = jsonb_set(doc, '{plan}',
        ((doc->'plan') - array['of', 'quorum', 'slots', 'escalated'])
          || jsonb_build_object('distinct', true, 'stages', jsonb_build_array(jsonb_build_object(
            'of', doc#>'{plan,of}', 'quorum', doc#>'{plan,quorum}',
            'slots', doc#>'{plan,slots}', 'escalated', doc#>'{plan,escalated}'))))
      where doc#>'{plan,slots}' is not null`.execute(db);
    await sql`
      update ${sql.table(table)} set doc = jsonb_set(doc, '{shown,approvers}',
        jsonb_build_object('distinct', true, 'stages', jsonb_build_array(doc#>'{shown,approvers}')))
      where doc#>'{shown,approvers,sources}' is not null`.execute(db);
  }
}
