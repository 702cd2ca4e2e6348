import type { Road } from '../kernel/context.ts';
import type { Named } from '../messages/change-view.ts';

/** Who hears of what concerns the whole installation: the catalogue's admins, and the channel of the cards. */
export async function adminsTold(
  road: Pick<Road, 'catalogue' | 'chat'>,
): Promise<{ channel: string; admins: Named[] }> {
  const { channel, admins } = road.catalogue.current();
  return {
    channel,
    admins: await Promise.all(
      admins.map(async (email) => ({ name: email, accountId: await road.chat.findByEmail(email) })),
    ),
  };
}
