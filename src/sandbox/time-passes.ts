import { sql } from 'kysely';
import type { Db } from '../store/postgres/database.ts';

/**
 * Lets so much of a grant's time go by, as if the clock had been put forward for it alone. It is for demos and tests.
 */
export async function letTimePass(db: Db, changeId: string, seconds: number): Promise<void> {
  await sql`
    with back as (select make_interval(secs => ${seconds}::float8) as by),
    moved as (update grants set starts_at = starts_at - by, ends_at = ends_at - by, warn_at = warn_at - by
      from back where change_id = ${changeId} and ended_at is null)
    update changes set doc = doc || jsonb_build_object(
      'grant', doc->'grant' || jsonb_build_object('startsAt', (doc->'grant'->>'startsAt')::timestamptz - by,
        'endsAt', (doc->'grant'->>'endsAt')::timestamptz - by),
      'endingWarnedAt', (doc->>'endingWarnedAt')::timestamptz - by) from back where id = ${changeId}`.execute(
    db,
  );
}
