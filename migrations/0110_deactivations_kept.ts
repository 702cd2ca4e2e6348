import { type Kysely, sql } from 'kysely';

/**
 * What event sources tell of people who are switched off, suspended or deleted is kept for evidence from now on. What
 * was told more than 35 days before is forgotten already. A database that is made anew has forgotten nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table installation add column deactivations_since timestamptz not null default now() - interval '35 days';
    create index observed_people on observed (person_id, occurred_at) where payload->>'kind' = 'person'`.execute(
    db,
  );
}
