import type { Db, Tx } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/scim-tables.ts';
import { Overtaken } from './endpoint.ts';
import { isUuid } from './resource.ts';

export type GroupRef = { user_id: string; id: string; display_name: string };
type Group = { id: string; display_name: string };

/**
 * The groups a user is in, held so that none is renamed before what we observe under its name is committed.
 * To be called before the user is locked: a change of members locks the group and then the users, and two
 * transactions with opposite orders would wait for each other.
 */
export async function lockGroupsOf(
  tx: Tx,
  source: ScimSource,
  userId: string,
  why: 'to name' | 'to change',
): Promise<Group[]> {
  if (!isUuid(userId)) return [];
  const groups = tx
    .selectFrom('scim_groups')
    .innerJoin('scim_members', 'scim_members.group_id', 'scim_groups.id')
    .select(['scim_groups.id', 'scim_groups.display_name'])
    .where('scim_members.user_id', '=', userId)
    .where('scim_groups.source', '=', source)
    .orderBy('scim_groups.id');
  // A shared lock that is raised later would make two deletions wait for each other.
  return await (why === 'to change'
    ? groups.forNoKeyUpdate('scim_groups')
    : groups.forShare('scim_groups')
  ).execute();
}

/**
 * The groups the user is in now that the user is locked too, which nobody can change any more.
 * Throws Overtaken when one of them is not among those locked before.
 */
export async function confirmGroups(tx: Tx, userId: string, locked: readonly Group[]): Promise<Group[]> {
  const rows = await tx.selectFrom('scim_members').select('group_id').where('user_id', '=', userId).execute();
  const now = new Set(rows.map((row) => row.group_id));
  const confirmed = locked.filter((group) => now.has(group.id));
  if (confirmed.length < now.size) throw new Overtaken();
  return confirmed;
}

/** Groups of several users, for answers that show them. */
export async function groupsOf(db: Db, rows: readonly { id: string }[]): Promise<GroupRef[]> {
  if (rows.length === 0) return [];
  return await db
    .selectFrom('scim_members')
    .innerJoin('scim_groups', 'scim_groups.id', 'scim_members.group_id')
    .select(['scim_members.user_id', 'scim_groups.id', 'scim_groups.display_name'])
    .where(
      'scim_members.user_id',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('scim_groups.display_name')
    .orderBy('scim_groups.id')
    .execute();
}
