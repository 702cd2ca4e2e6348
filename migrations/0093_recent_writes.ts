import { type Kysely, sql } from 'kysely';

/**
 * What Latchkey wrote to an identity provider whose answers lag behind its writes: one row a membership. Unlogged: what a
 * crash of PostgreSQL takes with it would be too old soon.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table recent_writes (
      group_id text not null,
      person_id text not null,
      is_member boolean not null,
      at timestamptz not null default clock_timestamp(),
      primary key (group_id, person_id)
    ) with (fillfactor = 70)`.execute(db);
}
