import { sql } from 'kysely';
import type { PersonSnapshot } from '../core/people/person-snapshot.ts';
import { type Person, readPerson } from './people.ts';
import { homeOf } from './person-home.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Who the person was at an IdP when last acted on; null: never. */
export async function readSnapshot(
  db: Db | Tx,
  personId: string,
  system: string,
): Promise<(PersonSnapshot & { hadApp: boolean }) | null> {
  const row = await db
    .selectFrom('person_snapshots')
    .selectAll()
    .where('person_id', '=', personId)
    .where('system', '=', system)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { status, department, manager, had_app } = row;
  return { status: status as PersonSnapshot['status'], department, manager, hadApp: had_app };
}

export async function writeSnapshot(
  tx: Tx,
  who: { personId: string; system: string },
  statusText: PersonSnapshot,
  hasApp: boolean,
): Promise<void> {
  const { status, department, manager } = statusText;
  await sql`
    insert into person_snapshots (person_id, system, status, department, manager, had_app, evaluated_at)
    values (${who.personId}, ${who.system}, ${status}, ${department}, ${manager}, ${hasApp}, clock_timestamp())
    on conflict (person_id, system) do update set status = excluded.status, department = excluded.department,
      manager = excluded.manager, had_app = excluded.had_app, evaluated_at = excluded.evaluated_at`.execute(
    tx,
  );
}

/** The person as an IdP was last seen to have them; as the one that speaks for them has them where that is the same. */
export async function readPersonAt(db: Db | Tx, personId: string, system: string): Promise<Person | null> {
  const person = await readPerson(db, personId);
  if (person === null || (await homeOf(db, personId))?.system === system) return person;
  const seen = await readSnapshot(db, personId, system);
  if (seen === null) return null;
  const status = seen.status === 'deleted' ? 'deprovisioned' : seen.status;
  const { department, manager } = seen;
  return { ...person, status, isActive: status === 'active', department, manager };
}
