import { type OnCallSource, sameEmail } from '../../core/policy/catalogue.ts';
import type { ChatDirectory } from '../../ports/chat.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import type { KnownAs } from '../people/concerned.ts';
import type { Answer } from './in-time.ts';

/** Of more people on call than this the addresses are not read: it would take longer than to look people up. */
const MEMBERS_MAX = 25;
/** So long a reading of them is good, in milliseconds; who is on call is known as of some seconds ago too. */
const READING_MS = 15_000;

/**
 * Whether somebody is on call, as the chat or the IdP tells. `isOneOfMany`: the same is asked of many others. Slack has
 * no call for many, and answers some 50 a minute who has an address. So whoever has met us nowhere is held against the
 * addresses of those few who are on call.
 */
export async function isOnCallNow(
  idp: IdentityProvider,
  chat: ChatDirectory,
  source: OnCallSource,
  who: KnownAs & { email: string; isOneOfMany?: boolean },
): Promise<Answer<boolean>> {
  if ('idpGroup' in source) {
    if (who.idpId === null) return { why: `not known in ${idp.system}` };
    const group = await idp.findGroup(source.idpGroup);
    if (group === null) return { why: `there is no group ${source.idpGroup} in ${idp.system}` };
    return { is: await idp.isMember(group.id, who.idpId) };
  }
  const members = await chat.membersOfUserGroup(source.slackUserGroup);
  if (members === null)
    return { why: `there is no user group @${source.slackUserGroup} in ${chat.name}, or it is switched off` };
  if (members.length === 0) return { is: false };
  if (who.accountId === null && who.isOneOfMany === true) {
    const addresses = await addressesOf(chat, members);
    if (addresses !== null && !addresses.some((one) => sameEmail(one, who.email))) return { is: false };
  }
  const accountId = who.accountId ?? (await chat.findByEmail(who.email));
  if (accountId === null || members.includes(accountId)) return { is: accountId !== null };
  // Slack may list them by another of their ids.
  const { alsoKnownAs = [] } = (await chat.whoIs(accountId)) ?? {};
  return { is: alsoKnownAs.some((id) => members.includes(id)) };
}

type Addresses = readonly string[] | null;
const readings = new WeakMap<ChatDirectory, { of: string; until: number; addresses: Promise<Addresses> }>();

/** The addresses of these accounts; null: they are too many, or the chat does not say each of them for sure. */
async function addressesOf(chat: ChatDirectory, members: readonly string[]): Promise<Addresses> {
  if (members.length > MEMBERS_MAX) return null;
  const of = members.join(' ');
  const known = readings.get(chat);
  if (known !== undefined && known.of === of && known.until > performance.now()) return await known.addresses;
  const addresses = readAddresses(chat, members);
  readings.set(chat, { of, until: performance.now() + READING_MS, addresses });
  try {
    return await addresses;
  } catch (error) {
    readings.delete(chat);
    throw error;
  }
}

async function readAddresses(chat: ChatDirectory, members: readonly string[]): Promise<Addresses> {
  const accounts = await Promise.all(members.map((id) => chat.whoIs(id)));
  const addresses: string[] = [];
  for (const account of accounts) {
    // Nobody is found by the address of another kind of account.
    if (account?.kind !== 'member') continue;
    if (account.verifiedEmail === null) return null;
    addresses.push(account.verifiedEmail);
  }
  return addresses;
}
