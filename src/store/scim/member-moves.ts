import type { Bound } from '../postgres/statement.ts';
import type { ScimSource } from '../schema/scim-tables.ts';
import { wholeCommit } from '../whole-commit.ts';

/** Ids listed in one audit entry; the counts are always whole. */
export const MAX_NOTED_IDS = 100;

/** What the statement answers: a row for each group that there is. */
export type MovedGroup = {
  id: string;
  version: number;
  /** Null: all of the users were there; else those that were. */
  known: string[] | null;
  isObserved: boolean;
};

const insertion = `insert into scim_members (group_id, user_id) select group_id, user_id from asked
  where group_id in (select group_id from whole) on conflict do nothing returning group_id, user_id`;
const deletion = `delete from scim_members m using asked, u
  where m.group_id = asked.group_id and m.user_id = asked.user_id and u.id = asked.user_id
  and asked.group_id in (select id from g) returning m.group_id, m.user_id`;

/**
 * One statement, a commit of its own:
 *
 *     with asked as (<$1 and $2>), g as (<groups, locked>), u as (<users, locked>), whole as (<groups whose users are all there>),
 *       moved as (<insert into or delete from scim_members>), noted_moved as (<count and ids of each group>),
 *       bumped as (update scim_groups set version = version + 1 …),
 *       noted as (insert into audit …), observed_now as (insert into observed …), owed as (insert into outbox …)
 *     select <a MovedGroup for each of g>
 *
 * - `$1`: groups
 * - `$2`: the user for each group
 * - `$3`: who did it
 * - `$4`: keys of the names of groups whose members are to be observed
 * - `$5`: the source whose groups and users they have to be. Those of another source look as if they were not there.
 *
 * Groups are locked before users, both by id, because `exists` is looked at before the first of the users. A user that
 * does not exist stops what is added to that group before anything is written. With `skip locked` nothing is waited
 * for: what somebody else holds looks as if it were not there.
 */
function moving(name: string, move: 'add' | 'remove', locked: '' | 'skip locked') {
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
      exists (select from observed_now) as "isObserved"
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

export type MovesGiven = {
  /** A group and a user for each move; a group once with no user is only looked at. */
  groupIds: readonly string[];
  userIds: readonly string[];
  actor: unknown;
  /** Keys of the names of the groups whose members are to be observed; null: all. */
  observedKeys: readonly string[] | null;
  source: ScimSource;
};

/** The statement that moves members; it answers a MovedGroup for each group that there is. */
export function memberMoves(
  direction: 'add' | 'remove',
  onLocked: 'wait' | 'pass',
  { groupIds, userIds, actor, observedKeys, source }: MovesGiven,
): Bound {
  const statements = onLocked === 'wait' ? waiting : passing;
  return statements[direction](groupIds, userIds, JSON.stringify(actor), observedKeys, source);
}

/**
 * The observations of a move, as `observeAll` (src/flow/drift/observe-scim.ts) makes them of any other change. `g` are
 * the groups, `u` the users. `moved` says who really moved where. `bumped` has the groups' new versions.
 */
function toldMembers(direction: 'added' | 'removed'): string {
  return `select concat_ws(':', 'scim', g.id, 'g' || bumped.version, u.id, '${direction}') as key,
      'scim' as event_source,
      jsonb_build_object('idp', $5::text, 'kind', 'membership', 'direction', '${direction}',
        'group', jsonb_build_object('name', g.display_name),
        'person', jsonb_build_object('id', u.external_id, 'pushed', jsonb_build_object(
          'login', u.user_name, 'email', coalesce(u.email, u.user_name),
          'name', coalesce(u.display_name, u.user_name), 'isActive', u.active))) as payload
    from moved join g on g.id = moved.group_id join bumped on bumped.id = moved.group_id
      join u on u.id = moved.user_id
    where ($4::text[] is null or g.display_name_key = any($4::text[]))
      and u.active`;
}
