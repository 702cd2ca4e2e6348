import { sql } from 'kysely';
import type { PersonSnapshot } from '../core/people/person-snapshot.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Who the person was when last acted on; null: never. */
export async function readSnapshot(
  db: Db | Tx,
  personId: string,
): Promise<(PersonSnapshot & { hadApp: boolean }) | null> {
  const row = await db
    .selectFrom('person_snapshots')
    .selectAll()
    .where('person_id', '=', personId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { status, department, manager, had_app } = row;
  return { status: status as PersonSnapshot['status'], department, manager, hadApp: had_app };
}

export async function writeSnapshot(
  tx: Tx,
  personId: string,
  statusText: PersonSnapshot,
  hasApp: boolean,
): Promise<void> {
  const { status, department, manager } = statusText;
  await sql`
    insert into person_snapshots (person_id, status, department, manager, had_app, evaluated_at)
    values (${personId}, ${status}, ${department}, ${manager}, ${hasApp}, clock_timestamp())
    on conflict (person_id) do update set status = excluded.status, department = excluded.department,
      manager = excluded.manager, had_app = excluded.had_app, evaluated_at = excluded.evaluated_at`.execute(
    tx,
  );
}
