import { sql } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';

/**
 * Ids of what the record knows by this name, or by this id. Names change: several may have had it, at different times.
 */
export async function placesNamed(
  db: Db | Tx,
  kind: 'entitlement' | 'group' | 'team',
  name: string,
): Promise<string[]> {
  const { rows } = await found(db, kind, name);
  return rows.map(({ id }) => id);
}

function found(db: Db | Tx, kind: 'entitlement' | 'group' | 'team', name: string) {
  switch (kind) {
    case 'entitlement':
      return sql<{
        id: string;
      }>`select entitlement_key as id from changes where entitlement_key = ${name} limit 1`.execute(db);
    case 'group':
      return sql<{ id: string }>`
        select group_id as id from changes where group_id = ${name} or (group_id is not null and doc->'target'->>'groupName' = ${name})
        union select group_id from baselines where group_id = ${name} or group_name = ${name} order by id`.execute(
        db,
      );
    case 'team':
      return sql<{ id: string }>`
        select distinct team_id as id from changes
        where team_id = ${name} or (team_id is not null and doc->'target'->>'teamName' = ${name}) order by id`.execute(
        db,
      );
    default:
      return kind satisfies never;
  }
}
