import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';
import type { ScimSource, ScimTables } from '../schema/scim-tables.ts';

export type GroupRow = Selectable<ScimTables['scim_groups']>;

export async function readGroup(db: Db | Tx, id: string): Promise<GroupRow | undefined> {
  return await db.selectFrom('scim_groups').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function readGroups(db: Db, ids: readonly string[]): Promise<GroupRow[]> {
  return await db.selectFrom('scim_groups').selectAll().where('id', 'in', ids).execute();
}

/** Reads a group and holds the row until the transaction ends. */
export async function lockGroup(tx: Tx, id: string): Promise<GroupRow | undefined> {
  return await tx
    .selectFrom('scim_groups')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

export async function insertGroup(tx: Tx, group: Insertable<ScimTables['scim_groups']>): Promise<GroupRow> {
  return await tx.insertInto('scim_groups').values(group).returningAll().executeTakeFirstOrThrow();
}

export async function updateGroup(
  tx: Tx,
  id: string,
  set: Updateable<ScimTables['scim_groups']>,
): Promise<GroupRow> {
  return await tx
    .updateTable('scim_groups')
    .set(set)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a group and who was in it. */
export async function deleteGroup(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('scim_groups').where('id', '=', id).execute();
}

/** Whether a source has a group of this name, given by its key. */
export async function hasGroupNamed(tx: Tx, source: ScimSource, nameKey: string): Promise<boolean> {
  const row = await tx
    .selectFrom('scim_groups')
    .select('id')
    .where('display_name_key', '=', nameKey)
    .where('source', '=', source)
    .executeTakeFirst();
  return row !== undefined;
}

/** The names of the groups that a source has pushed. */
export async function groupNamesFrom(db: Db, source: ScimSource): Promise<string[]> {
  const rows = await db
    .selectFrom('scim_groups')
    .select(['display_name', 'external_id'])
    .where('source', '=', source)
    .execute();
  return rows.flatMap((row) => [row.display_name, ...(row.external_id === null ? [] : [row.external_id])]);
}
