import { sql } from 'kysely';
import { isOfIdp } from './idp-systems.ts';
import type { Db, Tx } from './postgres/database.ts';
import { pendingChange } from './states.ts';

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
 * People of these departments who hold it by rule not at all, or not for much longer; page by page by their ids. A
 * person who gave it back, or of whom a person decided otherwise, does not get it again until they move. The departments
 * come first, by their index: in the order of ids, all people would be gone through each minute.
 */
export async function birthrightsDue(
  db: Db,
  due: { entitlementKey: string; system: string; departments: readonly string[]; until: Date },
  after: string | null,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ person_id: string }>`
    with members as materialized (
      select person_id from person_snapshots
      where system = ${due.system} and status = 'active' and had_app and department = any(${[...due.departments]}::text[])
        and person_id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
    )
    select s.person_id from members s
    where not exists (select from grants g join changes c on c.id = g.change_id
        where g.person_id = s.person_id and g.entitlement_key = ${due.entitlementKey} and g.ended_at is null
          and g.ends_at > ${due.until} and c.doc->>'cause' in ('birthright', 'renewal'))
      and not exists (select from (
          select c.state, c.doc->'ended'->>'cause' as ended from changes c
          where c.person_id = s.person_id and c.entitlement_key = ${due.entitlementKey} and c.kind = 'grant'
            and c.doc->>'cause' in ('birthright', 'renewal')
          order by c.requested_at desc, c.id desc limit 1
        ) latest where latest.ended in ('release', 'review') or latest.state in ('denied', 'lapsed', 'withdrawn'))
    order by s.person_id limit ${limit}`.execute(db);
  return rows.map((row) => row.person_id);
}

/** Ids of the people whom the IdP means by a login or e-mail; of those it has confirmed. */
export async function idsNamed(db: Db | Tx, loginOrEmail: string): Promise<string[]> {
  return (await peopleNamed(db, loginOrEmail)).map(({ id }) => id);
}

/** The people whom the IdP means by a login or e-mail, with their names. */
export async function peopleNamed(
  db: Db | Tx,
  loginOrEmail: string,
): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from people p where (lower(login) = lower(${loginOrEmail}) or lower(email) = lower(${loginOrEmail}))
      and exists (select from person_links l where l.person_id = p.id and ${isOfIdp('l.system')} and not l.is_unconfirmed)
    order by id`.execute(db);
  return rows;
}

/** Ids of the changes by which a person would hold something by rule, and that wait for somebody's decision. */
export async function askedByRule(db: Db | Tx, personId: string): Promise<{ id: string; key: string }[]> {
  const { rows } = await sql<{ id: string; key: string }>`
    select id, entitlement_key as key from changes
    where person_id = ${personId} and kind = 'grant' and state in ${pendingChange}
      and doc->>'cause' in ('birthright', 'renewal') order by id`.execute(db);
  return rows;
}

type Withheld = { personId: string; entitlementKey: string };

/** Remembers why it is withheld. Answers whether that is news. */
export async function noteWithheld(
  tx: Tx,
  { personId, entitlementKey }: Withheld,
  why: string,
): Promise<boolean> {
  const { rows } = await sql`
    insert into withheld_birthrights (person_id, entitlement_key, why, at)
    values (${personId}, ${entitlementKey}, ${why}, clock_timestamp())
    on conflict (person_id, entitlement_key) do update set why = excluded.why, at = excluded.at
      where withheld_birthrights.why <> excluded.why
    returning 1`.execute(tx);
  return rows.length > 0;
}

/** It is withheld no more; the next time is news. */
export async function forgetWithheld(tx: Tx, { personId, entitlementKey }: Withheld): Promise<void> {
  await sql`delete from withheld_birthrights
    where person_id = ${personId} and entitlement_key = ${entitlementKey}`.execute(tx);
}
