import type { Data, Parties } from '../kernel/context.ts';
import { type Named, namedByEmail } from './named.ts';

/** The people who are told about the whole installation: the catalogue's admins, and the channel of the cards. */
export async function adminContacts(
  context: Pick<Data, 'catalogue'> & Pick<Parties, 'chat'>,
): Promise<{ channel: string; admins: Named[] }> {
  const { channel, admins } = context.catalogue.current();
  return {
    channel,
    admins: await Promise.all(admins.map((email) => namedByEmail(context, email))),
  };
}
