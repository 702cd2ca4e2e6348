import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';
import { pendingChange, unfinishedMass } from './states.ts';

/** The known members of a group without a grant of Latchkey's. */
export type WithoutGrant = {
  /** People beside the one that is asked about; null: the group has not been looked at yet. */
  others: number | null;
  /** The one that is asked about: there since before Latchkey, or found there and not decided on; null: neither. */
  isIn: 'before' | 'found' | null;
};

/**
 * The people in the group without a live grant: there before Latchkey, or found since and not decided on. `massId`: the
 * card that is asked about, whose people are counted there.
 */
export async function membersWithoutGrant(
  db: Db | Tx,
  of: { groupId: string; personId: string | null; massId?: string },
): Promise<WithoutGrant> {
  const { rows } = await sql<{
    others: number;
    before: boolean | null;
    found: boolean | null;
    isLookedAt: boolean;
  }>`
    select count(distinct person_id) filter (where person_id is distinct from ${of.personId}::uuid)::int as others,
      bool_or(is_before) filter (where person_id = ${of.personId}::uuid) as before,
      bool_or(not is_before) filter (where person_id = ${of.personId}::uuid) as found,
      exists (select from baselines where group_id = ${of.groupId}) as "isLookedAt"
    from (
      select person_id, true as is_before from baseline_members where group_id = ${of.groupId} and ended_at is null
      union all
      select person_id, false from changes
      where group_id = ${of.groupId} and state in ${pendingChange} and kind = 'grant'
        and doc->>'cause' = 'finding'
      union all
      select i.person_id, false from mass_change_items i join mass_changes m on m.id = i.mass_change_id
      where m.scope = ${of.groupId} and m.kind = 'finding' and i.outcome is null
        and m.state in ${unfinishedMass} and m.id is distinct from ${of.massId ?? null}::uuid
    ) known
    where not exists (select from grants g where g.person_id = known.person_id and g.group_id = ${of.groupId}
      and g.ended_at is null and g.ends_at > clock_timestamp())`.execute(db);
  const [row] = rows;
  return {
    others: row?.isLookedAt === true ? (row?.others ?? 0) : null,
    isIn: row?.before === true ? 'before' : row?.found === true ? 'found' : null,
  };
}
