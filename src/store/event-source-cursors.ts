import { sql } from 'kysely';
import type { EventSource } from '../core/drift/observation.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Where an event source that is polled has got to; null: it was never asked. */
export async function readCursor(db: Db | Tx, eventSource: EventSource): Promise<string | null> {
  const row = await db
    .selectFrom('event_source_cursors')
    .select('position')
    .where('event_source', '=', eventSource)
    .executeTakeFirst();
  return row === undefined ? null : (row.position as string);
}

/** Commits together with the observations up to this position, or not at all. */
export async function writeCursor(tx: Tx, eventSource: EventSource, position: string): Promise<void> {
  await sql`
    insert into event_source_cursors (event_source, position, moved_at)
    values (${eventSource}, ${JSON.stringify(position)}, clock_timestamp())
    on conflict (event_source) do update set position = excluded.position, moved_at = excluded.moved_at`.execute(
    tx,
  );
}

/** How far an event source that is polled has been read. */
export async function readCoverage(
  db: Db | Tx,
  eventSource: EventSource,
): Promise<{ coveredTo: Date | null; refusedAt: Date | null }> {
  const row = await db
    .selectFrom('event_source_coverage')
    .select(['covered_to as coveredTo', 'refused_at as refusedAt'])
    .where('event_source', '=', eventSource)
    .executeTakeFirst();
  return row ?? { coveredTo: null, refusedAt: null };
}

/** A look that began then has read it to the end. Each look goes on where the one before was, so the first one counts. */
export async function noteCovered(tx: Tx, eventSource: EventSource, beganAt: Date): Promise<void> {
  await sql`
    insert into event_source_coverage (event_source, covered_from, covered_to) values (${eventSource}, ${beganAt}, ${beganAt})
    on conflict (event_source) do update set covered_from = coalesce(event_source_coverage.covered_from, excluded.covered_from),
      covered_to = excluded.covered_to, refused_at = null`.execute(tx);
}

/** We are not let read it; since when stays. */
export async function noteRefusedSource(tx: Tx, eventSource: EventSource): Promise<void> {
  await sql`
    insert into event_source_coverage (event_source, refused_at) values (${eventSource}, clock_timestamp())
    on conflict (event_source) do update set refused_at = coalesce(event_source_coverage.refused_at, excluded.refused_at)`.execute(
    tx,
  );
}
