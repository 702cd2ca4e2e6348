import { type Kysely, sql } from 'kysely';

/** What was asked for together in one request is found by it; people are found by a word of their name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table changes add column joint_id uuid;
    create index changes_joint on changes (joint_id) where joint_id is not null;
    create index people_name_words on people using gin (string_to_array(lower(name), ' ')) where status = 'active';
  `.execute(db);
}
