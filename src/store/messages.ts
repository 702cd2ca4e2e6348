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

export async function notePosting(db: Db, aboutId: string, key: string): Promise<void> {
  await sql`insert into messages (about_id, key, posting_since) values (${aboutId}, ${key}, clock_timestamp())
    on conflict (about_id, key) do update set posting_since = coalesce(messages.posting_since, excluded.posting_since)`.execute(
    db,
  );
}

export async function notePosted(
  db: Db,
  { aboutId, key }: { aboutId: string; key: string },
  place: Place,
  fingerprint: string | null,
): Promise<void> {
  await db
    .updateTable('messages')
    .set({ channel: place.channel, ts: place.ts, fingerprint, posting_since: null })
    .where('about_id', '=', aboutId)
    .where('key', '=', key)
    .execute();
}

export async function noteEdited(db: Db, aboutId: string, key: string, fingerprint: string): Promise<void> {
  await db
    .updateTable('messages')
    .set({ fingerprint })
    .where('about_id', '=', aboutId)
    .where('key', '=', key)
    .execute();
}

/** The message is not there, nor is one being posted. */
export async function forgetPlace(db: Db, aboutId: string, key: string): Promise<void> {
  await db
    .updateTable('messages')
    .set({ channel: null, ts: null, fingerprint: null, posting_since: null })
    .where('about_id', '=', aboutId)
    .where('key', '=', key)
    .execute();
}
