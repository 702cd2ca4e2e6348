import { sql } from 'kysely';
import type { Db, Tx } from './database.ts';

/** The database's clock, the only one there is. */
export async function databaseNow(db: Db | Tx): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  return rows[0]?.now as Date;
}
