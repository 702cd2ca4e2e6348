import { sql } from 'kysely';
import type { Person } from './people.ts';
import { askedTogether } from './postgres/asked-together.ts';
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
  return await claims(db, { idps, person, userIds });
}

type Asked = { idps: readonly string[]; person: Pick<Person, 'id' | 'login'>; userIds: readonly string[] };

const claims = askedTogether(async (db, keys: readonly Asked[]) => {
  const asked = keys.map(({ idps, person, userIds }) => ({
    id: person.id,
    login: person.login,
    idps,
    userIds,
  }));
  const { rows } = await sql<Claims>`
    select exists (
        select from person_links where person_id = k.id and system = any(k.idps) and not is_unconfirmed
      ) as "isConfirmed",
      array(select external_id from person_links where person_id = k.id and system = 'anypoint'
        order by external_id) as own,
      array(select external_id from person_links where system = 'anypoint' and person_id <> k.id
        and external_id = any(k.user_ids)) as others,
      exists (
        select from people p join person_links l on l.person_id = p.id and l.system = any(k.idps) and not l.is_unconfirmed
        where lower(p.login) = lower(k.login) and p.id <> k.id and p.status <> 'deprovisioned'
      ) as "isLoginShared"
    from (
      select n, (j->>'id')::uuid as id, j->>'login' as login,
        array(select jsonb_array_elements_text(j->'idps')) as idps,
        array(select jsonb_array_elements_text(j->'userIds')) as user_ids
      from jsonb_array_elements(${JSON.stringify(asked)}::jsonb) with ordinality as a (j, n)
    ) k order by k.n`.execute(db);
  return rows;
});
