import { type Kysely, sql } from 'kysely';

/**
 * Tokens for `/api`, each of somebody: it shows no more than they may see at the time. `is_service`: it is for a program
 * of theirs, which the audit names. `scopes`: the lists that it may ask for. `made_by`: the admin who had it made.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table api_tokens (
      id uuid primary key,
      name text not null,
      is_service boolean not null,
      person_id uuid not null references people (id) on delete cascade,
      scopes text[] not null,
      hash bytea not null unique,
      made_by uuid not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      last_used_at timestamptz,
      revoked_at timestamptz
    )`.execute(db);
}
