import { type Kysely, sql } from 'kysely';

/** Who was reminded that an emergency is owed its review, how far its ladder was climbed, and when that is looked at. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table emergencies add column clock jsonb, add column look_at timestamptz;
    create index emergencies_to_look_at on emergencies (look_at nulls first) where review is null;
  `.execute(db);
}
