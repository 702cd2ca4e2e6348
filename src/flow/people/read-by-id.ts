import type { Identity } from '../../store/people.ts';
import type { AtIdp } from '../idps/idps.ts';

/** By an id and nothing else: an id by an unconfirmed record may be somebody's login. */
export async function readById({ idp }: AtIdp, { id }: Pick<Identity, 'id'>) {
  const inIdp = await idp.readPerson(id);
  return inIdp?.id === id ? inIdp : null;
}

/** By a login and not by an id: a login that somebody chose, or a push made up, may be another's id. */
export async function readByLogin({ idp }: AtIdp, login: string) {
  const inIdp = await idp.readPerson(login);
  const isById = inIdp !== null && isSameName(inIdp.id, login) && !isSameName(inIdp.login, login);
  return isById ? null : inIdp;
}

/** Names and ids are the same however they are written; blank is none. */
export function isSameName(a: string, b: string): boolean {
  return b !== '' && a.toLowerCase() === b.toLowerCase();
}
