import { type Kysely, sql } from 'kysely';

/** `session_replication_role` switches ordinary triggers off; these stay on, so only the owner of the tables can. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table audit enable always trigger audit_append_only;
    alter table audit enable always trigger audit_no_truncate;
    alter table audit_seals enable always trigger audit_seals_append_only;
    alter table audit_seals enable always trigger audit_seals_no_truncate`.execute(db);
}
