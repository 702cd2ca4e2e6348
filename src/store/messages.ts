import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Place } from '../ports/messenger.ts';
import type { Db } from './postgres/database.ts';

/** One message about something, as far as we know it. */
export type Message = {
  place: Place | null;
  fingerprint: string | null;
  /** Set and no place: a post was begun whose outcome is unknown. */
  postingSince: Date | null;
};

export function fingerprintOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
}

export async function readMessages(db: Db, aboutId: string): Promise<Map<string, Message>> {
  const rows = await db.selectFrom('messages').selectAll().where('about_id', '=', aboutId).execute();
  return new Map(
    rows.map((r) => [
      r.key,
      {
        place: r.channel === null || r.ts === null ? null : { channel: r.channel, ts: r.ts },
        fingerprint: r.fingerprint,
        postingSince: r.posting_since,
      },
    ]),
  );
}

/** The subject of the message at this place, and which of its messages it is; null: none of ours. */
export async function messageAt(
  db: Db,
  { channel, ts }: Place,
): Promise<{ aboutId: string; key: string } | null> {
  const row = await db
    .selectFrom('messages')
    .select(['about_id', 'key'])
    .where('channel', '=', channel)
    .where('ts', '=', ts)
    .executeTakeFirst();
  return row === undefined ? null : { aboutId: row.about_id, key: row.key };
}

/** Posts of these are about to be begun: until their outcome is noted, each may be there. */
export async function notePosting(db: Db, aboutId: string, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await sql`insert into messages (about_id, key, posting_since)
    select ${aboutId}, key, clock_timestamp() from unnest(${[...keys]}::text[]) as k (key) order by key
    on conflict (about_id, key) do update set posting_since = coalesce(messages.posting_since, excluded.posting_since)`.execute(
    db,
  );
}

/**
 * Where a message stands now and what it shows; no place: it is not there, nor is one being posted. A fingerprint of
 * null: it may show an older state.
 */
export type Outcome = { key: string; place: Place | null; fingerprint: string | null };

/** Notes what became of these messages, in one statement. */
export async function noteOutcomes(db: Db, aboutId: string, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map(({ key, place, fingerprint }) => ({
    key,
    channel: place?.channel ?? null,
    ts: place?.ts ?? null,
    fingerprint: place === null ? null : fingerprint,
  }));
  await sql`update messages m set channel = o.channel, ts = o.ts, fingerprint = o.fingerprint, posting_since = null
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as o (key text, channel text, ts text, fingerprint text)
    where m.about_id = ${aboutId} and m.key = o.key`.execute(db);
}
