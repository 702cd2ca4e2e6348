import { type Kysely, sql } from 'kysely';

/** Every policy that was in force, and what was wrong with those that could not be. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- what a verdict's fingerprint stands for
    create table policies (
      fingerprint text primary key,
      texts jsonb not null,
      loaded_at timestamptz not null default clock_timestamp()
    );

    create table policy_troubles (
      id uuid primary key,
      since timestamptz not null,
      mistakes jsonb not null,
      mended_at timestamptz
    );
    -- However many replicas see it, it is told once.
    create unique index policy_troubles_one_open on policy_troubles ((true)) where mended_at is null;
  `.execute(db);
}
