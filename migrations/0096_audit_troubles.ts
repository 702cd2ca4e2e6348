import { type Kysely, sql } from 'kysely';

/** What is wrong with how the audit is kept now: a part of it, and why. Whichever process finds it says it here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_troubles (
      part text primary key,
      why text not null,
      since timestamptz not null default clock_timestamp()
    )`.execute(db);
}
