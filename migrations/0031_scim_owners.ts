import { type Kysely, sql } from 'kysely';

/** A SCIM resource belongs to the source whose token made it; names are told apart by their keys, within a source. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table scim_users add column source text check (source in ('okta', 'entra', 'other'));
    alter table scim_users add column user_name_key text;
    alter table scim_groups add column source text check (source in ('okta', 'entra', 'other'));
    alter table scim_groups add column display_name_key text;

    -- Until now all were one: the first token is Okta's.
    update scim_users set source = 'okta', user_name_key = lower(normalize(user_name, NFC));
    update scim_groups set source = 'okta', display_name_key = lower(normalize(display_name, NFC));

    alter table scim_users alter column source set not null, alter column user_name_key set not null;
    alter table scim_groups alter column source set not null, alter column display_name_key set not null;

    drop index scim_users_user_name;
    drop index scim_users_external_id;
    drop index scim_groups_display_name;
    create unique index scim_users_user_name on scim_users (user_name_key, source);
    create unique index scim_users_external_id on scim_users (external_id, source) where external_id is not null;
    create unique index scim_groups_display_name on scim_groups (display_name_key, source);
  `.execute(db);
}
