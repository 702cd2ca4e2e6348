import type { Identity } from '../../store/people.ts';
import type { Context } from '../kernel/context.ts';

/** By an id and nothing else: an id by an unconfirmed record may be somebody's login. */
export async function readById({ idp }: Pick<Context, 'idp'>, { id }: Pick<Identity, 'id'>) {
  const inIdp = await idp.readPerson(id);
  return inIdp?.id === id ? inIdp : null;
}
