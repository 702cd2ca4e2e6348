import { sql } from 'kysely';
import type { Db, Tx } from './database.ts';

/** Ids of the changes by which a person holds something by rule. */
export async function heldByRule(db: Db | Tx, personId: string): Promise<{ id: string; key: string }[]> {
  const { rows } = await sql<{ id: string; key: string }>`
    select c.id, g.entitlement_key as key from grants g join changes c on c.id = g.change_id
    where g.person_id = ${personId} and g.ended_at is null and c.doc->>'cause' in ('birthright', 'renewal')
    order by c.id`.execute(db);
  return rows;
}

/** The changes of live grants that somebody asked for or kept. */
export async function heldByRequest(db: Db | Tx, personId: string, now: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select c.id from grants g join changes c on c.id = g.change_id
    where g.person_id = ${personId} and g.ended_at is null and g.ends_at > ${now}
      and c.doc->>'cause' not in ('birthright', 'renewal') order by c.id`.execute(db);
  return rows.map((row) => row.id);
}

/**
 * People of these departments who hold it by rule not at all, or not for much longer; page by page by their ids. Who
 * gave it back does not get it again until they move.
 */
export async function birthrightsDue(
  db: Db,
  due: { entitlementKey: string; departments: readonly string[]; until: Date },
  after: string | null,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ person_id: string }>`
    select s.person_id from standings s
    where s.status = 'active' and s.had_app and s.department = any(${[...due.departments]}::text[])
      and s.person_id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
      and not exists (select from grants g join changes c on c.id = g.change_id
        where g.person_id = s.person_id and g.entitlement_key = ${due.entitlementKey} and g.ended_at is null
          and g.ends_at > ${due.until} and c.doc->>'cause' in ('birthright', 'renewal'))
      and (select c.doc->'ended'->>'cause' from changes c
        where c.person_id = s.person_id and c.entitlement_key = ${due.entitlementKey} and c.kind = 'grant'
          and c.doc->>'cause' in ('birthright', 'renewal')
        order by c.requested_at desc limit 1) is distinct from 'release'
    order by s.person_id limit ${limit}`.execute(db);
  return rows.map((row) => row.person_id);
}

/** Ids of the people whom the IdP means by a login or e-mail. */
export async function idsNamed(db: Db | Tx, loginOrEmail: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from people where lower(login) = lower(${loginOrEmail}) or lower(email) = lower(${loginOrEmail})
    order by id`.execute(db);
  return rows.map((row) => row.id);
}
