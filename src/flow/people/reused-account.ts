import type { PersonId } from '../../core/ids.ts';
import { unendedGrants } from '../../store/grants.ts';
import { pendingAbout, preexistingGroups } from '../../store/offboardings.ts';
import { moveLinks, type Person, rememberPerson } from '../../store/people.ts';
import type { Road } from '../kernel/context.ts';

/**
 * Whom to look at in the place of somebody whom the IdP does not know by the id that we were told, but by their login
 * under another: not every client sends the IdP's own id. Null when there is nobody like that, or when they asked for
 * something or hold it: then that account was deleted, and they left with it. The id is the other's from then on when
 * it was never more than hearsay, or when SCIM has handed it over.
 */
export async function standInFor(
  road: Pick<Road, 'db' | 'idp'>,
  person: Pick<Person, 'id' | 'login'>,
  isHandedOver = false,
): Promise<{ id: PersonId } | null> {
  const grants = await unendedGrants(road.db, { personId: person.id });
  const recorded = await preexistingGroups(road.db, person.id);
  const pending = await pendingAbout(road.db, person.id);
  if (grants.length + recorded.length + pending.length > 0) return null;
  const inIdp = await road.idp.readPerson(person.login);
  if (inIdp === null) return null;
  const { id } = await rememberPerson(road.db, road.idp.name, inIdp);
  if (id === person.id) return null;
  await moveLinks(road.db, road.idp.name, { from: person.id, to: id, onlyHearsay: !isHandedOver });
  return { id };
}
