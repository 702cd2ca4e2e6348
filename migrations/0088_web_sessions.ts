import { type Kysely, sql } from 'kysely';

/**
 * Who is signed in to the web page. Only the hash of what the browser carries is kept. `email`: the address that the
 * identity provider gave this person alone at the sign-in; null: others have it too, and no role goes by it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table web_sessions (
      id_hash bytea primary key,
      person_id uuid not null references people (id) on delete cascade,
      email text,
      began_at timestamptz not null default clock_timestamp(),
      seen_at timestamptz not null default clock_timestamp(),
      ends_at timestamptz not null,
      ended_at timestamptz
    )`.execute(db);
  await sql`create index web_sessions_ends on web_sessions (ends_at)`.execute(db);
  await sql`create index web_sessions_person on web_sessions (person_id)`.execute(db);
}
