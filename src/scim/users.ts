import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ObservedMember, ObservedUser } from '../core/drift/scim-observation.ts';
import type { Job } from '../core/jobs/reactions.ts';
import { nameKey } from '../core/name-key.ts';
import { observeAll, observeUser } from '../flow/drift/observe-scim.ts';
import { pushWentThrough } from '../flow/drift/refused-push.ts';
import type { Note, Outcome, Unit } from '../flow/kernel/commit.ts';
import type { Tx } from '../store/postgres/database.ts';
import { MAX_NOTED_IDS } from '../store/scim/member-moves.ts';
import { type GroupRef, groupsOf, type MemberRow } from '../store/scim/members.ts';
import {
  deleteUser,
  insertUser,
  lockUser,
  readUser,
  readUsers,
  resourceOf,
  type UserRow,
  updateUser,
} from '../store/scim/users.ts';
import { userSource } from './attribute-places.ts';
import {
  type Answer,
  checkIfMatch,
  type Endpoint,
  headOf,
  meta,
  Overtaken,
  ownRow,
  type Scim,
  sqlState,
  UNIQUE_VIOLATION,
  write,
} from './endpoint.ts';
import { knownAs } from './known-as.ts';
import { newcomersTogether } from './newcomers.ts';
import type { Wanted } from './projection.ts';
import { type Doc, departmentOf, displayNameOf, emailOf, isUuid, schemasOf } from './resource.ts';
import { userType } from './schema.ts';
import { takenNames } from './taken-names.ts';
import { newUser, patchOf, replacementBy, type UserChange } from './user-change.ts';
import { confirmGroups, holdGroupsOf } from './user-groups.ts';

/** The endpoint /Users. */
export function users(scim: Scim): Endpoint {
  const insert = newcomersTogether(scim);
  return {
    type: userType,
    table: 'scim_users',
    source: userSource,

    async create(body, wanted, id = randomUUID()) {
      const doc = newUser(body);
      // Of its own names the IdP is told by the indexes, without a look before.
      const [other] = scim.isIdp ? [] : await takenNames(scim, scim.db, columns(doc));
      if (other !== undefined) throw other.why;
      const row = scim.awaits(departmentOf(doc))
        ? await write(scim, (unit) => insertAwaited(scim, unit, id, doc))
        : await insertAlone(scim, insert, id, doc);
      return answer(scim, row, [], wanted);
    },

    async show(ids, wanted) {
      const rows = await readUsers(scim.db, ids);
      const groups = Map.groupBy(
        wanted.includes('groups') ? await groupsOf(scim.db, ids) : [],
        (group) => group.user_id,
      );
      return new Map(
        rows.map((row) => [row.id, wanted.pick(represent(scim, row, groups.get(row.id) ?? []))]),
      );
    },

    async read(id, wanted) {
      const row = isUuid(id) ? await readUser(scim.db, id) : undefined;
      return await answerNow(scim, ownRow(scim, userType, id, row), wanted);
    },

    async replace(id, body, ifMatch, wanted) {
      const row = await write(scim, (unit) =>
        changeUser(scim, unit, { id, ifMatch }, { did: 'replaced', change: replacementBy(body) }),
      );
      return await answerNow(scim, row, wanted);
    },

    async patch(id, body, ifMatch, wanted) {
      const row = await write(scim, (unit) =>
        changeUser(scim, unit, { id, ifMatch }, { did: 'patched', change: patchOf(id, body) }),
      );
      return wanted === null
        ? { resource: null, ...headOf(scim, userType, row) }
        : await answerNow(scim, row, wanted);
    },

    async remove(id, ifMatch) {
      await write(scim, (unit) => removeUser(scim, unit, id, ifMatch));
    },

    locationOf: (id) => `${scim.root}${userType.endpoint}/${id}`,
  };
}

