import { type Kysely, sql } from 'kysely';

/** Bearer tokens of SCIM clients. Only their hashes: what is stored here opens nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table scim_tokens (
      id uuid primary key,
      name text not null,
      source text not null check (source in ('okta', 'entra', 'other')),
      -- SHA-256 of 256 random bits: nothing to guess, so nothing to slow down
      hash bytea not null unique,
      created_at timestamptz not null,
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz
    );
    create unique index scim_tokens_name on scim_tokens (lower(name)) where revoked_at is null;
  `.execute(db);
}
