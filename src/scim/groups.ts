import { randomUUID } from 'node:crypto';
import type { ObservedMember, ObservedMemberships } from '../core/drift/scim-observation.ts';
import { nameKey } from '../core/name-key.ts';
import { observeAll } from '../flow/drift/observe-scim.ts';
import { pushWentThrough } from '../flow/drift/refused-push.ts';
import type { Outcome, Unit } from '../flow/kernel/commit.ts';
import type { Tx } from '../store/postgres/database.ts';
import {
  deleteGroup,
  type GroupRow,
  hasGroupNamed,
  insertGroup,
  lockGroup,
  readGroup,
  readGroups,
  updateGroup,
} from '../store/scim/groups.ts';
import { type MemberRef, membersOf } from '../store/scim/members.ts';
import { groupSource } from './attribute-places.ts';
import {
  type Answer,
  checkIfMatch,
  type Endpoint,
  headOf,
  meta,
  ownRow,
  type Scim,
  write,
} from './endpoint.ts';
import { groupNote, memberNotes, membersNote, type Named } from './group-notes.ts';
import { Leeway } from './leeway.ts';
import type { MemberMove } from './member-move.ts';
import {
  changeMembers,
  type Difference,
  holdAllMembers,
  type MemberStep,
  memberIds,
  memberSteps,
  noUser,
} from './members.ts';
import { type MoveMembers, movesTogether } from './moves-together.ts';
import { applySteps, readPatch } from './patch.ts';
import type { Wanted } from './projection.ts';
import { bodyObject, type Doc, isUuid, readResource } from './resource.ts';
import { groupType, sameName } from './schema.ts';
import { notFound, ScimError } from './scim-error.ts';

/** The endpoint /Groups. */
export function groups(scim: Scim): Endpoint {
  const move = movesTogether(scim);
  return {
    type: groupType,
    table: 'scim_groups',
    source: groupSource,

    async create(body, wanted, id = randomUUID()) {
      const { doc, ids } = groupIn(body);
      const row = await write(scim, (unit) => createGroup(scim, unit, { id, doc, memberIds: ids ?? [] }));
      return await answerNow(scim, row, wanted);
    },

    async show(ids, wanted) {
      const rows = await readGroups(scim.db, ids);
      const members = Map.groupBy(
        wanted.includes('members') ? await membersOf(scim.db, ids) : [],
        (member) => member.group_id,
      );
      return new Map(
        rows.map((row) => [row.id, wanted.pick(represent(scim, row, members.get(row.id) ?? []))]),
      );
    },

    async read(id, wanted) {
      const row = isUuid(id) ? await readGroup(scim.db, id) : undefined;
      return await answerNow(scim, ownRow(scim, groupType, id, row), wanted);
    },

    async replace(id, body, ifMatch, wanted) {
      const { doc, ids } = groupIn(body);
      // A PUT without members, e.g. a rename, must not empty the group; RFC 7644 section 3.5.1 leaves that to us.
      const steps: MemberStep[] = ids === null ? [] : [{ do: 'replace', ids }];
      const row = await write(scim, (unit) =>
        changeGroup(scim, unit, { id, ifMatch }, { change: () => doc, steps }),
      );
      return await answerNow(scim, row, wanted);
    },

    async patch(id, body, ifMatch, wanted) {
      const steps = readPatch(groupType, id, body, new Leeway(false));
      const onMembers = memberSteps(steps.filter((step) => step.attribute.name === 'members'));
      const onGroup = steps.filter((step) => step.attribute.name !== 'members');
      const [only, ...others] = onMembers;
      if (wanted === null && ifMatch === undefined && onGroup.length === 0 && others.length === 0)
        if (only?.do === 'add' || only?.do === 'remove') {
          const group = await moveOnly(scim, move, id, only);
          return { resource: null, ...headOf(scim, groupType, group) };
        }
      const change = (before: Doc) => applySteps(groupType, before, onGroup);
      const row = await write(scim, (unit) =>
        changeGroup(scim, unit, { id, ifMatch }, { change, steps: onMembers }),
      );
      return wanted === null
        ? { resource: null, ...headOf(scim, groupType, row) }
        : await answerNow(scim, row, wanted);
    },

    async remove(id, ifMatch) {
      await write(scim, (unit) => removeGroup(scim, unit, id, ifMatch));
    },

    locationOf: (id) => `${scim.root}${groupType.endpoint}/${id}`,
  };
}

