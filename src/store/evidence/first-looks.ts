import { sql } from 'kysely';
import type { Tx } from '../postgres/database.ts';

/** When Latchkey looked at each group for the first time: who was in it before, it does not know. */
export async function firstLooks(tx: Tx): Promise<{ group: string; at: Date }[]> {
  const { rows } = await sql<{ group: string; at: Date }>`
    select group_name as group, taken_at as at from baselines`.execute(tx);
  return rows;
}
