import { type Kysely, sql } from 'kysely';

/** Who is kept out of every team is looked for in each comparison of a team. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index offboardings_by_word on offboardings (person_id) where state = 'closed' and cause in ('byHand', 'lostApp');
    drop index people_suspended;
    create index people_barred on people (id) where status in ('suspended', 'deprovisioned');
  `.execute(db);
}
