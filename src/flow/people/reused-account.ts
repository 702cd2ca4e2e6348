import type { PersonId } from '../../core/ids.ts';
import { unendedGrants } from '../../store/grants.ts';
import { moveLinks } from '../../store/join-people.ts';
import { baselineGroups, pendingAbout } from '../../store/offboardings.ts';
import { type Person, readPerson, rememberPerson } from '../../store/people.ts';
import type { AtIdp } from '../idps/idps.ts';
import { joinedWithApart, type Known } from './accounts.ts';
import { readByLogin } from './read-by-id.ts';

/**
 * The person to look at in the place of somebody whose id the IdP does not know. The IdP knows their login, under
 * another id: not every client sends the IdP's own id. Null when there is nobody like that. Null too when they asked
 * for something or hold it: then that account was deleted, and they left with it. The id is the other's from then on
 * when it was never more than unconfirmed, or when SCIM has handed it over. It may be the same person, by a new account
 * and another identity provider.
 */
export async function successorOf(
  context: Known & AtIdp,
  person: Pick<Person, 'id' | 'login'>,
  isHandedOver = false,
): Promise<{ id: PersonId } | null> {
  const grants = await unendedGrants(context.db, { personId: person.id });
  const recorded = await baselineGroups(context.db, person.id);
  const pending = await pendingAbout(context.db, person.id);
  if (grants.length + recorded.length + pending.length > 0) return null;
  const inIdp = await readByLogin(context, person.login);
  if (inIdp === null) return null;
  const { id: met } = await rememberPerson(context.db, context.idp.system, inIdp);
  if (met === person.id) return null;
  // Known by another identity provider too, they may be the very same, with a new account in this one.
  const id = (await joinedWithApart(context, met)) as PersonId;
  if (id === person.id || (await readPerson(context.db, person.id)) === null) return { id };
  await moveLinks(context.db, context.idp.system, {
    from: person.id,
    to: id,
    onlyUnconfirmed: !isHandedOver,
  });
  return { id };
}