/** Somebody a rule may give something to. */
async function insertAwaited(scim: Scim, unit: Unit, id: string, doc: Doc): Promise<Outcome<UserRow>> {
  const row = await insertUser(unit.tx, {
    id,
    source: scim.source,
    ...columns(doc),
    created_at: unit.now,
    updated_at: unit.now,
  });
  const newcomer = { user: observedMember(row), happening: 'created', revision: 'u1' } as const;
  return {
    result: row,
    notes: [note(unit, scim, row, { did: 'created' })],
    jobs: await observed(scim, unit, newcomer),
  };
}

/** A new user is in no group: there is nothing to observe, so insert and audit are one trip to the database. */
async function insertAlone(
  scim: Scim,
  insert: ReturnType<typeof newcomersTogether>,
  id: string,
  doc: Doc,
): Promise<UserRow> {
  const user = { id, ...columns(doc) };
  const now = await insert({ user, entry: entry(scim, user, { did: 'created' }).data });
  const made = { source: scim.source, known_as: null, version: 1, created_at: now, updated_at: now };
  return { ...user, ...made, resource: doc };
}

/** The user's row, held until the transaction ends. Throws 403, 404 or 412. */
async function holdUser(scim: Scim, tx: Tx, id: string, ifMatch: string | undefined): Promise<UserRow> {
  const found = isUuid(id) ? await lockUser(tx, id) : undefined;
  const row = ownRow(scim, userType, id, found);
  checkIfMatch(ifMatch, row.version);
  return row;
}

async function changeUser(
  scim: Scim,
  unit: Unit,
  { id, ifMatch }: { id: string; ifMatch: string | undefined },
  { did, change }: { did: 'replaced' | 'patched'; change: UserChange },
): Promise<Outcome<UserRow>> {
  const locked = (await willMove(scim, unit.tx, id, change))
    ? await holdGroupsOf(unit.tx, scim.source, id, 'to name')
    : [];
  const before = await holdUser(scim, unit.tx, id, ifMatch);
  const { doc, ignored, isOff } = change(before.resource);
  const noteOf = (row: UserRow, what: Parameters<typeof entry>[2]) =>
    note(unit, scim, row, { ...what, ignored });
  for (const { name, why } of await takenNames(scim, unit.tx, columns(doc), before)) {
    // A name that another has is no reason to leave somebody their access.
    if (!isOff) throw why;
    delete doc[name];
    Object.assign(doc, name in before.resource ? { [name]: before.resource[name] } : {});
    ignored.push(`${name}: ${why.message}`);
  }
  // What changes nothing leaves version and lastModified alone, RFC 7644 section 3.5.2.1.
  if (isDeepStrictEqual(doc, before.resource))
    return { result: before, notes: ignored.length === 0 ? [] : [noteOf(before, { did: 'ignored' })] };
  const row = await updateUser(unit.tx, id, {
    ...columns(doc),
    known_as: knownAs(before, doc.userName as string),
    version: before.version + 1,
    updated_at: unit.now,
  }).catch((error: unknown) => {
    // Somebody took the name since: it is looked at once more.
    throw isOff && sqlState(error) === UNIQUE_VIOLATION ? new Overtaken() : error;
  });
  const member = observedMember(row);
  const revision = `u${row.version}`;
  const isMoved = row.active !== before.active;
  const happening = !isMoved ? 'changed' : row.active ? 'switchedOn' : 'switchedOff';
  const following = await observed(scim, unit, { user: member, happening, revision });
  if (!row.active) following.push(...(await pushWentThrough(unit, id)));
  if (!isMoved) return { result: row, notes: [noteOf(row, { did })], jobs: following };
  const groups = await confirmGroups(unit.tx, id, locked);
  const answered = await observeAll(
    unit,
    groups.map((g) => ({
      groupName: g.display_name,
      groupId: g.id,
      added: row.active ? [member] : [],
      removed: row.active ? [] : [member],
      revision,
    })),
    scim,
  );
  return {
    result: row,
    notes: [noteOf(row, { did, groups })],
    jobs: [...following, ...answered],
  };
}

