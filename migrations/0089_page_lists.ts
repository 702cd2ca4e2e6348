import { type Kysely, sql } from 'kysely';

/**
 * What the web page reads, where it would otherwise read a whole table: the newest access that somebody has, and the
 * audit of some days. The audit is written in the order of time, so for that a small index by ranges is enough, which
 * costs a writer next to nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index grants_unended_since on grants (starts_at desc, id desc) where ended_at is null`.execute(
    db,
  );
  await sql`create index audit_at on audit using brin (at) with (pages_per_range = 32, autosummarize = on)`.execute(
    db,
  );
}
