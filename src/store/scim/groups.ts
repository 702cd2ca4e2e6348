import type { Db } from '../postgres/database.ts';
import type { ScimSource } from '../scim-tables.ts';

/** The names of the groups that a source has pushed. */
export async function groupNamesFrom(db: Db, source: ScimSource): Promise<string[]> {
  const rows = await db
    .selectFrom('scim_groups')
    .select('display_name')
    .where('source', '=', source)
    .execute();
  return rows.map((row) => row.display_name);
}
