import { type Kysely, sql } from 'kysely';

/**
 * By what the audit is searched, the newest first: by time, by what it was, by who did it, and by whom it is about where
 * no change says so. Most entries are no person's doing, and of some change, so the last two are small. The index by
 * ranges of time is not needed beside them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const index of [
    sql`create index audit_time on audit (at, id)`,
    sql`create index audit_type on audit (type, at, id)`,
    sql`create index audit_by_person on audit ((actor->>'person'), at, id) where actor->>'person' is not null`,
    sql`create index audit_about_person on audit ((data->>'personId'), at, id)
      where change_id is null and data->>'personId' is not null`,
    sql`drop index audit_at`,
  ])
    await index.execute(db);
}
