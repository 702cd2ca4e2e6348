import { type Kysely, sql } from 'kysely';

/** Bearer tokens of people's copilots: each acts for the one person whose it is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mcp_tokens (
      id uuid primary key,
      person_id uuid not null references people (id),
      name text not null,
      -- SHA-256 of 256 random bits: nothing to guess, so nothing to slow down
      hash bytea not null unique,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      last_used_at timestamptz,
      revoked_at timestamptz
    );
    create index mcp_tokens_person on mcp_tokens (person_id);
    create index changes_by_mcp on changes (requester_id, requested_at) where doc->>'via' = 'mcp';
  `.execute(db);
}
