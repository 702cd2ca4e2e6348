import { type Kysely, sql } from 'kysely';

/** What is known of each secret that is read from elsewhere, and whom its age was told. No value is kept. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table secret_settings (
      name text primary key,
      -- where it is read from, as the setting says it
      source text not null,
      version text not null,
      made_at timestamptz,
      last_used_at timestamptz,
      trouble text
    );

    create table aged_secrets (
      id uuid primary key,
      name text not null,
      source text not null,
      version text not null,
      made_at timestamptz not null,
      told_at timestamptz not null,
      replaced_at timestamptz,
      -- However many replicas see it, and however often, a version is told of once.
      unique (name, version)
    );
  `.execute(db);
}
