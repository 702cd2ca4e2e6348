import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';
import { arrayText } from '../postgres/statement.ts';
import type { ScimSource, ScimTables } from '../schema/scim-tables.ts';
import { wholeCommit } from '../whole-commit.ts';

export type UserRow = Selectable<ScimTables['scim_users']>;
export type NewUser = Insertable<ScimTables['scim_users']>;

export async function readUser(db: Db | Tx, id: string): Promise<UserRow | undefined> {
  return await db.selectFrom('scim_users').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function readUsers(db: Db, ids: readonly string[]): Promise<UserRow[]> {
  return await db.selectFrom('scim_users').selectAll().where('id', 'in', ids).execute();
}

/** Reads a user and holds the row until the transaction ends. */
export async function lockUser(tx: Tx, id: string): Promise<UserRow | undefined> {
  return await tx
    .selectFrom('scim_users')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** The attributes of a source's own user, without a lock; null: the source has no such user. */
export async function resourceOf(
  tx: Tx,
  id: string,
  source: ScimSource,
): Promise<Record<string, unknown> | null> {
  const row = await tx
    .selectFrom('scim_users')
    .select('resource')
    .where('id', '=', id)
    .where('source', '=', source)
    .executeTakeFirst();
  return row?.resource ?? null;
}

export async function insertUser(tx: Tx, user: NewUser): Promise<UserRow> {
  return await tx.insertInto('scim_users').values(user).returningAll().executeTakeFirstOrThrow();
}

/**
 * Inserts users of whom nobody else needs to know, with their audit entries, in one statement that is a commit of its
 * own:
 *
 *     with given as (<$1 to $7, an array each, $8 and $9, a list in JSON each>), made as (insert into scim_users … from given …),
 *       noted as (insert into audit … from made join given)
 *     select id, created_at from made
 */
function insertingUsers(name: string, onConflict: string) {
  return wholeCommit(name, {
    changing: `given as materialized (
    select * from rows from (
      unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[]),
      jsonb_array_elements($8::jsonb), jsonb_array_elements($9::jsonb)
    ) as given (id, user_name, user_name_key, external_id, active, email, display_name, resource, entry)
  ), made as (
    insert into scim_users
      (id, user_name, user_name_key, external_id, active, email, display_name, resource, source, created_at, updated_at)
    select id, user_name, user_name_key, external_id, active, email, display_name, resource, $11, now, now
    from given, date_trunc('milliseconds', transaction_timestamp()) now order by user_name_key ${onConflict}
    returning id, created_at
  )`,
    notes: `select 'scimUserChanged' as type, $10::jsonb as actor, entry as data from made join given using (id)`,
    answer: 'select id, created_at from made',
  });
}

const inserting = {
  /** A name that another user has is an error. */
  refuse: insertingUsers('scim_users_insert', ''),
  /** A user whose name another has is left out. In the order of their names: two statements don't wait in a circle. */
  pass: insertingUsers('scim_users_insert_free', 'on conflict do nothing'),
};

/** A user to insert, and what the audit says of it. */
export type Newcomer = {
  user: Omit<NewUser, 'source' | 'version' | 'known_as' | 'created_at' | 'updated_at'>;
  entry: unknown;
};

/** The statement answers `id` and `created_at` of each user inserted. */
export function userInsertion(
  newcomers: readonly Newcomer[],
  { source, actor }: { source: ScimSource; actor: unknown },
  onTaken: keyof typeof inserting,
) {
  const column = (value: (user: Newcomer['user']) => string | null | undefined) =>
    arrayText(newcomers.map(({ user }) => value(user) ?? null));
  return inserting[onTaken](
    column((user) => user.id),
    column((user) => user.user_name),
    column((user) => user.user_name_key),
    column((user) => user.external_id),
    column((user) => String(user.active)),
    column((user) => user.email),
    column((user) => user.display_name),
    `[${newcomers.map(({ user }) => user.resource).join()}]`,
    JSON.stringify(newcomers.map(({ entry }) => entry)),
    JSON.stringify(actor),
    source,
  );
}

export async function updateUser(
  tx: Tx,
  id: string,
  set: Updateable<ScimTables['scim_users']>,
): Promise<UserRow> {
  return await tx
    .updateTable('scim_users')
    .set(set)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a user; the groups that they were in have changed with it. */
export async function deleteUser(tx: Tx, id: string, now: Date): Promise<void> {
  await sql`update scim_groups set version = version + 1, updated_at = ${now}
    where id in (select group_id from scim_members where user_id = ${id})`.execute(tx);
  await tx.deleteFrom('scim_users').where('id', '=', id).execute();
}

/** A user who has one of the names asked for, or both. */
export type NameHolder = { source: ScimSource; is_name: boolean; is_id: boolean };

/** The holders of one of these names, of any of these sources. Null: that name is not asked for. */
export async function holdersOf(
  db: Db | Tx,
  names: { key: string | null; externalId: string | null },
  sources: readonly ScimSource[],
): Promise<NameHolder[]> {
  const { key, externalId } = names;
  const { rows } = await sql<NameHolder>`
    select source, coalesce(user_name_key = ${key}::text, false) as is_name,
      coalesce(external_id = ${externalId}::text, false) as is_id
    from scim_users where source = any(${[...sources]}::text[])
      and (user_name_key = ${key}::text or external_id = ${externalId}::text)`.execute(db);
  return rows;
}
