import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

const NAMED_MAX = 50;

/**
 * Active people who are called by one of these words, lower-case; by name. A few are enough: of many none can be told.
 */
export async function peopleNamed(
  db: Db | Tx,
  words: readonly string[],
): Promise<{ id: string; name: string; email: string }[]> {
  return await db
    .selectFrom('people')
    .select(['id', 'name', 'email'])
    .where('status', '=', 'active')
    .where(sql<boolean>`string_to_array(lower(name), ' ') && ${[...words]}::text[]`)
    .orderBy('name')
    .orderBy('id')
    .limit(NAMED_MAX)
    .execute();
}
