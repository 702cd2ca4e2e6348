import { type Kysely, sql } from 'kysely';

/** Ids that a push gave and that the IdP itself has not answered by: not every client sends the IdP's own. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table person_links add column is_hearsay boolean not null default false;
    -- moved to whoever goes by the login: until now taken for theirs
    update person_links set is_hearsay = true where verified_at = 'epoch';
  `.execute(db);
}
