import { type Kysely, sql } from 'kysely';

/** When the SCIM token of the environment was last used; which it was, by its hash, for it is changed there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table scim_environment_tokens (
      hash bytea primary key,
      last_used_at timestamptz not null
    );
  `.execute(db);
}
