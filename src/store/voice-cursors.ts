import { sql } from 'kysely';
import type { Voice } from '../core/drift/observation.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Where a voice that is polled has got to; null: it was never asked. */
export async function readCursor(db: Db | Tx, voice: Voice): Promise<string | null> {
  const row = await db
    .selectFrom('voice_cursors')
    .select('position')
    .where('voice', '=', voice)
    .executeTakeFirst();
  return row === undefined ? null : (row.position as string);
}

/** Together with what was heard up to there, or not at all. */
export async function writeCursor(tx: Tx, voice: Voice, position: string): Promise<void> {
  await sql`
    insert into voice_cursors (voice, position, moved_at)
    values (${voice}, ${JSON.stringify(position)}, clock_timestamp())
    on conflict (voice) do update set position = excluded.position, moved_at = excluded.moved_at`.execute(tx);
}

/** What of a voice that is polled has been heard. */
export async function readCoverage(
  db: Db | Tx,
  voice: Voice,
): Promise<{ coveredTo: Date | null; refusedAt: Date | null }> {
  const row = await db
    .selectFrom('voice_coverage')
    .select(['covered_to as coveredTo', 'refused_at as refusedAt'])
    .where('voice', '=', voice)
    .executeTakeFirst();
  return row ?? { coveredTo: null, refusedAt: null };
}

/** A look that began then has read it to the end. */
export async function noteCovered(tx: Tx, voice: Voice, beganAt: Date): Promise<void> {
  await sql`
    insert into voice_coverage (voice, covered_to) values (${voice}, ${beganAt})
    on conflict (voice) do update set covered_to = excluded.covered_to, refused_at = null`.execute(tx);
}

/** We are not let read it; since when stays. */
export async function noteRefusedVoice(tx: Tx, voice: Voice): Promise<void> {
  await sql`
    insert into voice_coverage (voice, refused_at) values (${voice}, clock_timestamp())
    on conflict (voice) do update set refused_at = coalesce(voice_coverage.refused_at, excluded.refused_at)`.execute(
    tx,
  );
}
