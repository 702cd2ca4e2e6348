import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';
import type { ScimSource } from '../schema/scim-tables.ts';
import type { Condition } from './conditions.ts';
import type { UserRow } from './users.ts';

/** A user, as far as it matters to the groups that they are in. */
export type MemberRow = Pick<
  UserRow,
  'id' | 'external_id' | 'user_name' | 'known_as' | 'email' | 'display_name' | 'active'
>;

/** Columns of a MemberRow, for scim_users under the name `u`. */
const memberColumns = sql`u.id, u.external_id, u.user_name, u.known_as, u.email, u.display_name, u.active`;

/** A member's name: people look for it, and not every user has one. */
export const memberDisplay: RawBuilder<string> = sql<string>`coalesce(scim_users.display_name, scim_users.user_name)`;

/** A group, and the source that it and so its members belong to. */
export type OwnGroup = { id: string; source: ScimSource };

/**
 * Adds those that are not in yet; answers all of these users that the source has. They are held in a shared lock until
 * the commit. So a user who is deactivated or deleted at the same time is seen either before or after, never in
 * between.
 */
export async function addMembers(
  tx: Tx,
  { id: groupId, source }: OwnGroup,
  ids: readonly string[],
): Promise<(MemberRow & { is_new: boolean })[]> {
  const { rows } = await sql<MemberRow & { is_new: boolean }>`
    with u as materialized (
      select id, external_id, user_name, known_as, email, display_name, active from scim_users
      where id = any(${ids}::uuid[]) and source = ${source} order by id for share
    ), fresh as (
      insert into scim_members (group_id, user_id) select ${groupId}::uuid, id from u
      on conflict do nothing returning user_id
    )
    select ${memberColumns}, f.user_id is not null as is_new
    from u left join fresh f on f.user_id = u.id`.execute(tx);
  return rows;
}

/** Removes these members of a group; answers who was in. */
export async function removeMembers(tx: Tx, groupId: string, ids: readonly string[]): Promise<MemberRow[]> {
  return await removeAll(tx, groupId, sql`m.user_id = any(${ids})`);
}

/**
 * Removes every member of a group but these; answers who was in. The list is made a table, which is looked up by hash.
 * Each member would be held against each of the list otherwise, once PostgreSQL has a general plan: seconds for
 * thousands.
 */
export async function removeOtherMembers(
  tx: Tx,
  groupId: string,
  ids: readonly string[],
): Promise<MemberRow[]> {
  return await removeAll(tx, groupId, sql`m.user_id not in (select unnest(${ids}::uuid[]))`);
}

/** Removes the members of a group that meet a condition on `scim_members` and `scim_users`; answers who was in. */
export async function removeMembersWhere(
  tx: Tx,
  groupId: string,
  condition: Condition,
): Promise<MemberRow[]> {
  return await removeAll(
    tx,
    groupId,
    sql`exists (
      select from scim_members join scim_users on scim_users.id = scim_members.user_id
      where scim_members.group_id = m.group_id and scim_members.user_id = m.user_id and (${condition}))`,
  );
}

/**
 * `m` stands for the member's row in the condition. `offset 0`: who was in is looked up one by one in the index. The
 * planner takes all who might go for those who do.
 */
async function removeAll(tx: Tx, groupId: string, which: RawBuilder<unknown>): Promise<MemberRow[]> {
  const { rows } = await sql<MemberRow>`
    with gone as (
      delete from scim_members m where m.group_id = ${groupId} and ${which} returning m.user_id
    )
    select ${memberColumns} from (select user_id from gone order by user_id) g,
      lateral (select * from scim_users where id = g.user_id offset 0) u for share of u`.execute(tx);
  return rows;
}

/** Every member of a group, held in a shared lock: for a rename or deletion, which concern them all. */
export async function lockMembers(tx: Tx, groupId: string): Promise<MemberRow[]> {
  const { rows } = await sql<MemberRow>`
    select ${memberColumns} from scim_members m join scim_users u on u.id = m.user_id
    where m.group_id = ${groupId} order by u.id for share of u`.execute(tx);
  return rows;
}

/** Those of these users that are in a group. */
export async function membersAmong(
  tx: Tx,
  groupId: string,
  userIds: readonly string[],
): Promise<MemberRow[]> {
  if (userIds.length === 0) return [];
  return await tx
    .selectFrom('scim_members')
    .innerJoin('scim_users', 'scim_users.id', 'scim_members.user_id')
    .selectAll('scim_users')
    .where('group_id', '=', groupId)
    .where('user_id', 'in', userIds)
    .execute();
}

export type MemberRef = { group_id: string; id: string; display: string };

/** Members of several groups, for answers that show them. */
export async function membersOf(db: Db, groupIds: readonly string[]): Promise<MemberRef[]> {
  if (groupIds.length === 0) return [];
  return await db
    .selectFrom('scim_members')
    .innerJoin('scim_users', 'scim_users.id', 'scim_members.user_id')
    .select(['scim_members.group_id', 'scim_users.id', memberDisplay.as('display')])
    .where('scim_members.group_id', 'in', groupIds)
    .orderBy('scim_users.id')
    .execute();
}

/** A group as somebody is in it. */
export type GroupRef = { user_id: string; id: string; display_name: string };

/** Groups of several users, for answers that show them. */
export async function groupsOf(db: Db, userIds: readonly string[]): Promise<GroupRef[]> {
  if (userIds.length === 0) return [];
  return await db
    .selectFrom('scim_members')
    .innerJoin('scim_groups', 'scim_groups.id', 'scim_members.group_id')
    .select(['scim_members.user_id', 'scim_groups.id', 'scim_groups.display_name'])
    .where('scim_members.user_id', 'in', userIds)
    .orderBy('scim_groups.display_name')
    .orderBy('scim_groups.id')
    .execute();
}

/** The ids of the groups that a user is in. */
export async function groupIdsOf(tx: Tx, userId: string): Promise<Set<string>> {
  const rows = await tx.selectFrom('scim_members').select('group_id').where('user_id', '=', userId).execute();
  return new Set(rows.map((row) => row.group_id));
}

/**
 * The groups of a source that a user is in, held until the transaction ends. To name them, the lock is one that others
 * may share. To change them, it is exclusive. A shared lock that is raised later would make two deletions wait for each
 * other.
 */
export async function lockGroupsOf(
  tx: Tx,
  source: ScimSource,
  userId: string,
  why: 'to name' | 'to change',
): Promise<{ id: string; display_name: string }[]> {
  const groups = tx
    .selectFrom('scim_groups')
    .innerJoin('scim_members', 'scim_members.group_id', 'scim_groups.id')
    .select(['scim_groups.id', 'scim_groups.display_name'])
    .where('scim_members.user_id', '=', userId)
    .where('scim_groups.source', '=', source)
    .orderBy('scim_groups.id');
  return await (why === 'to change'
    ? groups.forNoKeyUpdate('scim_groups')
    : groups.forShare('scim_groups')
  ).execute();
}
