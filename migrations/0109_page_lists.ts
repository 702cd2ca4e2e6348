import { type Kysely, sql } from 'kysely';

/**
 * What the lists of the page ask for, so that none of them reads a large table as a whole: what a group or a team
 * was called and who had a change of it, what was not given or failed, and who holds one entitlement, the newest first. A change that is given
 * comes by none of the rare states, so most changes are never in `changes_not_given`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const index of [
    sql`create index changes_of_group on changes (group_id, coalesce(doc->'target'->>'groupName', ''), person_id)
      where group_id is not null`,
    sql`create index changes_of_team on changes (team_id, coalesce(doc->'target'->>'teamName', ''), person_id)
      where team_id is not null`,
    sql`create index changes_not_given on changes (requested_at desc, id desc)
      where state in ('refused', 'denied', 'withdrawn', 'lapsed', 'closed', 'failed', 'scheduled')`,
    sql`create index grants_unended_entitlement on grants (entitlement_key, starts_at desc, id desc) where ended_at is null`,
    sql`drop index grants_entitlement`,
  ])
    await index.execute(db);
}
