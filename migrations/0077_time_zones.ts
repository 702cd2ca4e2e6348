import { type Kysely, sql } from 'kysely';

/** Which time zones there are, and who has none, without a look at everybody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index people_active_zone on people (time_zone) where status = 'active'`.execute(db);
}