/** `ids` is null when the body says nothing about members. Members are kept out of the document: they are many. */
function groupIn(sent: unknown): { doc: Doc; ids: string[] | null } {
  const body = bodyObject(sent);
  const key = Object.keys(body).find((name) => sameName(name, 'members'));
  if (key === undefined) return { doc: readResource(groupType, body), ids: null };
  const { [key]: members, ...others } = body;
  return { doc: readResource(groupType, others), ids: memberIds(members) };
}

async function createGroup(
  scim: Scim,
  unit: Unit,
  { id, doc, memberIds }: { id: string; doc: Doc; memberIds: string[] },
): Promise<Outcome<GroupRow>> {
  const row = await insertGroup(unit.tx, {
    id,
    source: scim.source,
    created_at: unit.now,
    updated_at: unit.now,
    ...columns(doc),
  });
  const difference = await changeMembers(unit.tx, row, [{ do: 'add', ids: memberIds }]);
  const notes = [groupNote(scim, unit, row, { did: 'created' }), ...memberNotes(scim, unit, row, difference)];
  return {
    result: row,
    notes,
    jobs: await observeAll(unit, [moved(row, difference)], scim),
  };
}

/** The group's row, held until the transaction ends: changes of one group's members come one after another. */
async function holdGroup(scim: Scim, tx: Tx, id: string, ifMatch: string | undefined): Promise<GroupRow> {
  const found = isUuid(id) ? await lockGroup(tx, id) : undefined;
  const row = ownRow(scim, groupType, id, found);
  checkIfMatch(ifMatch, row.version);
  return row;
}

async function changeGroup(
  scim: Scim,
  unit: Unit,
  { id, ifMatch }: { id: string; ifMatch: string | undefined },
  { change, steps }: { change: (before: Doc) => Doc; steps: readonly MemberStep[] },
): Promise<Outcome<GroupRow>> {
  const before = await holdGroup(scim, unit.tx, id, ifMatch);
  const after = columns(change(documentOf(before)));
  const isRenamed = after.display_name !== before.display_name;
  if (after.display_name_key !== before.display_name_key) await refuseTaken(unit.tx, before, after);
  const difference = await changeMembers(unit.tx, before, steps);
  const hasChanged = isRenamed || after.external_id !== before.external_id;
  // What changes nothing leaves version and lastModified alone, RFC 7644 section 3.5.2.1.
  if (!hasChanged && difference.isEmpty()) return { result: before };
  const through = difference.removed.size > 0 ? await pushWentThrough(unit, id) : [];
  const row = await updateGroup(unit.tx, id, {
    ...after,
    version: before.version + 1,
    updated_at: unit.now,
  });
  const did = isRenamed
    ? { did: 'renamed' as const, formerName: before.display_name }
    : { did: 'changed' as const };
  const observed = isRenamed ? await renamed(unit, before, row, difference) : [moved(row, difference)];
  return {
    result: row,
    notes: [
      ...(hasChanged ? [groupNote(scim, unit, row, did)] : []),
      ...memberNotes(scim, unit, row, difference),
    ],
    jobs: [...through, ...(await observeAll(unit, observed, scim))],
  };
}

