import { absencesOf } from '../../store/delegations.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { linkOf, type Person, rememberPerson } from '../../store/people.ts';
import { homeOf } from '../../store/person-home.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { type Named, named } from '../people/named.ts';
import { readById } from '../people/read-by-id.ts';

/** A delegate as the IdP has them now; null: they are not active there, or it does not know them any more. */
export async function activeDelegate(context: Data & Parties, personId: string): Promise<Person | null> {
  const home = await homeOf(context.db, personId);
  const inIdp = home === null ? null : await readById({ idp: context.idps.of(home.system) }, home);
  return home !== null && inIdp?.status === 'active'
    ? await rememberPerson(context.db, home.system, inIdp)
    : null;
}

/** Who decides in the stead of a person now, as messages name them; null: nobody does. */
export async function delegateOf(context: Data & Parties, personId: string): Promise<Named | null> {
  const [absence] = await absencesOf(context.db, [personId]);
  const delegate = absence === undefined ? null : await activeDelegate(context, absence.delegate.id);
  if (delegate === null || (await absencesOf(context.db, [delegate.id])).length > 0) return null;
  if ((await leaversAmong(context.db, [delegate.id])).has(delegate.id)) return null;
  const accountId = await linkOf(context.db, delegate.id, context.chat.system);
  return await named(context, { ...delegate, accountId });
}
