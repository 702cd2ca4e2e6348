import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../store/database.ts';

/** A person as the IdP may have provisioned them. */
export type Provisioned = {
  /** Ours; null: nobody we know. */
  personId: string | null;
  /** The IdP's own id of the person, which it sends as `externalId`; null when unknown. */
  externalId: string | null;
  /** Login and e-mail: what the IdP may send as `userName`. */
  userNames: string[];
};

/**
 * The SCIM users that may be this person: those with the externalId, active or not; only when there is none, those
 * whose userName is one of theirs, in any case. A login is given anew, and an e-mail shared: what stands under their
 * name with an id that we know as somebody else's (`is_anothers`) is another account's, or so it seems.
 */
function recordsOf(who: Provisioned): RawBuilder<unknown> {
  const names = sql`${who.userNames.map((name) => name.toLowerCase())}::text[]`;
  const own = sql`select from scim_users where external_id = ${who.externalId}::text`;
  return sql`
    select id, active, false as is_anothers from scim_users where external_id = ${who.externalId}::text
    union all
    select id, active, exists (
        select from person_links l where l.external_id = scim_users.external_id and l.system in ('okta', 'entra')
          and l.person_id is distinct from ${who.personId}::uuid
      ) as is_anothers
    from scim_users where lower(user_name) = any(${names}) and not exists (${own})`;
}

/** Whether the person, as an active user, is in a provisioned group with one of these names (in any case). */
export async function isInAnyGroup(db: Db | Tx, who: Provisioned, groupNames: string[]): Promise<boolean> {
  if (groupNames.length === 0) return false;
  const names = sql.join(groupNames.map((name) => sql`lower(${name}::text)`));
  const { rows } = await sql<{ found: boolean }>`
    select exists (
      select from (${recordsOf(who)}) r join scim_members m on m.user_id = r.id join scim_groups g on g.id = m.group_id
      where r.active and lower(g.display_name) in (${names})
    ) as found`.execute(db);
  return rows[0]?.found === true;
}

/**
 * Whether all that SCIM has under the person's name is another account's, as long as the IdP has not provisioned their
 * own: then it is no word on which groups they are in.
 */
export async function isKnownByAnothersOnly(db: Db | Tx, who: Provisioned): Promise<boolean> {
  const { rows } = await sql<{ only: boolean | null }>`
    select bool_and(is_anothers) as only from (${recordsOf(who)}) r`.execute(db);
  return rows[0]?.only === true;
}

/** Names of the provisioned groups the person is in as an active user, sorted. */
export async function groupNamesOf(db: Db | Tx, who: Provisioned): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct g.display_name as name
    from (${recordsOf(who)}) r join scim_members m on m.user_id = r.id join scim_groups g on g.id = m.group_id
    where r.active order by name`.execute(db);
  return rows.map((row) => row.name);
}

/**
 * Whether the IdP has provisioned this person and switched the account off: they have lost the app. Null: it is not
 * known, for what is switched off is another account's under their name, which says nothing of theirs.
 */
export async function isSwitchedOff(db: Db | Tx, who: Provisioned): Promise<boolean | null> {
  const { rows } = await sql<{ off: boolean | null; anothers: boolean | null }>`
    select bool_and(not active) as off, bool_and(is_anothers) as anothers from (${recordsOf(who)}) r`.execute(
    db,
  );
  const off = rows[0]?.off === true;
  return off && rows[0]?.anothers === true ? null : off;
}
