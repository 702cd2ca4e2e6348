import { sql } from 'kysely';
import type { Db } from './database.ts';

/** Ids of everybody who is wanted in a group: by a live grant, or because they were there before Latchkey. */
export async function wantedInGroup(db: Db, groupId: string, now: Date): Promise<Set<string>> {
  const { rows } = await sql<{ person_id: string }>`
    select person_id from grants
    where group_id = ${groupId} and ended_at is null and starts_at <= ${now} and ends_at > ${now}
    union
    select person_id from preexisting where group_id = ${groupId} and ended_at is null`.execute(db);
  return new Set(rows.map((row) => row.person_id));
}
