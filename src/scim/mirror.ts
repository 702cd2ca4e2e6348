import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../store/database.ts';

/** A person as the IdP may have provisioned them. */
export type Provisioned = {
  /** The IdP's own id of the person, which it sends as `externalId`; null when unknown. */
  externalId: string | null;
  /** Login and e-mail: what the IdP may send as `userName`. */
  userNames: string[];
};

/**
 * The SCIM users that are this person: those with the externalId, active or not; only when there is none, those
 * whose userName is one of theirs, in any case.
 */
function idsOf(who: Provisioned): RawBuilder<string> {
  const names = who.userNames.map((name) => sql`lower(${name}::text)`);
  const byName = names.length === 0 ? sql`false` : sql`lower(user_name) in (${sql.join(names)})`;
  if (who.externalId === null) return sql<string>`select id from scim_users where active and ${byName}`;
  return sql<string>`
    select id from scim_users where active and external_id = ${who.externalId}
    union all
    select id from scim_users where active and ${byName}
      and not exists (select from scim_users where external_id = ${who.externalId})`;
}

/** Whether the person, as an active user, is in a provisioned group with one of these names (in any case). */
export async function isInAnyGroup(db: Db | Tx, who: Provisioned, groupNames: string[]): Promise<boolean> {
  if (groupNames.length === 0) return false;
  const names = sql.join(groupNames.map((name) => sql`lower(${name}::text)`));
  const { rows } = await sql<{ found: boolean }>`
    select exists (
      select from scim_members m join scim_groups g on g.id = m.group_id
      where m.user_id in (${idsOf(who)}) and lower(g.display_name) in (${names})
    ) as found`.execute(db);
  return rows[0]?.found === true;
}

/** Names of the provisioned groups the person is in as an active user, sorted. */
export async function groupNamesOf(db: Db | Tx, who: Provisioned): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct g.display_name as name from scim_members m join scim_groups g on g.id = m.group_id
    where m.user_id in (${idsOf(who)}) order by name`.execute(db);
  return rows.map((row) => row.name);
}

/** Whether the IdP has provisioned this person and switched the account off: they have lost the app. */
export async function isSwitchedOff(db: Db | Tx, who: Provisioned): Promise<boolean> {
  const names = who.userNames.map((name) => name.toLowerCase());
  const { rows } = await sql<{ off: boolean | null }>`
    select bool_and(not active) as off from scim_users
    where external_id = ${who.externalId}::text
      or (not exists (select from scim_users where external_id = ${who.externalId}::text) and lower(user_name) = any(${names}))`.execute(
    db,
  );
  return rows[0]?.off === true;
}
