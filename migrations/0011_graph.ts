import { type Kysely, sql } from 'kysely';

/** Subscriptions to change notifications that Microsoft Graph holds for us. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table graph_subscriptions (
      -- Graph's own id
      id text primary key,
      resource text not null unique,
      -- the group that the resource is about, by name; null: people
      group_name text,
      -- SHA-256 of the secret that every notification carries
      client_state bytea not null,
      expires_at timestamptz not null,
      -- renewed from then on
      renew_at timestamptz not null,
      created_at timestamptz not null default clock_timestamp()
    );
  `.execute(db);
}
