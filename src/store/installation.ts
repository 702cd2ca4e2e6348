import { sql } from 'kysely';
import { Fault } from '../core/fault.ts';
import type { Db } from './postgres/database.ts';

/** Marks a database that belongs to nobody yet, and answers whose it is. */
async function stampDatabase(db: Db, belongsTo: string): Promise<string> {
  const { rows } = await sql<{ belongs_to: string }>`
    with stamped as (
      insert into installation (belongs_to) values (${belongsTo}) on conflict do nothing returning belongs_to
    )
    select belongs_to from stamped union all select belongs_to from installation`.execute(db);
  // Another replica stamped it between our look and our insert.
  return rows[0]?.belongs_to ?? (await stampDatabase(db, belongsTo));
}

/** Marks an identity provider's people and groups as those of this place, and answers of which they are. */
async function stampIdp(db: Db, system: string, place: string): Promise<string> {
  await sql`insert into installation_idps (system, belongs_to) values (${system}, ${place}) on conflict do nothing`.execute(
    db,
  );
  const { rows } = await sql<{ belongs_to: string }>`
    select belongs_to from installation_idps where system = ${system}`.execute(db);
  return rows[0]?.belongs_to ?? place;
}

/**
 * A database is one installation's. Started with other settings, Latchkey would settle its grants against the wrong
 * identity provider, where nobody is in any group. @throws config.invalid for the database of another
 */
export async function refuseForeign(
  db: Db,
  organisation: string,
  places: readonly { system: string; place: string }[],
): Promise<void> {
  const stamped = [{ is: organisation, was: await stampDatabase(db, organisation) }];
  for (const { system, place } of places) stamped.push({ is: place, was: await stampIdp(db, system, place) });
  const foreign = stamped.find(({ is, was }) => is !== was);
  if (foreign === undefined) return;
  throw new Fault(
    'config.invalid',
    `the database belongs to ${foreign.was}, but this is ${foreign.is}: set the settings it was made with, or give this one a database of its own (DATABASE_URL; embedded: start in another folder)`,
    { retryable: false },
  );
}
