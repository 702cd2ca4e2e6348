import { sql } from 'kysely';
import type { Change } from '../core/change/change.ts';
import type { Db } from './postgres/database.ts';

/**
 * `doc` is as JSON has it: its times are strings. `person` is their name, or their id when they are not known any more.
 */
export type DecidedGrant = { id: string; at: Date; doc: Change; person: string };

/**
 * Grants that somebody has asked for or that were found, and that were looked at by the rules, in the order of asking.
 */
export async function decidedGrantsAfter(
  db: Db,
  after: { at: Date; id: string },
  limit: number,
): Promise<DecidedGrant[]> {
  const { rows } = await sql<DecidedGrant>`
    select c.id, c.requested_at as at, c.doc, coalesce(p.name, c.person_id::text) as person
    from changes c left join people p on p.id = c.person_id
    where c.kind = 'grant' and (c.requested_at, c.id) > (${after.at}::timestamptz, ${after.id}::uuid)
      and c.doc->>'cause' in ('request', 'extension', 'finding') and c.state <> 'received'
    order by c.requested_at, c.id limit ${limit}`.execute(db);
  return rows;
}
