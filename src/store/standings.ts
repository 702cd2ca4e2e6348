import { sql } from 'kysely';
import type { Standing } from '../core/people/person-snapshot.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Who the person was when last acted on; null: never. */
export async function readStanding(
  db: Db | Tx,
  personId: string,
): Promise<(Standing & { hadApp: boolean }) | null> {
  const row = await db
    .selectFrom('standings')
    .selectAll()
    .where('person_id', '=', personId)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { status, department, manager, had_app } = row;
  return { status: status as Standing['status'], department, manager, hadApp: had_app };
}

export async function writeStanding(
  tx: Tx,
  personId: string,
  standing: Standing,
  hasApp: boolean,
): Promise<void> {
  const { status, department, manager } = standing;
  await sql`
    insert into standings (person_id, status, department, manager, had_app, regarded_at)
    values (${personId}, ${status}, ${department}, ${manager}, ${hasApp}, clock_timestamp())
    on conflict (person_id) do update set status = excluded.status, department = excluded.department,
      manager = excluded.manager, had_app = excluded.had_app, regarded_at = excluded.regarded_at`.execute(tx);
}