/** The usual PATCH, by one statement, however large the group. */
async function moveOnly(scim: Scim, moveMembers: MoveMembers, id: string, move: MemberMove) {
  if (!isUuid(id)) throw notFound(`there is no group ${id}`);
  const group = (await moveMembers(id.toLowerCase(), move)) ?? (await missing(scim, id));
  const known = group.known === null ? null : new Set(group.known);
  const stranger = known === null ? undefined : move.ids.find((sent) => !known.has(sent));
  if (move.do === 'add' && stranger !== undefined) throw noUser(stranger);
  if (group.isObserved) scim.onCommitted?.();
  return group;
}

/** Why there was no group to move members of. */
async function missing(scim: Scim, id: string): Promise<never> {
  ownRow(scim, groupType, id, await readGroup(scim.db, id));
  throw notFound(`there is no group ${id}`);
}

async function removeGroup(
  scim: Scim,
  unit: Unit,
  id: string,
  ifMatch: string | undefined,
): Promise<Outcome<null>> {
  const row = await holdGroup(scim, unit.tx, id, ifMatch);
  const members = await holdAllMembers(unit.tx, id);
  await deleteGroup(unit.tx, id);
  const observed = {
    groupName: row.display_name,
    groupId: id,
    added: [],
    removed: members.filter(isActive),
    revision: `g${row.version + 1}`,
  };
  return {
    result: null,
    notes: [
      groupNote(scim, unit, row, { did: 'deleted' }),
      ...membersNote(scim, unit, row, { added: [], removed: members.map((m) => m.scimUserId) }),
    ],
    jobs: [...(await pushWentThrough(unit, id)), ...(await observeAll(unit, [observed], scim))],
  };
}

function isActive(member: ObservedMember): boolean {
  return member.active;
}

function moved(row: Named & { version: number }, difference: Difference): ObservedMemberships {
  return {
    groupName: row.display_name,
    groupId: row.id,
    added: [...difference.added.values()].filter(isActive),
    removed: [...difference.removed.values()].filter(isActive),
    revision: `g${row.version}`,
  };
}

/** Each former member is out of the old name. Each present member is in the new one. */
async function renamed(
  unit: Unit,
  before: GroupRow,
  after: GroupRow,
  difference: Difference,
): Promise<ObservedMemberships[]> {
  const now = (await holdAllMembers(unit.tx, after.id)).filter(isActive);
  const then = [
    ...now.filter((member) => !difference.added.has(member.scimUserId)),
    ...[...difference.removed.values()].filter(isActive),
  ];
  const revision = `g${after.version}`;
  return [
    { groupName: before.display_name, groupId: before.id, added: [], removed: then, revision },
    { groupName: after.display_name, groupId: after.id, added: now, removed: [], revision },
  ];
}

/** The unique index has the last word; this names the trouble before that of any member. */
async function refuseTaken(tx: Tx, { source }: GroupRow, after: ReturnType<typeof columns>): Promise<void> {
  if (await hasGroupNamed(tx, source, after.display_name_key))
    throw new ScimError(409, 'another group has this displayName', 'uniqueness');
}

function documentOf(row: GroupRow): Doc {
  return {
    displayName: row.display_name,
    ...(row.external_id === null ? {} : { externalId: row.external_id }),
  };
}

function columns(doc: Doc) {
  return {
    display_name: doc.displayName as string,
    display_name_key: nameKey(doc.displayName as string),
    external_id: (doc.externalId as string | undefined) ?? null,
  };
}

async function answerNow(scim: Scim, row: GroupRow, wanted: Wanted): Promise<Answer> {
  const members = wanted.includes('members') ? await membersOf(scim.db, [row.id]) : [];
  return { resource: wanted.pick(represent(scim, row, members)), ...headOf(scim, groupType, row) };
}

function represent(scim: Scim, row: GroupRow, members: readonly MemberRef[]): Record<string, unknown> {
  return {
    schemas: [groupType.core.urn],
    id: row.id,
    ...documentOf(row),
    members: members.map((member) => ({
      value: member.id,
      $ref: `${scim.root}/Users/${member.id}`,
      display: member.display,
      type: 'User',
    })),
    meta: meta(scim, groupType, row),
  };
}
