import { nameKey } from '../core/name-key.ts';
import { toldMembers } from '../flow/drift/observe-scim.ts';
import { wholeCommit } from '../flow/kernel/commit.ts';
import type { Bound } from '../store/postgres/statement.ts';
import { MAX_NOTED_IDS, type Scim } from './endpoint.ts';
import { noUser } from './members.ts';
import { isUuid } from './resource.ts';

/** The usual PATCH of a group: some members in or out, nothing else. */
export type MemberMove = { do: 'add' | 'remove'; ids: string[] };

/** One member into or out of one group. */
export type SingleMove = { groupId: string; userId: string };

/** What the statement answers: a row for each group that there is. */
export type MovedGroup = {
  id: string;
  version: number;
  /** Null: all of the users were there; else those that were. */
  known: string[] | null;
  heard: boolean;
};

const insertion = `insert into scim_members (group_id, user_id) select group_id, user_id from asked
  where group_id in (select group_id from whole) on conflict do nothing returning group_id, user_id`;
const deletion = `delete from scim_members m using asked, u
  where m.group_id = asked.group_id and m.user_id = asked.user_id and u.id = asked.user_id
  and asked.group_id in (select id from g) returning m.group_id, m.user_id`;

/**
 * $1 groups and $2 the user for each, $3 who did it, $4 keys of the names of groups whose members are to be observed,
 * $5 the source whose groups and users they have to be: what is another's looks as if it were not there. Groups are
 * locked before users, both by id, because `exists` is looked at before the first of the users. A user that does not
 * exist stops what is added to that group before anything is written. With `skip locked` nothing is waited for: what
 * somebody else holds looks as if it were not there.
 */
function moving(name: string, move: MemberMove['do'], locked: '' | 'skip locked') {
  const [count, ids] = ['noted_moved.n', 'noted_moved.ids'];
  const [none, nobody] = ['0', "'[]'::jsonb"];
  const isAdd = move === 'add';
  return wholeCommit(name, {
    changing: `
  asked as materialized (
    select group_id, user_id from unnest($1::uuid[], $2::uuid[]) as asked (group_id, user_id)
  ), g as materialized (
    select id, display_name, display_name_key, version from scim_groups where id = any($1::uuid[]) and source = $5 order by id
    for no key update ${locked}
  ), u as materialized (
    select id, external_id, coalesce(known_as, user_name) as user_name, email, display_name, active from scim_users
    where exists (select from g) and id = any($2::uuid[]) and source = $5 order by id for share ${locked}
  ), whole as materialized (
    select group_id from asked join g on g.id = asked.group_id left join u on u.id = asked.user_id
    group by group_id having count(u.id) = count(*)
  ), moved as (${isAdd ? insertion : deletion}), noted_moved as (
    select group_id, count(*) as n, to_jsonb((array_agg(user_id))[1:${MAX_NOTED_IDS}]) as ids from moved group by group_id
  ), bumped as (
    update scim_groups s set version = s.version + 1,
      updated_at = date_trunc('milliseconds', transaction_timestamp())
    from noted_moved where s.id = noted_moved.group_id returning s.id, s.version
  )`,
    notes: `select 'scimMembersChanged' as type, $3::jsonb as actor, jsonb_build_object(
      'scimGroupId', g.id, 'groupName', g.display_name,
      'addedCount', ${isAdd ? count : none}, 'removedCount', ${isAdd ? none : count},
      'added', ${isAdd ? ids : nobody}, 'removed', ${isAdd ? nobody : ids}) as data
    from noted_moved join g on g.id = noted_moved.group_id`,
    told: toldMembers(isAdd ? 'added' : 'removed'),
    answer: `select g.id, coalesce(bumped.version, g.version) as version,
      case when whole.group_id is null then (select coalesce(array_agg(id), '{}') from u) end as known,
      exists (select from heard) as heard
    from g left join bumped on bumped.id = g.id left join whole on whole.group_id = g.id`,
  });
}

const waiting = {
  add: moving('scim_members_add', 'add', ''),
  remove: moving('scim_members_remove', 'remove', ''),
};
const passing = {
  add: moving('scim_members_add_free', 'add', 'skip locked'),
  remove: moving('scim_members_remove_free', 'remove', 'skip locked'),
};

/**
 * Moves members of one group with the group's lock, its new version, the audit entry and what is to be observed in one
 * statement. It sees the members as of its start, so of an add and a remove that cross on their way either may come
 * first. Throws 400 `invalidValue` for a user to add who can't exist.
 */
export function membersMove(scim: Scim, groupId: string, move: MemberMove): Bound {
  const malformed = move.ids.find((id) => !isUuid(id));
  if (move.do === 'add' && malformed !== undefined) throw noUser(malformed);
  const ids = [...new Set(move.ids)].filter(isUuid);
  // Named at least once, so that it is found even if nobody is to move.
  const groups = ids.length === 0 ? [groupId] : ids.map(() => groupId);
  return waiting[move.do](groups, ids, ...given(scim));
}

/** The same for several groups, a member each, as far as nobody else holds a group or a user. */
export function freeMoves(scim: Scim, direction: MemberMove['do'], moves: readonly SingleMove[]): Bound {
  return passing[direction](
    moves.map((move) => move.groupId),
    moves.map((move) => move.userId),
    ...given(scim),
  );
}

function given(scim: Scim): [actor: string, observed: string[] | null, source: string] {
  return [JSON.stringify(scim.client), scim.observedGroups()?.map(nameKey) ?? null, scim.source];
}
