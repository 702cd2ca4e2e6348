import { type Refusal, refuse } from '../../core/refusal.ts';
import { linkOf, linkPerson, type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { readSnapshot } from '../../store/person-snapshots.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';

const askIt = 'Ask your IT desk to look at your account.';

/**
 * The person of this chat account, asked anew: chat account, its verified e-mail, one active person in the IdP. Throws
 * a Fault when chat or IdP can't say; it never guesses.
 */
export async function identify(context: Data & Parties, accountId: string): Promise<Person | Refusal> {
  const account = await context.chat.whoIs(accountId);
  if (account === null)
    return refuse('unknownPerson', `${context.chat.name} does not know this account.`, askIt);
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
      return refuse('deactivated', `This ${context.chat.name} account is deactivated.`, askIt);
    case 'member':
      break;
    default:
      return account.kind satisfies never;
  }
  if (account.verifiedEmail === null)
    return refuse(
      'noVerifiedEmail',
      `Your ${context.chat.name} account has no confirmed e-mail address.`,
      `Confirm your address in ${context.chat.name}, then try again.`,
    );
  const found = await context.idp.findPeopleByEmail(account.verifiedEmail);
  const active = found.filter((p) => p.status === 'active');
  if (found.length === 0)
    return refuse(
      'unknownPerson',
      `The identity provider knows nobody with your ${context.chat.name} address.`,
      askIt,
    );
  if (active.length === 0)
    return refuse('inactiveInIdp', 'Your account in the identity provider is not active.', askIt);
  const [one, second] = active;
  if (one === undefined || second !== undefined)
    return refuse(
      'ambiguousPerson',
      'Several people in the identity provider share your address, so it is not clear who you are.',
      askIt,
    );
  const person = await rememberPerson(context.db, context.idp.system, one);
  for (const other of account.alsoKnownAs ?? [])
    await linkPerson(context.db, person.id, context.chat.system, other);
  // Last, so that it is the one that they are written to by.
  await linkPerson(context.db, person.id, context.chat.system, account.id);
  return { ...person, timeZone: person.timeZone ?? account.timeZone };
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
  const statusText = known === null ? null : await readSnapshot(context.db, known.id);
  return statusText?.status === 'deleted' ? null : known;
}

/** The person as the IdP has them now; null when the IdP no longer knows them. */
export async function freshPerson(context: Data & Parties, personId: string): Promise<Person | null> {
  const idpId = await linkOf(context.db, personId, context.idp.system);
  const fromIdp = idpId === null ? null : await context.idp.readPerson(idpId);
  return fromIdp === null ? null : await rememberPerson(context.db, context.idp.system, fromIdp);
}
