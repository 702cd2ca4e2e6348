import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';
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
 * Inserts a user of whom nobody else needs to know, with the audit entry, in one statement that is a commit of its own:
 *
 *     with made as (insert into scim_users … returning created_at),
 *       noted as (insert into audit … select … from made)
 *     select created_at from made
 */
const insertion = wholeCommit('scim_user_insert', {
  changing: `made as (
    insert into scim_users
      (id, user_name, external_id, active, email, display_name, resource, source, user_name_key, created_at, updated_at)
    select $1, $2, $3, $4, $5, $6, $7::jsonb, $10, $11, now, now
    from date_trunc('milliseconds', transaction_timestamp()) now returning created_at
  )`,
  notes: `select 'scimUserChanged' as type, $8::jsonb as actor, $9::jsonb as data from made`,
  answer: 'select created_at from made',
});

/** The statement answers `created_at`. */
export function userInsertion(
  user: Omit<NewUser, 'version' | 'known_as' | 'created_at' | 'updated_at'>,
  noted: { actor: unknown; data: unknown },
) {
  const { id, user_name, external_id, active, email, display_name, resource } = user;
  const kept = [id, user_name, external_id ?? null, active, email ?? null, display_name ?? null] as const;
  const entry = [JSON.stringify(noted.actor), JSON.stringify(noted.data)] as const;
  return insertion(...kept, resource, ...entry, user.source, user.user_name_key);
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
