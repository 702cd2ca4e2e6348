import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Selectable, sql } from 'kysely';
import { type Note, type Outcome, type Unit, wholeCommit } from '../flow/commit.ts';
import { observeAll, observeUser } from '../flow/observe.ts';
import type { Tx } from '../store/database.ts';
import type { ScimTables } from '../store/scim-tables.ts';
import { userSource } from './attribute-sql.ts';
import {
  type Answer,
  checkIfMatch,
  type Endpoint,
  headOf,
  MAX_NOTED_IDS,
  meta,
  type Scim,
  sqlState,
  UNIQUE_VIOLATION,
  write,
  writeAtOnce,
} from './endpoint.ts';
import type { ObservedMember } from './observed.ts';
import type { Wanted } from './projection.ts';
import { type Doc, departmentOf, displayNameOf, emailOf, isUuid, schemasOf } from './resource.ts';
import { userType } from './schema.ts';
import { notFound, ScimError } from './scim-error.ts';
import { newUser, patchOf, replacementBy, type UserChange } from './user-change.ts';
import { confirmGroups, type GroupRef, groupsOf, lockGroupsOf } from './user-groups.ts';

type Row = Selectable<ScimTables['scim_users']>;

/** The endpoint /Users. */
export function users(scim: Scim): Endpoint {
  return {
    type: userType,
    table: 'scim_users',
    source: userSource,

    async create(body, wanted, id = randomUUID()) {
      const doc = newUser(body);
      const row = scim.awaits(departmentOf(doc))
        ? await write(scim, (unit) => insertAwaited(scim, unit, id, doc))
        : await insertUser(scim, id, doc);
      return answer(scim, row, [], wanted);
    },

    async show(ids, wanted) {
      const rows = await scim.db.selectFrom('scim_users').selectAll().where('id', 'in', ids).execute();
      const groups = Map.groupBy(
        wanted.includes('groups') ? await groupsOf(scim.db, rows) : [],
        (group) => group.user_id,
      );
      return new Map(
        rows.map((row) => [row.id, wanted.pick(represent(scim, row, groups.get(row.id) ?? []))]),
      );
    },

    async read(id, wanted) {
      const row = isUuid(id)
        ? await scim.db.selectFrom('scim_users').selectAll().where('id', '=', id).executeTakeFirst()
        : undefined;
      if (row === undefined) throw notFound(`there is no user ${id}`);
      return await answerNow(scim, row, wanted);
    },

    async replace(id, body, ifMatch, wanted) {
      const row = await write(scim, (unit) =>
        updateUser(scim, unit, id, ifMatch, 'replaced', replacementBy(body)),
      );
      return await answerNow(scim, row, wanted);
    },

    async patch(id, body, ifMatch, wanted) {
      const row = await write(scim, (unit) =>
        updateUser(scim, unit, id, ifMatch, 'patched', patchOf(id, body)),
      );
      return wanted === null
        ? { resource: null, ...headOf(scim, userType, row) }
        : await answerNow(scim, row, wanted);
    },

    async remove(id, ifMatch) {
      await write(scim, (unit) => deleteUser(scim, unit, id, ifMatch));
    },

    locationOf: (id) => `${scim.root}${userType.endpoint}/${id}`,
  };
}

const insertion = wholeCommit('scim_user_insert', {
  changing: `made as (
    insert into scim_users
      (id, user_name, external_id, active, email, display_name, resource, created_at, updated_at)
    select $1, $2, $3, $4, $5, $6, $7::jsonb, now, now
    from date_trunc('milliseconds', transaction_timestamp()) now returning created_at
  )`,
  notes: `select 'scimUserChanged' as type, $8::jsonb as actor, $9::jsonb as data from made`,
  answer: 'select created_at from made',
});

