import { type Bound, statement } from '../store/statement.ts';
import { Difference, noUser, type UserRow } from './members.ts';
import { isUuid } from './resource.ts';

/** The usual PATCH of a group: some members in or out, nothing else. */
export type MemberMove = { do: 'add' | 'remove'; ids: string[] };

export type MovedGroup = { id: string; display_name: string; version: number; difference: Difference };

export type MovedRow = UserRow & { group_name: string; group_version: number; moved: boolean };

const insertion = `insert into scim_members (group_id, user_id) select g.id, u.id from g, u
  on conflict do nothing returning user_id`;
const deletion = `delete from scim_members m using g, u
  where m.group_id = g.id and m.user_id = u.id returning m.user_id`;

/**
 * $1 group, $2 users. The group is locked before the users, because `exists` is looked at before the first
 * of them. Without any user the outer join leaves one row with only the group in it.
 */
const moving = (move: string) => `
  with g as materialized (
    select id, display_name, version from scim_groups where id = $1::uuid for no key update
  ), u as materialized (
    select id, external_id, user_name, email, display_name, active from scim_users
    where exists (select from g) and id = any($2::uuid[]) order by id for share
  ), moved as (${move}), bumped as (
    update scim_groups set version = version + 1, updated_at = date_trunc('milliseconds', transaction_timestamp())
    where id = $1::uuid and exists (select from moved) returning version
  )
  select g.display_name as group_name, coalesce(bumped.version, g.version) as group_version,
    u.id, u.external_id, u.user_name, u.email, u.display_name, u.active, moved.user_id is not null as moved
  from g left join bumped on true left join u on true left join moved on moved.user_id = u.id`;

const statements = {
  add: statement('scim_members_add', moving(insertion)),
  remove: statement('scim_members_remove', moving(deletion)),
};

/**
 * Moves members with the group's lock and its new version in one statement, which can open its transaction.
 * It sees the members as of its start, so of an add and a remove that cross on their way either may come first.
 * Throws 400 `invalidValue` for a user to add who can't exist.
 */
export function membersMove(groupId: string, move: MemberMove): Bound {
  const malformed = move.ids.find((id) => !isUuid(id));
  if (move.do === 'add' && malformed !== undefined) throw noUser(malformed);
  return statements[move.do](groupId, [...new Set(move.ids)].filter(isUuid));
}

/** What the statement did; null when there is no such group. Throws 400 `invalidValue` for an unknown user to add. */
export function movedGroup(groupId: string, move: MemberMove, rows: readonly MovedRow[]): MovedGroup | null {
  const [first] = rows;
  if (first === undefined) return null;
  const difference = new Difference();
  const seen = new Set(rows.map((row) => row.id).filter((id) => id !== null));
  const unknown = move.ids.find((id) => !seen.has(id));
  if (move.do === 'add' && unknown !== undefined) throw noUser(unknown);
  for (const row of rows)
    if (row.moved && move.do === 'add') difference.noteAdded(row);
    else if (row.moved) difference.noteRemoved(row);
  return { id: groupId, display_name: first.group_name, version: first.group_version, difference };
}
