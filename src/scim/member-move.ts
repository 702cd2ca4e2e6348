import { wholeCommit } from '../flow/commit.ts';
import { toldMembers } from '../flow/observe.ts';
import type { Bound } from '../store/statement.ts';
import { MAX_NOTED_IDS, type Scim } from './endpoint.ts';
import { noUser } from './members.ts';
import { isUuid } from './resource.ts';

/** The usual PATCH of a group: some members in or out, nothing else. */
export type MemberMove = { do: 'add' | 'remove'; ids: string[] };

/** What the statement answers: one row, or none where there is no such group. */
export type MovedGroup = { id: string; version: number; known: string[] | null; heard: boolean };

const insertion = `insert into scim_members (group_id, user_id) select g.id, u.id from g, u
  where (select count(*) from u) = cardinality($2::uuid[]) on conflict do nothing returning user_id`;
const deletion = `delete from scim_members m using g, u
  where m.group_id = g.id and m.user_id = u.id returning m.user_id`;

/**
 * $1 group, $2 users, $3 who did it, $4 names of groups whose members are to be observed. The group is locked before
 * the users, because `exists` is looked at before the first of them. A user that does not exist stops an addition
 * before anything is written.
 */
function moving(name: string, move: MemberMove['do']) {
  const [count, ids] = ['(select count(*) from moved)', '(select noted_ids from noted_moved)'];
  const [none, nobody] = ['0', "'[]'::jsonb"];
  const isAdd = move === 'add';
  return wholeCommit(name, {
    changing: `
  g as materialized (
    select id, display_name, version from scim_groups where id = $1::uuid for no key update
  ), u as materialized (
    select id, external_id, user_name, email, display_name, active from scim_users
    where exists (select from g) and id = any($2::uuid[]) order by id for share
  ), moved as (${isAdd ? insertion : deletion}), bumped as (
    update scim_groups set version = version + 1, updated_at = date_trunc('milliseconds', transaction_timestamp())
    where id = $1::uuid and exists (select from moved) returning version
  ), noted_moved as (
    select coalesce(jsonb_agg(user_id), '[]') as noted_ids from (select user_id from moved limit ${MAX_NOTED_IDS}) few
  )`,
    notes: `select 'scimMembersChanged' as type, $3::jsonb as actor, jsonb_build_object(
      'scimGroupId', g.id, 'groupName', g.display_name,
      'addedCount', ${isAdd ? count : none}, 'removedCount', ${isAdd ? none : count},
      'added', ${isAdd ? ids : nobody}, 'removed', ${isAdd ? nobody : ids}) as data
    from g where exists (select from moved)`,
    told: toldMembers(isAdd ? 'added' : 'removed'),
    answer: `select g.id, coalesce(bumped.version, g.version) as version,
      (select array_agg(id) from u) as known, exists (select from heard) as heard
    from g left join bumped on true`,
  });
}

const statements = {
  add: moving('scim_members_add', 'add'),
  remove: moving('scim_members_remove', 'remove'),
};

/**
 * Moves members with the group's lock, its new version, the audit entry and what is to be observed in one statement.
 * It sees the members as of its start, so of an add and a remove that cross on their way either may come first.
 * Throws 400 `invalidValue` for a user to add who can't exist.
 */
export function membersMove(scim: Scim, groupId: string, move: MemberMove): Bound {
  const malformed = move.ids.find((id) => !isUuid(id));
  if (move.do === 'add' && malformed !== undefined) throw noUser(malformed);
  const ids = [...new Set(move.ids)].filter(isUuid);
  return statements[move.do](groupId, ids, JSON.stringify(scim.client), scim.observedGroups());
}
