import { type Kysely, sql } from 'kysely';

/** Up to when the IdP's own log was read whole, and since when it is refused. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table voice_coverage (
      voice text primary key,
      -- when the last look began that read to the end: what the log had by then is heard
      covered_to timestamptz,
      -- null: it is not refused
      refused_at timestamptz
    );
  `.execute(db);
}
