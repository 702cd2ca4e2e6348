import { type Kysely, sql } from 'kysely';

/** What rules would give and policy withholds, and why: told once, until the reason is another. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table withheld_birthrights (
      person_id uuid not null references people (id),
      entitlement_key text not null,
      why text not null,
      at timestamptz not null,
      primary key (person_id, entitlement_key)
    );
  `.execute(db);
}
