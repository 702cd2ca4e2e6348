import { type Kysely, sql } from 'kysely';

/** Graph repeats a notification for hours: one of a subscription that we have replaced still counts for a while. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table graph_subscriptions_ended (
      -- Graph's own id
      id text primary key,
      resource text not null,
      group_name text,
      -- SHA-256 of the secret that every notification carries
      client_state bytea not null,
      -- taken until then
      until timestamptz not null
    );
  `.execute(db);
}
