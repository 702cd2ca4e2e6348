import { sql } from 'kysely';
import type { Tx } from '../store/database.ts';
import { Difference, noUser, type UserRow, userColumns } from './members.ts';
import { isUuid } from './resource.ts';

/** The usual PATCH of a group: some members in or out, nothing else. */
export type MemberMove = { do: 'add' | 'remove'; ids: string[] };

export type MovedGroup = { id: string; display_name: string; version: number; difference: Difference };

type Row = UserRow & { group_name: string; group_version: number; moved: boolean };

/**
 * Moves members with the group's lock and its new version in one round trip; null when there is no such group.
 * It sees the members as of its start, so of an add and a remove that cross on their way either may come first.
 * Throws 400 `invalidValue` for a user to add that does not exist.
 */
export async function moveMembers(
  tx: Tx,
  groupId: string,
  move: MemberMove,
  now: Date,
): Promise<MovedGroup | null> {
  const ids = [...new Set(move.ids)];
  const malformed = ids.find((id) => !isUuid(id));
  if (move.do === 'add' && malformed !== undefined) throw noUser(malformed);
  const known = sql`${ids.filter(isUuid)}::uuid[]`;
  // The group is locked before the users: `exists` is looked at before the first of them.
  const users = sql`u as materialized (
    select id, external_id, user_name, email, display_name, active from scim_users
    where exists (select from g) and id = any(${known}) order by id for share)`;
  const moved =
    move.do === 'add'
      ? sql`moved as (insert into scim_members (group_id, user_id) select g.id, u.id from g, u
          on conflict do nothing returning user_id)`
      : sql`moved as (delete from scim_members m using g, u
          where m.group_id = g.id and m.user_id = u.id returning m.user_id)`;
  const { rows } = await sql<Row>`
    with g as materialized (
      select id, display_name, version from scim_groups where id = ${groupId} for no key update
    ), ${users}, ${moved}, bumped as (
      update scim_groups set version = version + 1, updated_at = ${now}
      where id = ${groupId} and exists (select from moved) returning version
    )
    select g.display_name as group_name, coalesce(bumped.version, g.version) as group_version,
      ${userColumns}, moved.user_id is not null as moved
    from g left join bumped on true left join u on true left join moved on moved.user_id = u.id`.execute(tx);
  const [first] = rows;
  if (first === undefined) return null;
  const difference = new Difference();
  // Without any user the outer join leaves one row with only the group in it.
  const seen = new Set(rows.map((row) => row.id).filter((id) => id !== null));
  const unknown = ids.find((id) => !seen.has(id));
  if (move.do === 'add' && unknown !== undefined) throw noUser(unknown);
  for (const row of rows)
    if (row.moved && move.do === 'add') difference.noteAdded(row);
    else if (row.moved) difference.noteRemoved(row);
  return { id: groupId, display_name: first.group_name, version: first.group_version, difference };
}
