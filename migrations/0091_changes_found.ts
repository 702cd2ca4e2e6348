import { type Kysely, sql } from 'kysely';

/** What was found around Latchkey, which is little among all changes: the web page lists it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index changes_found on changes (requested_at desc)
      where doc->>'cause' in ('finding', 'loss')`.execute(db);
}
