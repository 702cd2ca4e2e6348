import { type Kysely, sql } from 'kysely';

/** Who is in a group without a grant is counted for every card of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index preexisting_group on preexisting (group_id) where ended_at is null`.execute(db);
}
