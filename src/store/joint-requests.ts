import { sql } from 'kysely';
import type { Sibling } from '../core/change/joint.ts';
import type { Db, Tx } from './postgres/database.ts';

/** Ids of what was asked for together, in their places. */
export async function jointIds(db: Db | Tx, jointId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from changes where joint_id = ${jointId}
    order by (doc->'joint'->>'place')::int, id`.execute(db);
  return rows.map(({ id }) => id);
}

/**
 * The other changes of a joint request, in their places, when one is put to approvers. Of two that are put at once one
 * waits here for the other, so that they find each other's card.
 */
export async function lockSiblings(
  tx: Tx,
  { id, jointId }: { id: string; jointId: string },
): Promise<Sibling[]> {
  await sql`select pg_advisory_xact_lock(hashtext(${`joint:${jointId}`}))`.execute(tx);
  const { rows } = await sql<Omit<Sibling, 'cardOf'> & { cardOf: Sibling['id'] | null }>`
    select id, state, doc->'plan' as plan, doc->>'cardOf' as "cardOf" from changes
    where joint_id = ${jointId} and id <> ${id} order by (doc->'joint'->>'place')::int, id`.execute(tx);
  return rows.map(({ cardOf, ...row }) => ({ ...row, ...(cardOf === null ? {} : { cardOf }) }));
}
