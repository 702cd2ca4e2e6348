import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Marks a database that belongs to nobody yet, and answers whose it is. */
export async function stampDatabase(db: Db, belongsTo: string): Promise<string> {
  const { rows } = await sql<{ belongs_to: string }>`
    with stamped as (
      insert into installation (belongs_to) values (${belongsTo}) on conflict do nothing returning belongs_to
    )
    select belongs_to from stamped union all select belongs_to from installation`.execute(db);
  // Another replica stamped it between our look and our insert.
  return rows[0]?.belongs_to ?? (await stampDatabase(db, belongsTo));
}

/** Marks an identity provider's people and groups as those of this place, and answers of which they are. */
export async function stampIdp(db: Db, system: string, place: string): Promise<string> {
  await sql`insert into installation_idps (system, belongs_to) values (${system}, ${place}) on conflict do nothing`.execute(
    db,
  );
  const { rows } = await sql<{ belongs_to: string }>`
    select belongs_to from installation_idps where system = ${system}`.execute(db);
  return rows[0]?.belongs_to ?? place;
}
