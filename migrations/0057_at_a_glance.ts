import { type Kysely, sql } from 'kysely';

/** Since when the directory knows a person, and what the card shows at a glance beside what is asked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table people add column since timestamptz;
    alter table summaries add column glance jsonb;
  `.execute(db);
}
