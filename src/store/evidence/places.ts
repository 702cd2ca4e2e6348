import { type RawBuilder, sql } from 'kysely';
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
      return sql<{ id: string }>`${calledSoInChanges('group_id', 'groupName', name)}
        union select group_id from baselines where group_id = ${name} or group_name = ${name} order by id`.execute(
        db,
      );
    case 'team':
      return sql<{ id: string }>`${calledSoInChanges('team_id', 'teamName', name)} order by id`.execute(db);
    default:
      return kind satisfies never;
  }
}

/**
 * Each id with each name that it had, one after the other by their index: there are many changes, and few groups. A union
 * may follow.
 */
function calledSoInChanges(id: string, called: string, name: string) {
  const [column, text] = [sql.ref(id), sql`coalesce(doc->'target'->>${sql.lit(called)}, '')`];
  const first = (behind: RawBuilder<unknown>) => sql`(
    select ${column} as id, ${text} as name from changes where ${column} is not null and ${behind}
    order by ${column}, ${text} limit 1)`;
  return sql`with recursive known as (
      ${first(sql`true`)}
      union all
      select n.id, n.name from known k cross join lateral ${first(sql`(${column}, ${text}) > (k.id, k.name)`)} n
    )
    select id from known where id = ${name} or name = ${name} group by id`;
}
