import { sql } from 'kysely';
import { askedTogether } from './asked-together.ts';
import type { Db, Tx } from './database.ts';

/** The database's clock, the only one there is. */
export async function databaseNow(db: Db | Tx): Promise<Date> {
  return await now(db, 'now');
}

const now = askedTogether(async (db, all: readonly 'now'[]) => {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return all.map(() => rows[0]?.now as Date);
});
