import { sql } from 'kysely';
import type { PersonId } from '../core/ids.ts';
import { isOfIdp } from './idp-systems.ts';
import { uuidsOfAnyLength } from './postgres/any-length.ts';
import type { Db, Tx } from './postgres/database.ts';

/**
 * Of each of these people the others who go by their address or login at an identity provider that does not know them.
 * They may be one person with two accounts. The name says where to look, and proves nothing. Who has none is
 * left out.
 */
export async function possibleDuplicatesOf(
  db: Db | Tx,
  personIds: readonly string[],
): Promise<Map<PersonId, PersonId[]>> {
  const { rows } = await sql<{ id: PersonId; other: PersonId }>`
    select p.id, o.id as other from people p cross join lateral (
      select id from people where lower(email) in (lower(p.email), lower(p.login))
      union select id from people where lower(login) in (lower(p.email), lower(p.login))
    ) o
    where p.id = any(${uuidsOfAnyLength(personIds)}) and o.id <> p.id and exists (
      select from person_links theirs where theirs.person_id = o.id and ${isOfIdp('theirs.system')}
        and not theirs.is_unconfirmed and not exists (select from person_links own
          where own.person_id = p.id and own.system = theirs.system and not own.is_unconfirmed)
    ) order by 1, 2`.execute(db);
  const found = new Map<PersonId, PersonId[]>();
  for (const { id, other } of rows) found.set(id, [...(found.get(id) ?? []), other]);
  return found;
}

/** These people, and whoever may be one of them by another account. */
export async function withPossibleDuplicates(
  db: Db | Tx,
  personIds: Iterable<PersonId>,
): Promise<Set<PersonId>> {
  const ids = [...personIds];
  const found = await possibleDuplicatesOf(db, ids);
  return new Set([...ids, ...[...found.values()].flat()]);
}
