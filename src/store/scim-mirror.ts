import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../core/name-key.ts';
import { isOfIdp } from './idp-systems.ts';
import { askedTogether } from './postgres/asked-together.ts';
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
function recordsOf(who: Names): RawBuilder<unknown> {
  const { names, personId, source } = who;
  const isOwn = sql`source = ${source} and external_id = ${who.externalId}`;
  return sql`
    select id, active, false as is_anothers from scim_users where ${isOwn}
    union all
    select id, active, ${isAnothersRecord(source, sql`scim_users.external_id`, personId)} as is_anothers
    from scim_users where source = ${source} and user_name_key = any(${names})
      and not exists (select from scim_users where ${isOwn})
    union all
    select id, active, exists (
        select from people p where lower(p.login) = known_as and p.id is distinct from ${personId}
        union all
        select from person_links l where l.external_id = scim_users.external_id and ${isOfIdp('l.system')}
          and l.person_id is distinct from ${personId}
      ) as is_anothers
    from scim_users where source = ${source} and known_as = any(${names}) and not active
      and not exists (select from scim_users where ${isOwn})`;
}

/** SQL for what a person is known by: a uuid, a text, and an array of texts. */
type Names = Record<'personId' | 'externalId' | 'names', RawBuilder<unknown>> & { source: ScimSource };

function namesOf({ personId, externalId, userNames, source }: Provisioned): Names {
  return {
    personId: sql`${personId}::uuid`,
    externalId: sql`${externalId}::text`,
    names: sql`${userNames.map(nameKey)}::text[]`,
    source,
  };
}

/** Names of the provisioned groups the person is in as an active user, sorted. */
export async function groupNamesOf(db: Db | Tx, who: Provisioned): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct g.display_name as name
    from (${recordsOf(namesOf(who))}) r join scim_members m on m.user_id = r.id join scim_groups g on g.id = m.group_id
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
  return await status(db, { who, groupNames });
}

const status = askedTogether(
  async (db, keys: readonly { who: Provisioned; groupNames: readonly string[] }[]) => {
    const answers: ScimStatus[] = [];
    // The text of the statement depends on both.
    const alike = Map.groupBy(
      keys.entries(),
      ([, { who }]) => `${who.source} ${who.carriesMembersAlone === true}`,
    );
    for (const some of alike.values()) {
      const found = await statusOfAll(
        db,
        some.map(([, key]) => key),
      );
      for (const [at, [n]] of some.entries()) answers[n] = found[at] as ScimStatus;
    }
    return answers;
  },
);

/** All of one source. */
async function statusOfAll(
  db: Db | Tx,
  keys: readonly { who: Provisioned; groupNames: readonly string[] }[],
): Promise<ScimStatus[]> {
  const [first] = keys;
  if (first === undefined) return [];
  const { source, carriesMembersAlone = false } = first.who;
  const asked = keys.map(({ who, groupNames }) => ({
    personId: who.personId,
    externalId: who.externalId,
    names: who.userNames.map(nameKey),
    groups: groupNames.map(nameKey),
  }));
  const records = recordsOf({
    personId: sql`k.person_id`,
    externalId: sql`k.external_id`,
    names: sql`k.names`,
    source,
  });
  const { rows } = await sql<{ off: boolean | null; anothers: boolean | null; in: boolean | null }>`
    select s.* from (
      select n, (j->>'personId')::uuid as person_id, j->>'externalId' as external_id,
        array(select jsonb_array_elements_text(j->'names')) as names,
        array(select jsonb_array_elements_text(j->'groups')) as groups
      from jsonb_array_elements(${JSON.stringify(asked)}::jsonb) with ordinality as a (j, n)
    ) k cross join lateral (
      select bool_and(not active) filter (where active or ${offCounts(carriesMembersAlone, sql`r.id`)}) as off,
        bool_and(is_anothers) as anothers, bool_or(active and exists (
          select from scim_members m join scim_groups g on g.id = m.group_id
          where m.user_id = r.id and g.display_name_key = any(k.groups)
        )) as in
      from (${records}) r
    ) s order by k.n`.execute(db);
  return rows.map(({ off, anothers, in: isIn }) => {
    // Of whom nothing was pushed, nothing is known: that is neither on nor off.
    const isByAnothersOnly = anothers === true;
    return {
      isSwitchedOff: off === true && isByAnothersOnly ? null : off,
      isByAnothersOnly,
      isInAnyGroup: isIn === true,
    };
  });
}
