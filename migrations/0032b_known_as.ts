import { type Kysely, sql } from 'kysely';

/** By which name people know somebody whose SCIM record was renamed when they were deleted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- null: by the user name that the record has
    alter table scim_users add column known_as text;
    create index scim_users_known_as on scim_users (known_as) where known_as is not null;
  `.execute(db);
}
