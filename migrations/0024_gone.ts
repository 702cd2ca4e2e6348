import { type Kysely, sql } from 'kysely';

/** A membership from before Latchkey that went as it came can be one of many, and is asked about with them then. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- 'gone': the IdP had it no more, and nobody was asked; null: somebody decided
    alter table preexisting add column ended_as text;
    create index preexisting_gone on preexisting (group_id, ended_at) where ended_as = 'gone';
  `.execute(db);
}
