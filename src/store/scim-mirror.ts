import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../core/name-key.ts';
import { isOfIdp } from './idp-systems.ts';
import type { Db, Tx } from './postgres/database.ts';
import type { ScimSource } from './schema/scim-tables.ts';
import { isAnothersRecord } from './whose-record.ts';

/** A person as the IdP may have provisioned them. */
export type Provisioned = {
  /** Ours; null: nobody we know. */
  personId: string | null;
  /** The IdP's own id of the person, which it sends as `externalId`; null when unknown. */
  externalId: string | null;
  /** What the IdP may send as `userName`. */
  userNames: string[];
  /** The source that is the IdP: what any other has pushed is no word on anybody. */
  source: ScimSource;
  /** It carries the members of the groups alone; left out: it does not. */
  carriesMembersAlone?: boolean;
};

/**
 * The SCIM users of the IdP that may be this person: those with the externalId, active or not. When there is none,
 * those whose userName is one of theirs, in any case. A login is given anew, and an e-mail is shared. A record under
 * their name with an id that is not theirs is taken for another account's (`is_anothers`, see `isAnothersRecord`). A
 * record that Entra renamed when it deleted them counts as theirs only while nobody else is known by its old name. That
 * name may be given anew.
 */
function recordsOf(who: Provisioned): RawBuilder<unknown> {
  const names = sql`${who.userNames.map(nameKey)}::text[]`;
  const isOwn = sql`source = ${who.source} and external_id = ${who.externalId}::text`;
  return sql`
    select id, active, false as is_anothers from scim_users where ${isOwn}
    union all
    select id, active, ${isAnothersRecord(who.source, sql`scim_users.external_id`, sql`${who.personId}::uuid`)} as is_anothers
    from scim_users where source = ${who.source} and user_name_key = any(${names})
      and not exists (select from scim_users where ${isOwn})
    union all
    select id, active, exists (
        select from people p where lower(p.login) = known_as and p.id is distinct from ${who.personId}::uuid
        union all
        select from person_links l where l.external_id = scim_users.external_id and ${isOfIdp('l.system')}
          and l.person_id is distinct from ${who.personId}::uuid
      ) as is_anothers
    from scim_users where source = ${who.source} and known_as = any(${names}) and not active
      and not exists (select from scim_users where ${isOwn})`;
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
 * Whether being off is a word on the person. An IdP that carries members alone switches off whoever is in no group any
 * more. `userId`: SQL for the record's id.
 */
export function offCounts(carriesMembersAlone: boolean, userId: RawBuilder<unknown>): RawBuilder<unknown> {
  return carriesMembersAlone
    ? sql`exists (select from scim_members m where m.user_id = ${userId})`
    : sql`true`;
}

/** What SCIM says of a person, as of one moment. */
export type ScimStatus = {
  /**
   * The IdP has provisioned them and switched the account off: they have lost the app. Null: it has said nothing, or has
   * switched off who is in no group.
   */
  isSwitchedOff: boolean | null;
  /**
   * All records that SCIM has under their name are another account's, as long as the IdP has not provisioned their own.
   * Such a record says nothing about their groups. Switched off, it says nothing about their having the app.
   */
  isByAnothersOnly: boolean;
  /** They are, as an active user, in one of the groups asked about. */
  isInAnyGroup: boolean;
};

/** `groupNames`, in any case and Unicode form: whether they are in one of these. */
export async function scimStatus(
  db: Db | Tx,
  who: Provisioned,
  groupNames: readonly string[],
): Promise<ScimStatus> {
  const { rows } = await sql<{ off: boolean | null; anothers: boolean | null; in: boolean | null }>`
    select bool_and(not active) filter (where active or ${offCounts(who.carriesMembersAlone === true, sql`r.id`)}) as off, bool_and(is_anothers) as anothers, bool_or(active and exists (
        select from scim_members m join scim_groups g on g.id = m.group_id
        where m.user_id = r.id and g.display_name_key = any(${groupNames.map(nameKey)}::text[])
      )) as in
    from (${recordsOf(who)}) r`.execute(db);
  // Of whom nothing was pushed, nothing is known: that is neither on nor off.
  const isOff = rows[0]?.off ?? null;
  const isByAnothersOnly = rows[0]?.anothers === true;
  return {
    isSwitchedOff: isOff === true && isByAnothersOnly ? null : isOff,
    isByAnothersOnly,
    isInAnyGroup: rows[0]?.in === true,
  };
}
