import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/**
 * How long before the look a row may have been made due by a transaction that was not committed yet, in seconds. One that
 * takes longer has its rows found at the next look.
 */
const LATE_SECONDS = 120;
const LOOK_EVERY_MS = 15_000;

type Known = { since: string; lookAt: number };
const known = new WeakMap<Db, Known>();

/**
 * Since when the open row that has waited longest is due, as of a few seconds ago; nothing is due since earlier. A look
 * for due rows begins there. While some other transaction lasts, a backup say, PostgreSQL can't clear away the index
 * entries of rows that are done. Each look would read all that was done meanwhile, and take longer and longer.
 */
export async function dueSince(db: Db): Promise<string> {
  const now = performance.now();
  const last = known.get(db) ?? { since: '-infinity', lookAt: now };
  known.set(db, last);
  if (now < last.lookAt) return last.since;
  // Whoever asks meanwhile goes by what was known.
  last.lookAt = now + LOOK_EVERY_MS;
  const { rows } = await sql<{ since: string }>`
    select least(min(next_at), clock_timestamp() - ${LATE_SECONDS} * interval '1 s')::text as since
    from outbox where done_at is null`.execute(db);
  last.since = rows[0]?.since ?? '-infinity';
  return last.since;
}
