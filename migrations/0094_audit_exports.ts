import { type Kysely, sql } from 'kysely';

/** How far the audit was sent to each place outside that takes it in its sealed order. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_exports (
      destination text primary key,
      -- the number of the last entry that is known to have arrived
      seq bigint not null,
      sent_at timestamptz,
      -- what is wrong, since when, how often in a row it was tried, and when it is tried again
      trouble text,
      trouble_since timestamptz,
      tries integer not null default 0,
      next_try_at timestamptz
    )`.execute(db);
}
