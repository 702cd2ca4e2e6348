import type { Named } from '../flow/people/named.ts';
import type { Notice } from '../ports/messenger.ts';
import type { SlackContent } from './blocks.ts';

/** Pure: one message to each of the catalogue's admins, edited in place; where none is in chat, one in the channel. */
export function toAdmins(
  key: string,
  { channel, admins }: { channel: string; admins: readonly Named[] },
  content: SlackContent,
): Notice<SlackContent>[] {
  const accounts = admins.flatMap(({ accountId }) => accountId ?? []);
  if (accounts.length === 0) return [{ key, to: { channel }, under: null, content }];
  return accounts.map((account) => ({ key: `${key}:${account}`, to: { account }, under: null, content }));
}
