import { Fault } from '../../core/fault.ts';
import type { ApproverSource, Entitlement } from '../../core/policy/catalogue.ts';
import type { Approver } from '../../core/policy/routing.ts';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { type Person, rememberPerson } from '../../store/people.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { activeByEmail, asOnePerson } from '../people/accounts.ts';
import { isAboutOne } from '../people/resolve-person.ts';

/** An approver with what rules may ask about. */
export type Candidate = Approver & { department: string | null; title: string | null };

/** The people whom a source of the catalogue yields right now, without leavers. */
export async function peopleOf(
  context: Context,
  source: ApproverSource,
  { entitlement, beneficiary }: { entitlement: Entitlement; beneficiary: Person },
): Promise<Candidate[]> {
  const [people = []] = await peopleOfEach(context, [source], { entitlement, beneficiary });
  return people;
}

/** Those whom each of several sources yields, in their order. Who has left is asked once for all of them. */
export async function peopleOfEach(
  context: Context,
  sources: readonly ApproverSource[],
  about: { entitlement: Entitlement; beneficiary: Person },
): Promise<Candidate[][]> {
  const there = at(context, about.entitlement);
  const { entitlement, beneficiary } = about;
  const met = await Promise.all(
    sources.map((source) => peopleAt(there, source, { entitlement, beneficiary })),
  );
  // An admin may know that somebody has left before the IdP does.
  const leavers = await leaversAmong(context.db, [...new Set(met.flat().map(({ id }) => id))]);
  return met.map((people) => people.filter(({ id }) => !leavers.has(id)).map(candidate));
}

async function peopleAt(
  context: Context & AtIdp,
  source: ApproverSource,
  { entitlement, beneficiary }: { entitlement: Entitlement; beneficiary: Person },
): Promise<Person[]> {
  if ('owner' in source) return await peopleByEmail(context, [entitlement.owner]);
  if ('person' in source) return await peopleByEmail(context, [source.person]);
  if ('admins' in source) return await peopleByEmail(context, context.catalogue.current().admins);
  if ('onCall' in source) return await peopleOnCall(context);
  if ('manager' in source) {
    if (beneficiary.manager === null) return [];
    const manager = await managerNamed(context, beneficiary.manager);
    return manager === null ? [] : await remembered(context, [manager]);
  }
  return await membersOf(context, source.group);
}

/** Nobody where the catalogue does not say who is on call, or the user group is off. */
async function peopleOnCall(context: Context & AtIdp): Promise<Person[]> {
  const { onCall } = context.catalogue.current();
  if (onCall === null) return [];
  if ('idpGroup' in onCall) return await membersOf(context, onCall.idpGroup);
  const { chat } = context;
  const accountIds = (await chat.membersOfUserGroup(onCall.slackUserGroup)) ?? [];
  const accounts = await Promise.all(accountIds.slice(0, ON_CALL_MAX).map((id) => chat.whoIs(id)));
  // Only an address that the chat has confirmed says who somebody is.
  return await peopleByEmail(
    context,
    accounts.flatMap((account) => (account?.kind === 'member' ? (account.verifiedEmail ?? []) : [])),
  );
}

/** More of a user group than this are not on call, they are a department. */
const ON_CALL_MAX = 50;

async function membersOf(context: Data & Parties & AtIdp, groupName: string): Promise<Person[]> {
  const group = await context.idp.findGroup(groupName);
  if (group === null) return [];
  const members: IdpPerson[] = [];
  for await (const member of context.idp.listMembers(group.id)) members.push(member);
  return await remembered(context, members);
}

async function peopleByEmail(
  context: Data & Parties & Partial<AtIdp>,
  emails: readonly string[],
): Promise<Person[]> {
  const found = await Promise.all(emails.map((email) => activeByEmail(context, email, context.idp)));
  return await asTheChatKnows(
    context,
    found.filter((person) => person !== null),
  );
}

/** The directory lets anything stand for the manager; what it takes for no name at all is nobody. */
async function managerNamed(context: Runtime & AtIdp, name: string): Promise<IdpPerson | null> {
  try {
    return await context.idp.readPerson(name);
  } catch (error) {
    if (!(error instanceof Fault) || !isAboutOne(error)) throw error;
    context.log.warn({ err: error.message }, 'the IdP can’t say who the manager is');
    return null;
  }
}

/**
 * Several who share the address are nobody: none of them could be told apart when they decide, so others are asked. The
 * identity provider that it is about comes first, and only whom it does not know is looked for in another.
 */
export async function byEmail(context: Data & Parties & Partial<AtIdp>, email: string): Promise<Candidate[]> {
  const found = await peopleByEmail(context, [email]);
  const leavers = await leaversAmong(
    context.db,
    found.map(({ id }) => id),
  );
  return found.filter(({ id }) => !leavers.has(id)).map(candidate);
}

async function remembered(context: Data & Parties & AtIdp, people: readonly IdpPerson[]): Promise<Person[]> {
  const active = people.filter((p) => p.status === 'active');
  return await asTheChatKnows(
    context,
    await Promise.all(active.map((p) => rememberPerson(context.db, context.idp.system, p))),
  );
}

/** Who decides is identified by the chat, which knows one person where two identity providers have two accounts. */
async function asTheChatKnows(context: Data & Parties, met: readonly Person[]): Promise<Person[]> {
  return await Promise.all(met.map((person) => asOnePerson(context, person)));
}

function candidate({ id, name, email, department, title }: Person): Candidate {
  return { id, name, email, department, title };
}
