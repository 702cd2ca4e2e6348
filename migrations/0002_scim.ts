import { type Kysely, sql } from 'kysely';

/** What the IdP has provisioned to us over SCIM: users, groups, and who is in which. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table scim_users (
      id uuid primary key,
      user_name text not null,
      external_id text,
      active boolean not null,
      -- taken from the resource at each write, so that reads of members need not open it
      email text,
      display_name text,
      resource jsonb not null,
      version int not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index scim_users_user_name on scim_users (lower(user_name));
    create index scim_users_external_id on scim_users (external_id) where external_id is not null;
    create index scim_users_email on scim_users (lower(email)) where email is not null;
    create index scim_users_page on scim_users (created_at, id);

    create table scim_groups (
      id uuid primary key,
      display_name text not null,
      external_id text,
      version int not null default 1,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index scim_groups_display_name on scim_groups (lower(display_name));
    create index scim_groups_external_id on scim_groups (external_id) where external_id is not null;
    create index scim_groups_page on scim_groups (created_at, id);

    -- Rows of inactive users stay: they count again when the user is reactivated.
    create table scim_members (
      group_id uuid not null references scim_groups (id) on delete cascade,
      user_id uuid not null references scim_users (id) on delete cascade,
      primary key (group_id, user_id)
    );
    create index scim_members_user on scim_members (user_id);
  `.execute(db);
}
