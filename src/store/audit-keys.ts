import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** From when on which keys sign the audit, all of them together; verifier keys, the newest first. */
export type KeyChange = { id: string; at: Date; keys: string[] };

/** As the audit that is at hand has it, in its order. */
export async function keyChanges(db: Db | Tx): Promise<KeyChange[]> {
  const { rows } = await sql<KeyChange>`
    select id, at, data->'keys' as keys from audit where type = 'auditKeysChanged' order by at, id`.execute(
    db,
  );
  return rows;
}
