import { sql } from 'kysely';
import type { Voice } from '../core/observation.ts';
import type { Db, Tx } from './database.ts';

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
