import { isRefusal, type Refusal, refuse } from '../../core/refusal.ts';
import type { ChatAccount } from '../../ports/chat.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { identityOf, linkOf, type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { homeOf, isDeletedAtHome } from '../../store/person-home.ts';
import { linkPerson } from '../../store/person-links.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { type Account, accountsByEmail, type Known, onePerson } from './accounts.ts';

const askIt = 'Ask your IT desk to look at your account.';

/**
 * The person of this chat account, asked anew: chat account, its verified e-mail, one active person in the IdP. Throws
 * a Fault when chat or IdP can't say; it never guesses.
 */
export async function identify(
  context: Known & Partial<Pick<Context, 'log'>>,
  accountId: string,
): Promise<Person | Refusal> {
  const account = await context.chat.whoIs(accountId);
  const proven = memberWithAddress(context, account);
  if (isRefusal(proven)) return proven;
  const { accounts, faults } = await accountsByEmail(context, proven.verifiedEmail);
  const active = accounts.filter(({ inIdp }) => inIdp.status === 'active');
  const [one, ...others] = active;
  const [fault] = faults;
  // One that does not answer may know somebody else by this address, unless it is known already who this is.
  if (fault !== undefined && !(await isKnownAs(context, accountId, one))) throw fault;
  if (accounts.length === 0)
    return refuse(
      'unknownPerson',
      `The identity provider knows nobody with your ${context.chat.name} address.`,
      askIt,
    );
  if (one === undefined)
    return refuse('inactiveInIdp', 'Your account in the identity provider is not active.', askIt);
  if (new Set(active.map(({ idp }) => idp)).size < active.length)
    return refuse(
      'ambiguousPerson',
      'Several people in the identity provider share your address, so it is not clear who you are.',
      askIt,
    );
  const person = await onePerson(context, [one, ...others]);
  for (const other of proven.alsoKnownAs ?? [])
    await linkPerson(context.db, person.id, context.chat.system, other);
  // Last, so that it is the one that they are written to by. Mostly it is already.
  const written = await identityOf(context.db, person.id, context.chat.system);
  if (written === null || written.isUnconfirmed || written.id !== proven.id)
    await linkPerson(context.db, person.id, context.chat.system, proven.id);
  return { ...person, timeZone: person.timeZone ?? proven.timeZone };
}

/**
 * The person whom we have met as this chat account. Null: nobody, or a person whom the IdP has deleted. A person who is
 * there again under another id has to be identified anew.
 */
export async function metAs(
  context: Pick<Context, 'db' | 'chat'>,
  accountId: string,
): Promise<Person | null> {
  const known = await personByLink(context.db, context.chat.system, accountId);
  return known === null || (await isDeletedAtHome(context.db, known.id)) ? null : known;
}

/** A member of ours, with the address that the chat has confirmed. */
function memberWithAddress(
  { chat }: Pick<Parties, 'chat'>,
  account: ChatAccount | null,
): (ChatAccount & { verifiedEmail: string }) | Refusal {
  if (account === null) return refuse('unknownPerson', `${chat.name} does not know this account.`, askIt);
  switch (account.kind) {
    case 'bot':
      return refuse('notAPerson', 'Bots can’t ask for access or decide on it.', 'A person has to do this.');
    case 'guest':
      return refuse(
        'guest',
        'Guest accounts can’t ask for access or decide on it.',
        'Ask your contact in the company to request it for you.',
      );
    case 'stranger':
      return refuse(
        'stranger',
        'Your account belongs to another organisation.',
        'Ask your contact in the company.',
      );
    case 'deactivated':
      return refuse('deactivated', `This ${chat.name} account is deactivated.`, askIt);
    case 'member':
      break;
    default:
      return account.kind satisfies never;
  }
  if (account.verifiedEmail === null)
    return refuse(
      'noVerifiedEmail',
      `Your ${chat.name} account has no confirmed e-mail address.`,
      `Confirm your address in ${chat.name}, then try again.`,
    );
  return { ...account, verifiedEmail: account.verifiedEmail };
}

async function isKnownAs(
  context: Pick<Context, 'db' | 'chat'>,
  accountId: string,
  found: Account | undefined,
): Promise<boolean> {
  if (found === undefined) return false;
  const known = await personByLink(context.db, context.chat.system, accountId);
  const identity = known === null ? null : await identityOf(context.db, known.id, found.idp.system);
  return identity !== null && !identity.isUnconfirmed && identity.id === found.inIdp.id;
}

/**
 * The person as the IdP that speaks for them has them now, or as the one that is asked has them. Null: it no longer
 * knows them, or never did.
 */
export async function freshPerson(
  context: Data & Parties,
  personId: string,
  idp?: IdentityProvider,
): Promise<Person | null> {
  const from =
    idp === undefined
      ? await homeOf(context.db, personId)
      : { system: idp.system, id: await linkOf(context.db, personId, idp.system) };
  if (from === null || from.id === null) return null;
  return await personByAccount(context, idp ?? context.idps.of(from.system), from.id);
}

/** The person as an identity provider has them now, by its id of them. Null: it no longer knows them. */
export async function personByAccount(
  { db }: Pick<Data, 'db'>,
  idp: IdentityProvider,
  id: string,
): Promise<Person | null> {
  const fromIdp = await idp.readPerson(id);
  return fromIdp === null ? null : await rememberPerson(db, idp.system, fromIdp);
}
