import { sql } from 'kysely';
import { invariant } from '../core/fault.ts';
import type { Person } from './people.ts';
import type { Db, Tx } from './postgres/database.ts';

/** The evidence for or against an Anypoint user being a person, as far as we know it ourselves. */
export type Claims = {
  /** Whether the IdP has answered by an id of this person. */
  isConfirmed: boolean;
  /** Anypoint users that are noted as theirs. */
  own: string[];
  /** Of the users asked about: those noted as somebody else's. */
  others: string[];
  /** Somebody else whom the IdP has confirmed, and not deactivated since, goes by the same login. */
  isLoginShared: boolean;
};

export async function claimsOn(
  db: Db | Tx,
  /** `system` of each identity provider. */
  idps: readonly string[],
  person: Pick<Person, 'id' | 'login'>,
  userIds: readonly string[],
): Promise<Claims> {
  const { rows } = await sql<Claims>`
    select exists (
        select from person_links where person_id = ${person.id} and system = any(${[...idps]}::text[]) and not is_unconfirmed
      ) as "isConfirmed",
      array(select external_id from person_links where person_id = ${person.id} and system = 'anypoint'
        order by external_id) as own,
      array(select external_id from person_links where system = 'anypoint' and person_id <> ${person.id}
        and external_id = any(${[...userIds]}::text[])) as others,
      exists (
        select from people p join person_links l on l.person_id = p.id and l.system = any(${[...idps]}::text[]) and not l.is_unconfirmed
        where lower(p.login) = lower(${person.login}) and p.id <> ${person.id} and p.status <> 'deprovisioned'
      ) as "isLoginShared"`.execute(db);
  const [claims] = rows;
  invariant(claims !== undefined, 'a select without a table gives one row');
  return claims;
}
