import { type Kysely, sql } from 'kysely';

/** Memberships that were there before Latchkey, recorded group by group on the first look. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table baselines (
      group_id text primary key,
      group_name text not null,
      members int not null,
      taken_at timestamptz not null
    );
    create table preexisting (
      person_id uuid not null references people (id),
      group_id text not null,
      group_name text not null,
      recorded_at timestamptz not null,
      ended_at timestamptz,
      primary key (person_id, group_id)
    );
  `.execute(db);
}
