import { Fault } from '../../core/fault.ts';
import type { PersonId } from '../../core/ids.ts';
import { sameEmail } from '../../core/policy/catalogue.ts';
import { isRefusal } from '../../core/refusal.ts';
import type { IdentityProvider, IdpPerson } from '../../ports/identity-provider.ts';
import { joinPeople } from '../../store/join-people.ts';
import { identityOf, linkOf, type Person, readPerson, rememberPerson } from '../../store/people.ts';
import { possibleDuplicatesOf } from '../../store/possible-duplicates.ts';
import { type AtIdp, atEach, type Idps } from '../idps/idps.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { identify } from './identify.ts';
import { readById } from './read-by-id.ts';

/** Of the people of one comparison so many are looked up in the chat. */
const JOINED_MAX = 100;

/** Where people are known. */
export type Known = Pick<Context, 'db' | 'idps' | 'chat'>;

/** Somebody as one identity provider has them. */
export type Account = AtIdp & { inIdp: IdpPerson };

/**
 * Accounts at several identity providers that are shown to be one person's: the person, with the accounts as links. Two
 * records of one person become one. They stay two where both have a history, which no program can put together.
 */
export async function onePerson(
  context: Pick<Context, 'db'> & Partial<Pick<Context, 'log'>>,
  [first, ...others]: readonly [Account, ...Account[]],
): Promise<Person> {
  let person = await rememberPerson(context.db, first.idp.system, first.inIdp);
  for (const { idp, inIdp } of others) {
    const same = await rememberPerson(context.db, idp.system, inIdp);
    if (same.id === person.id) continue;
    if (
      (await hasAnother(context, person, { idp, inIdp })) ||
      (await hasAnother(context, same, { idp: first.idp, inIdp: first.inIdp }))
    ) {
      context.log?.warn(
        { people: [person.id, same.id], idp: idp.system },
        'an address names two people, of whom one has another account there: they are left as they are',
      );
      continue;
    }
    const joined = await joinPeople(context.db, person.id, same.id);
    if (joined === null) {
      context.log?.warn(
        { people: [person.id, same.id], idp: idp.system },
        'two records are of one person, and both have a history: they are left as they are',
      );
      continue;
    }
    person = (await readPerson(context.db, joined)) ?? person;
  }
  return person;
}

/** Whether somebody has an account at this identity provider already, which is not this one and was not switched off. */
async function hasAnother(
  { db }: Pick<Context, 'db'>,
  person: Person,
  { idp, inIdp }: Account,
): Promise<boolean> {
  const own = await identityOf(db, person.id, idp.system);
  if (own === null || own.isUnconfirmed || own.id === inIdp.id) return false;
  const there = await readById({ idp }, own);
  return there !== null && there.status !== 'deprovisioned';
}

/**
 * The id by which an identity provider knows somebody. Who is known by another one alone may have an account there: an
 * equal address would prove nothing, but the chat says whose address it has confirmed. Null: they have none that is shown
 * to be theirs.
 */
export async function accountAt(context: Known & AtIdp, personId: string): Promise<string | null> {
  const known = await linkOf(context.db, personId, context.idp.system);
  if (known !== null || context.idps.all.length === 1) return known;
  return (await foundByChat(context, personId)) === personId
    ? await linkOf(context.db, personId, context.idp.system)
    : null;
}

/**
 * Looks the person up by their account in the chat, which joins what is one person's. Answers our id of whoever uses that
 * account, where it has the person's address.
 */
async function foundByChat(context: Known, personId: string): Promise<string> {
  const person = await readPerson(context.db, personId);
  if (person === null) return personId;
  const accountId =
    (await linkOf(context.db, personId, context.chat.system)) ??
    (await context.chat.findByEmail(person.email));
  if (accountId === null) return personId;
  const found = await identify(context, accountId);
  return isRefusal(found) || !sameEmail(found.email, person.email) ? personId : found.id;
}

