import { type Kysely, sql } from 'kysely';

/**
 * People are found by a part of their name or address: by the three letters that stand side by side in it, which
 * pg_trgm takes out. A database that doesn't let us have that extension goes without these indexes, and looks through
 * all of its people.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    do $$ begin
      create extension if not exists pg_trgm;
      create index people_name_part on people using gin (name gin_trgm_ops);
      create index people_email_part on people using gin (email gin_trgm_ops);
    exception when insufficient_privilege or feature_not_supported or undefined_file or undefined_object then
      raise notice 'pg_trgm can’t be had here (%): people are searched one by one', sqlerrm;
    end $$`.execute(db);
}
