import { type Kysely, sql } from 'kysely';

/** When what waits for its approvers is looked at next: reminders, warnings, the next tier of the ladder. Null: now. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table changes add column look_at timestamptz;
    create index changes_to_look_at on changes (look_at nulls first) where state = 'asking';
  `.execute(db);
}
