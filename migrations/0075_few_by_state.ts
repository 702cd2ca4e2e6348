import { type Kysely, sql } from 'kysely';

/** The few who are switched off, on hold or gone, found without a look at everybody. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index scim_users_off on scim_users (source, external_id) where not active;
    create index scim_users_off_name on scim_users (source, user_name_key) where not active;
    create index person_links_off on person_links (person_id) where status in ('suspended', 'deprovisioned');
  `.execute(db);
}
