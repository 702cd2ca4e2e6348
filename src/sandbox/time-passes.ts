import { sql } from 'kysely';
import type { Db } from '../store/postgres/database.ts';

/**
 * Lets so much time go by for what is asked for or approved for later, as if the clock had been put forward for it
 * alone. It is for demos and tests.
 */
export async function letStartComeNearer(db: Db, changeId: string, seconds: number): Promise<void> {
  await sql`
    with back as (select make_interval(secs => ${seconds}::float8) as by),
    due as (update outbox set next_at = next_at - by from back where key = ${`beginAccess:${changeId}`} and done_at is null)
    update changes set doc = doc
      || jsonb_build_object('startsAt', (doc->>'startsAt')::timestamptz - by)
      || case when doc->'scheduled' is null or doc->'scheduled' = 'null'::jsonb then '{}'::jsonb else
        jsonb_build_object('scheduled', doc->'scheduled' || jsonb_build_object(
          'startsAt', (doc->'scheduled'->>'startsAt')::timestamptz - by,
          'endsAt', (doc->'scheduled'->>'endsAt')::timestamptz - by)) end
    from back where id = ${changeId}`.execute(db);
}

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
