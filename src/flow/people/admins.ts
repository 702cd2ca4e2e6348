import type { Context } from '../kernel/context.ts';
import type { Named } from './named.ts';

/** Who is told of what concerns the whole installation: the catalogue's admins, and the channel of the cards. */
export async function adminContacts(
  context: Pick<Context, 'catalogue' | 'chat'>,
): Promise<{ channel: string; admins: Named[] }> {
  const { channel, admins } = context.catalogue.current();
  return {
    channel,
    admins: await Promise.all(
      admins.map(async (email) => ({ name: email, accountId: await context.chat.findByEmail(email) })),
    ),
  };
}
