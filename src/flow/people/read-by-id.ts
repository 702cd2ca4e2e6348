import type { Identity } from '../../store/people.ts';
import type { AtIdp } from '../idps/idps.ts';

/** By an id and nothing else: an id by an unconfirmed record may be somebody's login. */
export async function readById({ idp }: AtIdp, { id }: Pick<Identity, 'id'>) {
  const inIdp = await idp.readPerson(id);
  return inIdp?.id === id ? inIdp : null;
}
