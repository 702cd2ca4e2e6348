import { type Person, rememberPerson } from '../../store/people.ts';
import { homeOf } from '../../store/person-home.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { readById } from '../people/read-by-id.ts';

/** A delegate as the IdP has them now; null: they are not active there, or it does not know them any more. */
export async function activeDelegate(context: Data & Parties, personId: string): Promise<Person | null> {
  const home = await homeOf(context.db, personId);
  const inIdp = home === null ? null : await readById({ idp: context.idps.of(home.system) }, home);
  return home !== null && inIdp?.status === 'active'
    ? await rememberPerson(context.db, home.system, inIdp)
    : null;
}
