import { type Kysely, sql } from 'kysely';

/** Who is in a department, for what its people hold by rule: looked for every minute. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index person_snapshots_department on person_snapshots (system, department, person_id)
      where status = 'active' and had_app`.execute(db);
}
