import type { ObservedMember } from '../core/drift/scim-observation.ts';
import type { Tx } from '../store/postgres/database.ts';
import {
  addMembers,
  lockMembers,
  type MemberRow,
  type OwnGroup,
  removeMembers,
  removeMembersWhere,
  removeOtherMembers,
} from '../store/scim/members.ts';
import { memberSource } from './attribute-places.ts';
import type { Filter } from './filter.ts';
import { conditionOf } from './filter-condition.ts';
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

/** The net difference of several steps: who is in now and was not, and the other way round, active or not. */
export class Difference {
  readonly added = new Map<string, ObservedMember>();
  readonly removed = new Map<string, ObservedMember>();

  noteAdded(rows: readonly MemberRow[]): void {
    for (const row of rows) if (!this.removed.delete(row.id)) this.added.set(row.id, observedMember(row));
  }

  noteRemoved(rows: readonly MemberRow[]): void {
    for (const row of rows) if (!this.added.delete(row.id)) this.removed.set(row.id, observedMember(row));
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

/** Reads the ids of members to remove. A member that names nobody is skipped; the others are removed all the same. */
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

async function changeOnce(tx: Tx, group: OwnGroup, step: MemberStep, difference: Difference): Promise<void> {
  switch (step.do) {
    case 'add':
      return await addAll(tx, group, step.ids, difference);
    case 'remove':
      return difference.noteRemoved(await removeMembers(tx, group.id, step.ids.filter(isUuid)));
    case 'removeWhere': {
      const meets = conditionOf(step.filter, memberSource);
      return difference.noteRemoved(await removeMembersWhere(tx, group.id, meets));
    }
    case 'replace':
      difference.noteRemoved(await removeOtherMembers(tx, group.id, step.ids.filter(isUuid)));
      return await addAll(tx, group, step.ids, difference);
    default:
      return step satisfies never;
  }
}

async function addAll(
  tx: Tx,
  group: OwnGroup,
  sent: readonly string[],
  difference: Difference,
): Promise<void> {
  const ids = [...new Set(sent)];
  if (ids.length === 0) return;
  const malformed = ids.find((id) => !isUuid(id));
  if (malformed !== undefined) throw noUser(malformed);
  const rows = await addMembers(tx, group, ids);
  if (rows.length < ids.length) {
    const known = new Set(rows.map((row) => row.id));
    throw noUser(ids.find((id) => !known.has(id)) ?? '');
  }
  difference.noteAdded(rows.filter((row) => row.is_new));
}

export function noUser(id: string) {
  return invalidValue(`there is no user ${id}`);
}

/** Every member of a group, held in a shared lock: for a rename or deletion, which concern them all. */
export async function holdAllMembers(tx: Tx, groupId: string): Promise<ObservedMember[]> {
  return (await lockMembers(tx, groupId)).map(observedMember);
}