/**
 * The person, once an account of theirs that was met apart from this one is joined with it, where the chat shows that it
 * is theirs. To be called before anything is decided about somebody whom nobody identified: afterwards both records have a
 * history and stay two. Only who has a possible duplicate is looked up. Throws a Fault when that can't be said.
 */
export async function joinedWithApart(context: Known, personId: string): Promise<string> {
  if (context.idps.all.length === 1) return personId;
  const apart = (await possibleDuplicatesOf(context.db, [personId])).get(personId as PersonId);
  const person = await readPerson(context.db, personId);
  if (apart === undefined || person === null) return personId;
  let accountId =
    (await linkOf(context.db, personId, context.chat.system)) ??
    (await context.chat.findByEmail(person.email));
  for (const id of apart) accountId ??= await linkOf(context.db, id, context.chat.system);
  const found = accountId === null ? null : await identify(context, accountId);
  if (found === null || isRefusal(found)) return personId;
  // Whose record is there still was not joined, or is the one that the other was joined into.
  return (await readPerson(context.db, personId)) === null ? found.id : personId;
}

/** Each once, by the record that they are joined in. Of more than so many nobody is looked up: the chat takes few questions. */
export async function joinedAmong(
  context: Known & Pick<Context, 'log'>,
  personIds: readonly string[],
): Promise<string[]> {
  if (context.idps.all.length === 1 || personIds.length === 0) return [...personIds];
  const apart = await possibleDuplicatesOf(context.db, personIds);
  if (apart.size === 0) return [...personIds];
  if (apart.size > JOINED_MAX) {
    context.log.warn({ people: apart.size }, 'too many may have a second account to look each of them up');
    return [...personIds];
  }
  const ids = new Set<string>();
  for (const id of personIds) ids.add(apart.has(id as PersonId) ? await joinedWithApart(context, id) : id);
  return [...ids];
}

/** The person, with their accounts elsewhere where the chat shows that they are theirs. */
export async function asOnePerson(context: Known, person: Person): Promise<Person> {
  if (context.idps.all.length === 1) return person;
  const known = await linkOf(context.db, person.id, context.chat.system);
  const id = known === null ? await foundByChat(context, person.id) : person.id;
  return id === person.id ? person : ((await readPerson(context.db, id)) ?? person);
}

/** Whether an identity provider has said by an id of its own that it knows them. */
export async function idpsOfPerson(
  { db, idps }: Pick<Data, 'db'> & { idps: Idps },
  personId: string,
): Promise<string[]> {
  const systems: string[] = [];
  for (const { system } of idps.all) if ((await linkOf(db, personId, system)) !== null) systems.push(system);
  return systems;
}

/** What every identity provider has of people with this address, whatever their status; or why one can't say. */
export async function accountsByEmail(
  context: Pick<Parties, 'idps'>,
  email: string,
): Promise<{ accounts: Account[]; faults: Fault[] }> {
  const faults: Fault[] = [];
  const found = await Promise.all(
    atEach(context).map(async ({ idp }) => {
      try {
        return (await idp.findPeopleByEmail(email)).map((inIdp) => ({ idp, inIdp }));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        faults.push(error);
        return [];
      }
    }),
  );
  return { accounts: found.flat(), faults };
}

/**
 * The one active person whom an identity provider gives this address: `preferred` first, then the others in their
 * order. Several in one are nobody, and then no other is asked: none of them could be told apart.
 */
export async function activeByEmail(
  context: Pick<Context, 'db' | 'idps'>,
  email: string,
  preferred?: IdentityProvider,
): Promise<Person | null> {
  const others = context.idps.all.filter((idp) => idp !== preferred);
  for (const idp of preferred === undefined ? others : [preferred, ...others]) {
    const [one, second] = (await idp.findPeopleByEmail(email)).filter((p) => p.status === 'active');
    if (second !== undefined) return null;
    if (one !== undefined) return await rememberPerson(context.db, idp.system, one);
  }
  return null;
}
