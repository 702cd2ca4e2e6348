import { type Kysely, sql } from 'kysely';

/** What Slack sent, by its signature, for as long as the same bytes could be sent again and be taken. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table slack_received (
      key bytea primary key,
      received_at timestamptz not null default clock_timestamp()
    );
    create index slack_received_at on slack_received (received_at);
  `.execute(db);
}
