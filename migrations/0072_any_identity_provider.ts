import { type Kysely, sql } from 'kysely';

/**
 * Which identity providers there are says the program, not the schema. A link is found by its id whichever system it is
 * of: whether an id is somebody's in any identity provider is asked.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table scim_tokens drop constraint scim_tokens_source_check;
    alter table scim_users drop constraint scim_users_source_check;
    alter table scim_groups drop constraint scim_groups_source_check;
    alter table person_links drop constraint person_links_pkey, add primary key (external_id, system);
  `.execute(db);
}
