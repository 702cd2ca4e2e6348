import { type RawBuilder, sql } from 'kysely';
import { leaverCase } from '../offboardings.ts';
import type { Person } from '../people.ts';
import { readPerson } from '../people.ts';
import type { Db, Tx } from '../postgres/database.ts';

/** A session ends after so many seconds without a request, and after so many in all. */
const IDLE_SECONDS = 3_600;
export const SESSION_SECONDS = 12 * 3_600;
/** Use is noted at most this often, in seconds. */
const NOTED_SECONDS = 60;

const seconds = (count: number): RawBuilder<unknown> => sql`${count}::float8 * interval '1 second'`;

export async function insertSession(
  tx: Tx,
  session: { idHash: Buffer; personId: string; email: string | null },
): Promise<void> {
  await tx
    .insertInto('web_sessions')
    .values({
      id_hash: session.idHash,
      person_id: session.personId,
      email: session.email,
      ends_at: sql<Date>`clock_timestamp() + ${seconds(SESSION_SECONDS)}`,
    })
    .execute();
}

/**
 * Who is signed in by it, and the address that was proven then. Null: nobody. It is over, or they signed out, or their
 * account is not active any more, or they count as having left.
 */
export async function readSession(
  db: Db,
  idHash: Buffer,
): Promise<{ person: Person; email: string | null } | null> {
  const { rows } = await sql<{ personId: string; email: string | null; isToNote: boolean }>`
    select person_id as "personId", email,
      seen_at < clock_timestamp() - ${seconds(NOTED_SECONDS)} as "isToNote"
    from web_sessions where id_hash = ${idHash} and ended_at is null and ends_at > clock_timestamp()
      and seen_at > clock_timestamp() - ${seconds(IDLE_SECONDS)}`.execute(db);
  const [session] = rows;
  const person = session === undefined ? null : await readPerson(db, session.personId);
  if (session === undefined || person === null || !person.isActive) return null;
  if ((await leaverCase(db, person.id)) !== null) return null;
  if (session.isToNote)
    await sql`update web_sessions set seen_at = clock_timestamp() where id_hash = ${idHash}`.execute(db);
  return { person, email: session.email };
}

export async function endSession(db: Db, idHash: Buffer): Promise<void> {
  await sql`update web_sessions set ended_at = clock_timestamp()
    where id_hash = ${idHash} and ended_at is null`.execute(db);
}

/** Forgets sessions that are over; the audit keeps who signed in. */
export async function forgetSessions(db: Db): Promise<void> {
  await sql`delete from web_sessions where ends_at < clock_timestamp()`.execute(db);
}