/** Somebody a rule may give something to. */
async function insertAwaited(scim: Scim, unit: Unit, id: string, doc: Doc): Promise<Outcome<Row>> {
  const row = await unit.tx
    .insertInto('scim_users')
    .values({ id, ...columns(doc), created_at: unit.now, updated_at: unit.now })
    .onConflict((c) => c.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw taken();
  const observed = { user: observedMember(row), happening: 'created', revision: 'u1' } as const;
  return {
    result: row,
    notes: [note(unit, scim, row, 'created', null)],
    jobs: await observeUser(unit, observed),
  };
}

/** A new user is in no group: there is nothing to observe, so insert and audit are one trip to the database. */
async function insertUser(scim: Scim, id: string, doc: Doc): Promise<Row> {
  const values = columns(doc);
  const { user_name, external_id, active, email, display_name, resource } = values;
  const { actor, data } = entry(scim, { id, user_name, active }, 'created', null);
  const noted = [JSON.stringify(actor), JSON.stringify(data)] as const;
  const inserting = insertion(id, user_name, external_id, active, email, display_name, resource, ...noted);
  const [made] = await writeAtOnce<{ created_at: Date }>(scim, inserting).catch((error: unknown) => {
    throw sqlState(error) === UNIQUE_VIOLATION ? taken() : error;
  });
  const now = made?.created_at as Date;
  return { ...values, id, resource: doc, version: 1, created_at: now, updated_at: now };
}

/** The user's row, held until the transaction ends. Throws 404 or 412. */
async function lockUser(tx: Tx, id: string, ifMatch: string | undefined): Promise<Row> {
  const row = isUuid(id)
    ? await tx.selectFrom('scim_users').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
    : undefined;
  if (row === undefined) throw notFound(`there is no user ${id}`);
  checkIfMatch(ifMatch, row.version);
  return row;
}

async function updateUser(
  scim: Scim,
  unit: Unit,
  id: string,
  ifMatch: string | undefined,
  did: 'replaced' | 'patched',
  change: UserChange,
): Promise<Outcome<Row>> {
  const locked = (await willMove(unit.tx, id, change)) ? await lockGroupsOf(unit.tx, id, 'to name') : [];
  const before = await lockUser(unit.tx, id, ifMatch);
  const { doc, ignored, isOff } = change(before.resource);
  const noteOf = (row: Row, groups: Parameters<typeof entry>[3], what: typeof did | 'ignored' = did) =>
    note(unit, scim, row, what, groups, ignored);
  // What changes nothing leaves version and lastModified alone, RFC 7644 section 3.5.2.1.
  if (isDeepStrictEqual(doc, before.resource))
    return { result: before, notes: ignored.length === 0 ? [] : [noteOf(before, null, 'ignored')] };
  await refuseTaken(unit.tx, id, doc).catch((error: unknown) => {
    // A name that another has is no reason to leave somebody their access.
    if (!isOff || !(error instanceof ScimError)) throw error;
    doc.userName = before.user_name;
    ignored.push(`userName: ${error.message}`);
  });
  const row = await unit.tx
    .updateTable('scim_users')
    .set({ ...columns(doc), version: before.version + 1, updated_at: unit.now })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  const member = observedMember(row);
  const revision = `u${row.version}`;
  const isMoved = row.active !== before.active;
  const happening = !isMoved ? 'changed' : row.active ? 'switchedOn' : 'switchedOff';
  const following = await observeUser(unit, { user: member, happening, revision });
  if (!isMoved) return { result: row, notes: [noteOf(row, null)], jobs: following };
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
    scim.observedGroups(),
  );
  return {
    result: row,
    notes: [noteOf(row, groups)],
    jobs: [...following, ...answered],
  };
}

async function deleteUser(
  scim: Scim,
  unit: Unit,
  id: string,
  ifMatch: string | undefined,
): Promise<Outcome<null>> {
  const locked = await lockGroupsOf(unit.tx, id, 'to change');
  const row = await lockUser(unit.tx, id, ifMatch);
  const groups = await confirmGroups(unit.tx, id, locked);
  await sql`update scim_groups set version = version + 1, updated_at = ${unit.now}
    where id in (select group_id from scim_members where user_id = ${id})`.execute(unit.tx);
  await unit.tx.deleteFrom('scim_users').where('id', '=', id).execute();
  const gone = { ...observedMember(row), active: false };
  const revision = `u${row.version + 1}`;
  const following = await observeUser(unit, { user: gone, happening: 'deleted', revision });
  const left = row.active
    ? groups.map((g) => ({ groupName: g.display_name, groupId: g.id, added: [], removed: [gone], revision }))
    : [];
  const answered = await observeAll(unit, left, scim.observedGroups());
  return {
    result: null,
    notes: [note(unit, scim, { ...row, active: false }, 'deleted', groups)],
    jobs: [...following, ...answered],
  };
}

/** Whether a change will take a user out of all groups or back into them, as far as one can tell without a lock. */
async function willMove(tx: Tx, id: string, change: UserChange): Promise<boolean> {
  if (!isUuid(id)) return false;
  const seen = await tx.selectFrom('scim_users').select('resource').where('id', '=', id).executeTakeFirst();
  return seen !== undefined && change(seen.resource).doc.active !== seen.resource.active;
}

function taken(): ScimError {
  return new ScimError(409, 'another user has this userName', 'uniqueness');
}

/** The unique index has the last word; this names the trouble in the usual case. */
async function refuseTaken(tx: Tx, id: string, doc: Doc): Promise<void> {
  const other = await tx
    .selectFrom('scim_users')
    .select('id')
    .where(sql`lower(user_name)`, '=', sql`lower(${doc.userName as string}::text)`)
    .where('id', '<>', id)
    .executeTakeFirst();
  if (other !== undefined) throw taken();
}

function columns(doc: Doc) {
  return {
    user_name: doc.userName as string,
    external_id: (doc.externalId as string | undefined) ?? null,
    active: doc.active as boolean,
    email: emailOf(doc),
    display_name: displayNameOf(doc),
    resource: JSON.stringify(doc),
  };
}

export function observedMember(
  row: Pick<Row, 'id' | 'external_id' | 'user_name' | 'email' | 'display_name' | 'active'>,
): ObservedMember {
  return {
    scimUserId: row.id,
    externalId: row.external_id,
    userName: row.user_name,
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
  row: Pick<Row, 'id' | 'user_name' | 'active'>,
  did: 'created' | 'replaced' | 'patched' | 'ignored' | 'deleted',
  groups: readonly { id: string; display_name: string }[] | null,
  ignored: readonly string[] = [],
): Omit<Note, 'at'> {
  const moved =
    groups === null
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

async function answerNow(scim: Scim, row: Row, wanted: Wanted): Promise<Answer> {
  const groups = wanted.includes('groups') ? await groupsOf(scim.db, [row]) : [];
  return answer(scim, row, groups, wanted);
}

function answer(scim: Scim, row: Row, groups: readonly GroupRef[], wanted: Wanted): Answer {
  return { resource: wanted.pick(represent(scim, row, groups)), ...headOf(scim, userType, row) };
}

function represent(scim: Scim, row: Row, groups: readonly GroupRef[]): Record<string, unknown> {
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
