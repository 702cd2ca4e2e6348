import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Somebody who holds an entitlement, or was in its group before Latchkey. */
export type Holder = {
  personId: string;
  name: string;
  /** Login or e-mail, as the directory names them. */
  manager: string | null;
  accountId: string | null;
  /** Null: no end is known, they were there before Latchkey. */
  until: Date | null;
};

/** Everybody who holds it now, by name; of each the grant that ends last. */
export async function holdersOf(
  db: Db,
  { entitlementKey, groupId }: { entitlementKey: string; groupId: string | null },
  chat: string,
): Promise<Holder[]> {
  const { rows } = await sql<Holder>`
    select p.id as "personId", p.name, p.manager, max(h.until) as until, (
      select l.external_id from person_links l where l.person_id = p.id and l.system = ${chat}
      order by l.verified_at desc, l.external_id limit 1
    ) as "accountId"
    from (
      select g.person_id, g.ends_at as until from grants g join changes c on c.id = g.change_id
      where g.entitlement_key = ${entitlementKey} and g.ended_at is null and g.starts_at <= clock_timestamp()
        and g.ends_at > clock_timestamp() and c.doc->>'cause' <> 'canary'
      union all
      select person_id, null from baseline_members where group_id = ${groupId} and ended_at is null
    ) h join people p on p.id = h.person_id
    group by p.id order by p.name, p.id`.execute(db);
  return rows;
}
