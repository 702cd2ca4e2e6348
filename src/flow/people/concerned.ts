import type { Change } from '../../core/change/change.ts';
import type { PersonId } from '../../core/ids.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { type Refusal, refuse } from '../../core/refusal.ts';
import type { ChatAccount } from '../../ports/chat.ts';
import type { IdentityProvider, IdpPersonStatus } from '../../ports/identity-provider.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import type { AtIdp } from '../idps/idps.ts';
import type { Data, Parties } from '../kernel/context.ts';
import { accountAt, idpsOfPerson } from './accounts.ts';
import { freshPerson, personByAccount } from './identify.ts';

/** Whom a change concerns, as the IdP has them now. */
export type Concerned = {
  /** Null: the IdP no longer knows them. */
  beneficiary: Person | null;
  /** Null: nobody asked. */
  requester: Person | null;
  /** Why one of them may not ask, or hold, any more. */
  refusal: Refusal | null;
  /** The names by which IdP and chat know the beneficiary; left out: not looked up. */
  knownAs?: KnownAs;
  /** Of the two, those who count as having left. */
  leavers: Awaited<ReturnType<typeof leaversAmong>>;
};

/** The names by which an IdP and the chat know somebody; null: not known there. */
export type KnownAs = { idpId: string | null; accountId: string | null };

const askIt = 'Ask the IT desk to look at their account, then ask again.';

/**
 * Identifies anew whom a change concerns. A person who was known when the form came in may be suspended, or a guest in
 * Slack, by now. Of what nobody asked for only the IdP is asked. Throws a Fault when IdP or chat can't say: then it is
 * tried again, and nothing is allowed meanwhile.
 */
export async function concernedBy(
  context: Data & Parties & AtIdp,
  change: Pick<Change, 'personId' | 'requesterId'>,
): Promise<Concerned> {
  const { personId, requesterId } = change;
  const ids: PersonId[] = [personId, ...(requesterId === null ? [] : [requesterId])];
  const [looked, leavers] = await Promise.all([lookedUp(context, change), leaversAmong(context.db, ids)]);
  const people = [looked.beneficiary, looked.requester].flatMap((person) => person?.id ?? []);
  // Meanwhile they were joined with another record of theirs.
  const isAnother = people.some((id) => !ids.includes(id));
  return { ...looked, leavers: isAnother ? await leaversAmong(context.db, people) : leavers };
}

async function lookedUp(
  context: Data & Parties & AtIdp,
  { personId, requesterId }: Pick<Change, 'personId' | 'requesterId'>,
): Promise<Omit<Concerned, 'leavers'>> {
  if (requesterId === null)
    return { beneficiary: await freshPerson(context, personId, context.idp), requester: null, refusal: null };
  const [one, other] = await Promise.all([
    lookedAt(context, personId, context.idp),
    requesterId === personId ? null : lookedAt(context, requesterId),
  ]);
  return {
    beneficiary: one.person,
    requester: other === null ? one.person : other.person,
    // Of two, who asks is told first.
    refusal: other?.refusal ?? one.refusal,
    knownAs: one.knownAs,
  };
}

/** `idp`: the one in which they are to hold something; whoever only asks may be known by another. */
async function lookedAt(
  context: Data & Parties & AtIdp,
  id: string,
  idp?: IdentityProvider,
): Promise<{ person: Person | null; refusal: Refusal | null; knownAs: KnownAs }> {
  const [{ person, idpId }, { account, accountId }] = await Promise.all([
    personAt(context, id, idp),
    accountOf(context, id),
  ]);
  const knownAs = { idpId, accountId };
  if (person === null) {
    const name = (await readPerson(context.db, id))?.name ?? 'Whoever it is about';
    return {
      person,
      knownAs,
      refusal: (await hasAccountElsewhere(context, id, idp))
        ? refuse(
            'unknownPerson',
            `${name} has no account in ${context.idp.name}, which gives this access.`,
            `Ask the IT desk for an account in ${context.idp.name}, then ask again.`,
          )
        : refuse('unknownPerson', `${name} is no longer in the identity provider.`, askIt),
    };
  }
  return {
    person,
    knownAs,
    refusal:
      refuseStatus(person) ??
      refuseAccount(context.chat.name, person.name, account) ??
      (await refuseOther(context, person, account)),
  };
}

/** As this one has them, by an account that is theirs; without one: as the one that speaks for them has them. */
async function personAt(
  context: Data & Parties & AtIdp,
  id: string,
  idp?: IdentityProvider,
): Promise<{ person: Person | null; idpId: string | null }> {
  if (idp === undefined) return { person: await freshPerson(context, id), idpId: null };
  const idpId = await accountAt({ ...context, idp }, id);
  return { person: idpId === null ? null : await personByAccount(context, idp, idpId), idpId };
}

async function hasAccountElsewhere(
  context: Data & Parties & AtIdp,
  id: string,
  idp?: IdentityProvider,
): Promise<boolean> {
  if (idp === undefined || context.idps.all.length === 1) return false;
  const systems = await idpsOfPerson(context, id);
  return systems.length > 0 && !systems.includes(idp.system);
}

async function accountOf(
  context: Data & Parties,
  id: string,
): Promise<{ account: ChatAccount | null; accountId: string | null }> {
  const accountId = await linkOf(context.db, id, context.chat.system);
  return { account: accountId === null ? null : await context.chat.whoIs(accountId), accountId };
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
  for (const idp of context.idps.all) {
    const idpId = await linkOf(context.db, person.id, idp.system);
    const found = await idp.findPeopleByEmail(email);
    if (found.some((p) => p.status === 'active' && p.id !== idpId)) return addressMoved(context, person);
  }
  return null;
}

function addressMoved({ chat }: Pick<Parties, 'chat'>, { name }: Person): Refusal {
  return refuse(
    'ambiguousPerson',
    `${name}’s ${chat.name} account has the address of somebody else in the identity provider now.`,
    askIt,
  );
}
