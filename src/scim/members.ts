import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../store/postgres/database.ts';
import type { ScimSource } from '../store/scim-tables.ts';
import { memberDisplay, memberSource } from './attribute-sql.ts';
import type { Filter } from './filter.ts';
import { filterToSql } from './filter-sql.ts';
import type { ObservedMember } from './observed.ts';
import type { Step } from './patch.ts';
import { isObject, isUuid } from './resource.ts';
import { invalidPath, invalidValue, mutability } from './scim-error.ts';
import { observedMember } from './users.ts';

/** One thing to do to the members of a group. None of them reads the members that stay. */
export type MemberStep =
  | { do: 'add'; ids: string[] }
  | { do: 'remove'; ids: string[] }
  | { do: 'removeWhere'; filter: Filter }
  | { do: 'replace'; ids: string[] };

export type UserRow = {
  id: string;
  external_id: string | null;
  user_name: string;
  known_as: string | null;
  email: string | null;
  display_name: string | null;
  active: boolean;
};

/** Columns of a UserRow, for scim_users under the name `u`. */
const userColumns = sql`u.id, u.external_id, u.user_name, u.known_as, u.email, u.display_name, u.active`;

/** The net difference of several steps: who is in now and was not, and the other way round, active or not. */
export class Difference {
  readonly added = new Map<string, ObservedMember>();
  readonly removed = new Map<string, ObservedMember>();

  noteAdded(row: UserRow): void {
    if (!this.removed.delete(row.id)) this.added.set(row.id, observedMember(row));
  }

  noteRemoved(row: UserRow): void {
    if (!this.added.delete(row.id)) this.removed.set(row.id, observedMember(row));
  }

  isEmpty(): boolean {
    return this.added.size === 0 && this.removed.size === 0;
  }
}

/** Reads the PATCH steps on `members`, joining neighbours that do the same: Okta sends one for each member. */
export function memberSteps(steps: readonly Step[]): MemberStep[] {
  const all: MemberStep[] = [];
  for (const step of steps) {
    const next = memberStep(step);
    const last = all.at(-1);
    if (last?.do === 'add' && next.do === 'add') last.ids.push(...next.ids);
    else if (last?.do === 'remove' && next.do === 'remove') last.ids.push(...next.ids);
    else all.push(next);
  }
  return all;
}

function memberStep(step: Step): MemberStep {
  const { op, filter, value } = step;
  // To remove the id of a member is to remove the member.
  const sub = op === 'remove' && step.sub?.name === 'value' ? null : step.sub;
  if (sub !== null) throw mutability(`members.${sub.name} can’t be changed; add or remove the member`);
  if (filter === null) {
    if (op !== 'remove') return { do: op, ids: memberIds(value) };
    // Entra names the members to remove in the value.
    return value === undefined || value === null
      ? { do: 'replace', ids: [] }
      : { do: 'remove', ids: memberIdsNamed(value) };
  }
  if (op !== 'remove') throw invalidPath('members can be selected only to remove them');
  const ids = idsNamed(filter);
  return ids === null ? { do: 'removeWhere', filter } : { do: 'remove', ids };
}

/** The ids when a filter is `value eq "..."`, or several of those with `or`. */
function idsNamed(filter: Filter): string[] | null {
  if (filter.op === 'eq' && filter.path.toLowerCase() === 'value' && typeof filter.value === 'string')
    return [filter.value];
  if (filter.op !== 'or') return null;
  const parts = filter.filters.map(idsNamed);
  return parts.includes(null) ? null : parts.flatMap((ids) => ids ?? []);
}

/** The `value`s of a list of members. Throws 400 `invalidValue`. */
export function memberIds(members: unknown): string[] {
  if (members === null || members === undefined) return [];
  return (Array.isArray(members) ? members : [members]).map((member) => {
    const id = idOf(member);
    if (id === null) throw invalidValue('a member has no value');
    return id;
  });
}

/** The same of those to be removed: one that names nobody keeps none of the others in. */
function memberIdsNamed(members: unknown): string[] {
  return (Array.isArray(members) ? members : [members]).map(idOf).filter((id) => id !== null);
}

