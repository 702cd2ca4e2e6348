import { type Kysely, sql } from 'kysely';

/**
 * One request that waits for a person, an entitlement and a start. What is asked for from later on blocks nothing that
 * is wanted before. It may also be put to people anew at its start, whatever else waits then.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unique index changes_one_pending_by_start
      on changes (person_id, entitlement_key, (coalesce(doc->>'startsAt', '')))
      where kind = 'grant' and state in ('received', 'asking')
  `.execute(db);
  await sql`drop index changes_one_pending`.execute(db);
}
