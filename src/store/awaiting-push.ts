import { sql } from 'kysely';
import { underway } from '../core/change/states.ts';
import type { Db } from './postgres/database.ts';

/**
 * The IdP's ids of some of those whose membership of this group was written within so long, and that the IdP has not
 * pushed yet. Any of them: where some are never pushed, the others have their turn.
 */
export async function awaitingPush(
  db: Db,
  of: { groupId: string; system: string; withinSeconds: number; limit: number },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select l.external_id as id from changes c
    join person_links l on l.person_id = c.person_id and l.system = ${of.system}
    where c.group_id = ${of.groupId} and c.state = any(${[...underway]})
      and (c.doc->'legs'->>'idpWrittenAt')::timestamptz > now() - make_interval(secs => ${of.withinSeconds})
      and c.doc->'legs'->>'scimPushedAt' is null
    group by l.external_id order by random() limit ${of.limit}`.execute(db);
  return rows.map(({ id }) => id);
}
