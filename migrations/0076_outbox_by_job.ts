import { type Kysely, sql } from 'kysely';

/** The most urgent due rows of some kinds of work, found without a look at tens of thousands of others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index outbox_job on outbox (job, priority, next_at) where done_at is null`.execute(db);
}
