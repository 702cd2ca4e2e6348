import { type RawBuilder, sql } from 'kysely';
import { isOfIdp } from './idp-systems.ts';
import type { ScimSource } from './schema/scim-tables.ts';

/** Of the people whom the IdP has confirmed, so many are looked up to see by which ids it provisions. */
const SAMPLE = 200;

/**
 * Whether a SCIM record under somebody's login is another account's. It is in two cases:
 * - its id is known as somebody else's
 * - the IdP has never answered with this person by its id, though it provisions people by the very ids that it answers
 *   by
 *
 * A login is given anew, and a record of that name can be made up. Where an IdP sends ids of another kind, the login is
 * all there is to go by.
 */
export function isAnothersRecord(
  source: ScimSource,
  externalId: RawBuilder<unknown>,
  personId: RawBuilder<unknown>,
): RawBuilder<boolean> {
  return sql`(exists (select from person_links l where l.external_id = ${externalId}
      and ${isOfIdp('l.system')} and l.person_id is distinct from ${personId})
    or (${externalId} is not null and not exists (select from person_links l where l.external_id = ${externalId}
      and ${isOfIdp('l.system')} and l.person_id = ${personId} and not l.is_unconfirmed)
      and exists (select from (
          select external_id, person_id from person_links where system = ${source} and not is_unconfirmed limit ${SAMPLE}
        ) known join people p on p.id = known.person_id
        join scim_users r on r.source = ${source} and r.external_id = known.external_id and r.user_name_key = lower(p.login))))`;
}

/** The id by which the IdP knows a person; the same order as `identityOf`. */
export function idOf(personId: RawBuilder<unknown>, system: string): RawBuilder<string> {
  return sql`(select i.external_id from person_links i where i.person_id = ${personId} and i.system = ${system}
    order by i.is_unconfirmed, i.verified_at desc, i.external_id limit 1)`;
}

/**
 * Nothing is pushed under the IdP's own id of them: then a record under their login may be theirs, as in
 * scim-mirror.ts.
 */
export function hasNoRecord(personId: RawBuilder<unknown>, system: string): RawBuilder<boolean> {
  return sql`not exists (select from scim_users r where r.source = ${system}
    and r.external_id = ${idOf(personId, system)})`;
}
