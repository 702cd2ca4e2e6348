import { linkOf, type Person, rememberPerson } from '../../store/people.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { readById } from '../people/read-by-id.ts';

/** A delegate as the IdP has them now; null: they are not active there, or it does not know them any more. */
export async function activeDelegate(context: Data & Parties, personId: string): Promise<Person | null> {
  const id = await linkOf(context.db, personId, context.idp.system);
  const inIdp = id === null ? null : await readById(context, { id });
  return inIdp?.status === 'active' ? await rememberPerson(context.db, context.idp.system, inIdp) : null;
}
