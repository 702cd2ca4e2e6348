import { type Kysely, sql } from 'kysely';

/**
 * From when on a log of an identity provider is read without a gap. Of a log that is read already: since it first told of
 * something that is kept, or else since it was last read to its end.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table event_source_coverage add column covered_from timestamptz;
    update event_source_coverage c set covered_from = coalesce(
      (select min(o.received_at) from observed o where o.event_source = c.event_source), c.covered_to)
    where c.covered_to is not null`.execute(db);
}
