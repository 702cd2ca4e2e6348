import type { Tx } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/schema/scim-tables.ts';
import { groupIdsOf, lockGroupsOf } from '../store/scim/members.ts';
import { Overtaken } from './endpoint.ts';
import { isUuid } from './resource.ts';

type Group = { id: string; display_name: string };

/**
 * The groups a user is in, held so that none is renamed before what we observe under its name is committed. To be
 * called before the user is locked. A change of members locks the group and then the users. Two transactions with
 * opposite orders would wait for each other.
 */
export async function holdGroupsOf(
  tx: Tx,
  source: ScimSource,
  userId: string,
  why: 'to name' | 'to change',
): Promise<Group[]> {
  return isUuid(userId) ? await lockGroupsOf(tx, source, userId, why) : [];
}

/**
 * The groups the user is in now that the user is locked too, which nobody can change any more.
 * Throws Overtaken when one of them is not among those locked before.
 */
export async function confirmGroups(tx: Tx, userId: string, locked: readonly Group[]): Promise<Group[]> {
  const now = await groupIdsOf(tx, userId);
  const confirmed = locked.filter((group) => now.has(group.id));
  if (confirmed.length < now.size) throw new Overtaken();
  return confirmed;
}