async function removeUser(
  scim: Scim,
  unit: Unit,
  id: string,
  ifMatch: string | undefined,
): Promise<Outcome<null>> {
  const locked = await holdGroupsOf(unit.tx, scim.source, id, 'to change');
  const row = await holdUser(scim, unit.tx, id, ifMatch);
  const groups = await confirmGroups(unit.tx, id, locked);
  await deleteUser(unit.tx, id, unit.now);
  const gone = { ...observedMember(row), active: false };
  const revision = `u${row.version + 1}`;
  const following = await observed(scim, unit, { user: gone, happening: 'deleted', revision });
  following.push(...(await pushWentThrough(unit, id)));
  const left = row.active
    ? groups.map((g) => ({ groupName: g.display_name, groupId: g.id, added: [], removed: [gone], revision }))
    : [];
  const answered = await observeAll(unit, left, scim);
  return {
    result: null,
    notes: [note(unit, scim, { ...row, active: false }, { did: 'deleted', groups })],
    jobs: [...following, ...answered],
  };
}

/** What another source than the IdP pushes is nobody's word on anybody. */
async function observed(scim: Scim, unit: Unit, what: ObservedUser): Promise<Job[]> {
  return scim.isIdp ? await observeUser(unit, what, scim) : [];
}

/** Whether a change will take a user out of all groups or back into them, as far as one can tell without a lock. */
async function willMove(scim: Scim, tx: Tx, id: string, change: UserChange): Promise<boolean> {
  if (!isUuid(id)) return false;
  const seen = await resourceOf(tx, id, scim.source);
  return seen !== null && change(seen).doc.active !== seen.active;
}

function columns(doc: Doc) {
  return {
    user_name: doc.userName as string,
    user_name_key: nameKey(doc.userName as string),
    external_id: (doc.externalId as string | undefined) ?? null,
    active: doc.active as boolean,
    email: emailOf(doc),
    display_name: displayNameOf(doc),
    resource: JSON.stringify(doc),
  };
}

export function observedMember(row: MemberRow): ObservedMember {
  return {
    scimUserId: row.id,
    externalId: row.external_id,
    userName: row.known_as ?? row.user_name,
    email: row.email,
    displayName: row.display_name,
    active: row.active,
  };
}

function note(unit: Unit, ...about: Parameters<typeof entry>): Note {
  return { ...entry(...about), at: unit.now };
}

/** `groups` are those that the user has left or come back to with this change. */
function entry(
  scim: Scim,
  row: Pick<UserRow, 'id' | 'user_name' | 'active'>,
  {
    did,
    groups,
    ignored = [],
  }: {
    did: 'created' | 'replaced' | 'patched' | 'ignored' | 'deleted';
    groups?: readonly { id: string; display_name: string }[];
    ignored?: readonly string[];
  },
): Omit<Note, 'at'> {
  const moved =
    groups === undefined
      ? {}
      : {
          groupCount: groups.length,
          groups: groups.slice(0, MAX_NOTED_IDS).map((g) => ({ id: g.id, name: g.display_name })),
        };
  const left = ignored.length === 0 ? {} : { ignored };
  return {
    type: 'scimUserChanged',
    actor: scim.client,
    changeId: null,
    data: { scimUserId: row.id, userName: row.user_name, did, active: row.active, ...moved, ...left },
  };
}

async function answerNow(scim: Scim, row: UserRow, wanted: Wanted): Promise<Answer> {
  const groups = wanted.includes('groups') ? await groupsOf(scim.db, [row.id]) : [];
  return answer(scim, row, groups, wanted);
}

function answer(scim: Scim, row: UserRow, groups: readonly GroupRef[], wanted: Wanted): Answer {
  return { resource: wanted.pick(represent(scim, row, groups)), ...headOf(scim, userType, row) };
}

function represent(scim: Scim, row: UserRow, groups: readonly GroupRef[]): Record<string, unknown> {
  return {
    schemas: schemasOf(userType, row.resource),
    id: row.id,
    ...row.resource,
    groups: groups.map((g) => ({
      value: g.id,
      $ref: `${scim.root}/Groups/${g.id}`,
      display: g.display_name,
      type: 'direct',
    })),
    meta: meta(scim, userType, row),
  };
}
