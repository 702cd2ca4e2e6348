import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** The IdP that speaks for a person, and its id of them; null: no IdP knows them. */
export async function homeOf(db: Db | Tx, personId: string): Promise<{ system: string; id: string } | null> {
  const row = await db
    .selectFrom('person_links')
    .innerJoin('people', (on) =>
      on.onRef('people.id', '=', 'person_links.person_id').onRef('people.idp', '=', 'person_links.system'),
    )
    .select(['system', 'external_id'])
    .where('person_id', '=', personId)
    .orderBy('is_unconfirmed')
    .orderBy('verified_at', 'desc')
    .orderBy('external_id')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { system: row.system, id: row.external_id };
}

/** Whether the IdP that speaks for a person had deleted them when they were last acted on. */
export async function isDeletedAtHome(db: Db | Tx, personId: string): Promise<boolean> {
  const { rows } = await sql`
    select from people p join person_snapshots s on s.person_id = p.id and s.system = p.idp
    where p.id = ${personId} and s.status = 'deleted'
      and exists (select from person_links l where l.person_id = p.id and l.system = p.idp)`.execute(db);
  return rows.length > 0;
}

/** From now on this identity provider speaks for the person, and of the one that did only the status is kept. */
export async function speaksFrom(tx: Tx, personId: string, system: string): Promise<void> {
  await sql`update person_links l set status = p.status from people p
    where p.id = ${personId} and l.person_id = p.id and l.system = p.idp and p.idp <> ${system}`.execute(tx);
  await sql`update people p set idp = ${system}, status = coalesce(l.status, p.status) from person_links l
    where p.id = ${personId} and l.person_id = p.id and l.system = ${system} and p.idp <> ${system}`.execute(
    tx,
  );
  await sql`update person_links set status = null where person_id = ${personId} and system = ${system}`.execute(
    tx,
  );
}
