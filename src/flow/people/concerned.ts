import type { Change } from '../../core/change/change.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { ChatAccount } from '../../ports/chat.ts';
import type { IdpPersonStatus } from '../../ports/identity-provider.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { freshPerson } from './identify.ts';

/** Whom a change concerns, as the IdP has them now. */
export type Concerned = {
  /** Null: the IdP no longer knows them. */
  beneficiary: Person | null;
  /** Null: nobody asked. */
  requester: Person | null;
  /** Why one of them may not ask, or hold, any more. */
  refusal: Refusal | null;
};

const askIt = 'Ask the IT desk to look at their account, then ask again.';

/**
 * Identifies anew whom a change concerns. A person who was known when the form came in may be suspended, or a guest in
 * Slack, by now. Of what nobody asked for only the IdP is asked. Throws a Fault when IdP or chat can't say: then it is
 * tried again, and nothing is allowed meanwhile.
 */
export async function concernedBy(
  context: Data & Parties,
  { personId, requesterId }: Pick<Change, 'personId' | 'requesterId'>,
): Promise<Concerned> {
  if (requesterId === null)
    return { beneficiary: await freshPerson(context, personId), requester: null, refusal: null };
  const [one, other] = await Promise.all([
    lookedAt(context, personId),
    requesterId === personId ? null : lookedAt(context, requesterId),
  ]);
  return {
    beneficiary: one.person,
    requester: other === null ? one.person : other.person,
    // Of two, who asks is told first.
    refusal: other?.refusal ?? one.refusal,
  };
}

async function lookedAt(
  context: Data & Parties,
  id: string,
): Promise<{ person: Person | null; refusal: Refusal | null }> {
  const [person, account] = await Promise.all([freshPerson(context, id), accountOf(context, id)]);
  if (person === null) {
    const name = (await readPerson(context.db, id))?.name ?? 'Whoever it is about';
    return {
      person,
      refusal: refuse('unknownPerson', `${name} is no longer in the identity provider.`, askIt),
    };
  }
  return {
    person,
    refusal:
      refuseStatus(person) ??
      refuseAccount(context.chat.name, person.name, account) ??
      (await refuseOther(context, person, account)),
  };
}

async function accountOf(context: Data & Parties, id: string): Promise<ChatAccount | null> {
  const accountId = await linkOf(context.db, id, context.chat.system);
  return accountId === null ? null : await context.chat.whoIs(accountId);
}

const notActive: Record<Exclude<IdpPersonStatus, 'active'>, string> = {
  suspended: 'is suspended',
  deprovisioned: 'is switched off',
  inactive: 'is not active',
};

function refuseStatus({ name, status }: Person): Refusal | null {
  if (status === 'active') return null;
  return refuse('inactiveInIdp', `${name}’s account in the identity provider ${notActive[status]}.`, askIt);
}

function refuseAccount(chat: string, name: string, account: ChatAccount | null): Refusal | null {
  if (account === null)
    return refuse('unknownPerson', `${chat} no longer knows the account of ${name}.`, askIt);
  switch (account.kind) {
    case 'member':
      return null;
    case 'guest':
      return refuse(
        'guest',
        `${name} is a guest in ${chat} now; guests neither ask for access nor hold it.`,
        'Somebody of the company has to ask for what is needed.',
      );
    case 'stranger':
      return refuse('stranger', `${name}’s ${chat} account belongs to another organisation now.`, askIt);
    case 'deactivated':
      return refuse('deactivated', `${name}’s ${chat} account is deactivated.`, askIt);
    case 'bot':
      return refuse('notAPerson', `${name}’s ${chat} account is a bot’s.`, 'A person has to ask.');
    default:
      return account.kind satisfies never;
  }
}

/** An address that has changed hands makes an account somebody else’s; one that the IdP does not know is only late. */
async function refuseOther(
  context: Data & Parties,
  person: Person,
  account: ChatAccount | null,
): Promise<Refusal | null> {
  const email = account?.verifiedEmail ?? null;
  if (email === null || sameEmail(email, person.email)) return null;
  const idpId = await linkOf(context.db, person.id, context.idp.system);
  const others = (await context.idp.findPeopleByEmail(email)).filter(
    (p) => p.status === 'active' && p.id !== idpId,
  );
  return others.length === 0
    ? null
    : refuse(
        'ambiguousPerson',
        `${person.name}’s ${context.chat.name} account has the address of somebody else in the identity provider now.`,
        askIt,
      );
}