function idOf(member: unknown): string | null {
  const id = isObject(member)
    ? Object.entries(member).find(([name]) => name.toLowerCase() === 'value')?.[1]
    : member;
  return typeof id === 'string' ? id.trim().toLowerCase() : null;
}

/**
 * Does the steps to a group that the caller has locked. Throws 400 `invalidValue` for a user that does not exist, as
 * another source's does not for this one.
 */
export async function changeMembers(
  tx: Tx,
  group: OwnGroup,
  steps: readonly MemberStep[],
): Promise<Difference> {
  const difference = new Difference();
  for (const step of steps) await changeOnce(tx, group, step, difference);
  return difference;
}

/** A group, and the source that it and so its members belong to. */
type OwnGroup = { id: string; source: ScimSource };

async function changeOnce(tx: Tx, group: OwnGroup, step: MemberStep, difference: Difference): Promise<void> {
  const groupId = group.id;
  switch (step.do) {
    case 'add':
      return await addMembers(tx, group, step.ids, difference);
    case 'remove':
      return await removeMembers(tx, groupId, sql`m.user_id = any(${step.ids.filter(isUuid)})`, difference);
    case 'removeWhere': {
      const meets = filterToSql(step.filter, memberSource);
      const selected = sql`exists (
        select from scim_members join scim_users on scim_users.id = scim_members.user_id
        where scim_members.group_id = m.group_id and scim_members.user_id = m.user_id and (${meets}))`;
      return await removeMembers(tx, groupId, selected, difference);
    }
    case 'replace': {
      const others = sql`m.user_id <> all(${step.ids.filter(isUuid)})`;
      await removeMembers(tx, groupId, others, difference);
      return await addMembers(tx, group, step.ids, difference);
    }
    default:
      return step satisfies never;
  }
}

/**
 * Adds those that are not in yet. Users are held in a shared lock until the commit: one who is deactivated or
 * deleted at the same time is seen either before or after, never in between.
 */
async function addMembers(
  tx: Tx,
  { id: groupId, source }: OwnGroup,
  sent: readonly string[],
  difference: Difference,
): Promise<void> {
  const ids = [...new Set(sent)];
  if (ids.length === 0) return;
  const malformed = ids.find((id) => !isUuid(id));
  if (malformed !== undefined) throw noUser(malformed);
  const { rows } = await sql<UserRow & { is_new: boolean }>`
    with u as materialized (
      select id, external_id, user_name, known_as, email, display_name, active from scim_users
      where id = any(${ids}::uuid[]) and source = ${source} order by id for share
    ), fresh as (
      insert into scim_members (group_id, user_id) select ${groupId}::uuid, id from u
      on conflict do nothing returning user_id
    )
    select ${userColumns}, f.user_id is not null as is_new
    from u left join fresh f on f.user_id = u.id`.execute(tx);
  if (rows.length < ids.length) {
    const known = new Set(rows.map((row) => row.id));
    throw noUser(ids.find((id) => !known.has(id)) ?? '');
  }
  for (const row of rows) if (row.is_new) difference.noteAdded(row);
}

export function noUser(id: string) {
  return invalidValue(`there is no user ${id}`);
}

/** `m` stands for the member's row in the condition. */
async function removeMembers(
  tx: Tx,
  groupId: string,
  which: RawBuilder<unknown>,
  difference: Difference,
): Promise<void> {
  const { rows } = await sql<UserRow>`
    with gone as (
      delete from scim_members m where m.group_id = ${groupId} and ${which} returning m.user_id
    )
    select ${userColumns} from scim_users u
    where u.id in (select user_id from gone) order by u.id for share of u`.execute(tx);
  for (const row of rows) difference.noteRemoved(row);
}

/** Every member of a group, held in a shared lock: for a rename or deletion, which concern them all. */
export async function lockAllMembers(tx: Tx, groupId: string): Promise<ObservedMember[]> {
  const { rows } = await sql<UserRow>`
    select ${userColumns} from scim_members m join scim_users u on u.id = m.user_id
    where m.group_id = ${groupId} order by u.id for share of u`.execute(tx);
  return rows.map(observedMember);
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
