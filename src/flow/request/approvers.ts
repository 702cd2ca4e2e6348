import { setImmediate } from 'node:timers/promises';
import { type Change, isByRule } from '../../core/change/change.ts';
import { Fault } from '../../core/fault.ts';
import type { PersonId } from '../../core/ids.ts';
import {
  type ApproverRule,
  type ApproverSource,
  approversTaken,
  type Catalogue,
  type Entitlement,
} from '../../core/policy/catalogue.ts';
import {
  type Approver,
  type ApproverPlan,
  type ApproverSlot,
  distinct,
  planApprovers,
} from '../../core/policy/routing.ts';
import {
  evaluateRequest,
  quorumUnder,
  type RequestFacts,
  ruledOut,
  type Verdict,
} from '../../core/policy/verdict.ts';
import type { IdpPerson } from '../../ports/identity-provider.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { type Person, rememberPerson } from '../../store/people.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { isAboutOne } from '../people/resolve-person.ts';

type ExcludedByPolicy = NonNullable<ApproverPlan['excludedByPolicy']>[number];

/** An approver with what rules may ask about. */
type Candidate = Approver & { department: string | null; title: string | null };

const byOwner: ApproverRule = { of: 'any', quorum: 1, sources: [{ owner: true }] };

/**
 * The entitlement with who decides on it: what was found, or rules would give, is for its owner, for nobody asked. But to
 * keep what was found is to give it: where the catalogue takes two to give it, or others than the owner, it takes those.
 */
export function askedOf(change: Pick<Change, 'cause'>, entitlement: Entitlement): Entitlement {
  if (change.cause === 'loss' || isByRule(change)) return { ...entitlement, approvers: byOwner };
  if (change.cause !== 'finding') return entitlement;
  const { approvers } = entitlement;
  const isOwners = approversTaken(approvers) < 2 && approvers.sources.some((source) => 'owner' in source);
  return isOwners ? { ...entitlement, approvers: byOwner } : entitlement;
}

/**
 * Who decides on one card on many: its owner, or where nobody in particular owns it two of the catalogue's admins. Whom
 * a rule does not let approve one of the items decides on none of them.
 */
export async function planOfOwner(
  context: Data & Parties,
  catalogue: Catalogue,
  card: {
    owner: string | null;
    excluded: ReadonlySet<PersonId>;
    items: readonly RequestFacts[];
    toKeep: ApproverPlan['toKeep'];
  },
): Promise<ApproverPlan> {
  const { owner, excluded, items, toKeep } = card;
  const excludedByPolicy = new Map<PersonId, ExcludedByPolicy>();
  const of = async (email: string, isLast: boolean) =>
    await allowedAll(
      context,
      (await byEmail(context, email)).filter((p) => !excluded.has(p.id)),
      { items, isLast },
      excludedByPolicy,
    );
  const slots: ApproverSlot[] =
    owner === null ? [] : [{ source: 'owner', people: await of(owner, false), pinged: true }];
  const { quorum } = owner === null ? { quorum: 2 } : byOwner;
  const rule = { ...byOwner, quorum: Math.max(quorum, toKeep?.quorum ?? 1) };
  const asked = (plan: ApproverPlan) =>
    withExcluded(toKeep === undefined ? plan : { ...plan, quorum, toKeep }, excludedByPolicy);
  const plan = planApprovers(rule, slots, [], excluded);
  if (!plan.escalated) return asked(plan);
  const admins: Approver[] = [];
  for (const email of catalogue.admins) admins.push(...(await of(email, true)));
  return asked(planApprovers(rule, slots, admins, excluded));
}

/** How many it takes to keep these, where a rule asks for more than one; what it is that asks. */
export async function heldToKeep(
  context: Pick<Context, 'catalogue'>,
  items: readonly RequestFacts[],
): Promise<ApproverPlan['toKeep']> {
  for (const [n, facts] of items.entries()) {
    if (n % ASKED_AT_A_STRETCH === ASKED_AT_A_STRETCH - 1) await setImmediate();
    const verdict = evaluateRequest(facts, context.catalogue.rules());
    const quorum = quorumUnder(verdict, 1);
    const hold = verdict.holds?.find(({ needs }) => needs === 'secondApprover');
    if (quorum > 1 && hold !== undefined) return { quorum, why: hold.text, clause: hold.clause };
  }
  return undefined;
}

/** Rules are asked this often before others have their turn. */
const ASKED_AT_A_STRETCH = 100;

/**
 * Those whom no rule keeps from approving any of these; the others are added to `excludedByPolicy`. The last who can be asked
 * (`isLast`) are asked also when a rule can't be evaluated, but not against one.
 */
async function allowedAll(
  context: Pick<Context, 'catalogue'>,
  people: readonly Candidate[],
  { items, isLast }: { items: readonly RequestFacts[]; isLast: boolean },
  excludedByPolicy: Map<PersonId, ExcludedByPolicy>,
): Promise<Approver[]> {
  const allowed: Approver[] = [];
  for (const { id, name, email, department, title } of people) {
    let by: ReturnType<typeof ruledOut> = null;
    for (const [n, facts] of items.entries()) {
      if (n % ASKED_AT_A_STRETCH === ASKED_AT_A_STRETCH - 1) await setImmediate();
      const ground = ruledOut(context.catalogue.rules(), facts, { email, department, title });
      if (ground !== null && (ground.isSure || !isLast)) by = ground;
      if (by !== null) break;
    }
    if (by === null) allowed.push({ id, name, email });
    else excludedByPolicy.set(id, { id, name, why: by.text, clause: by.clause });
  }
  return allowed;
}

function withExcluded(
  plan: ApproverPlan,
  excludedByPolicy: ReadonlyMap<PersonId, ExcludedByPolicy>,
): ApproverPlan {
  const out = [...excludedByPolicy.values()].filter((b) => !distinct(plan.slots).some((p) => p.id === b.id));
  return out.length === 0 ? plan : { ...plan, excludedByPolicy: out };
}

/** What is asked for and for whom; `excluded`: those who can't decide on it, whatever the catalogue says. */
export type Asked = { entitlement: Entitlement; beneficiary: Person; excluded: ReadonlySet<PersonId> };

/**
 * Approvers of a request as catalogue, IdP and rules have them now, without requester and beneficiary. A rule takes
 * people away, and a verdict can ask for more of them; neither adds anybody.
 */
export async function resolveApprovers(
  context: Context,
  catalogue: Catalogue,
  { entitlement, beneficiary, excluded }: Asked,
  under: { facts: RequestFacts; verdict: Verdict },
): Promise<ApproverPlan> {
  const approvers = {
    ...entitlement.approvers,
    quorum: quorumUnder(under.verdict, entitlement.approvers.quorum),
  };
  const isPinged = (source: ApproverSource) =>
    approvers.ping === undefined || approvers.ping.some((p) => nameOf(p) === nameOf(source));
  const excludedByPolicy = new Map<PersonId, ExcludedByPolicy>();
  const named = await Promise.all(
    approvers.sources.map(async (source) => ({
      source,
      people: await peopleOf(context, source, entitlement, beneficiary),
    })),
  );
  const slots: ApproverSlot[] = [];
  for (const { source, people } of named)
    slots.push({
      source: nameOf(source),
      people: await allowedAll(context, people, { items: [under.facts], isLast: false }, excludedByPolicy),
      pinged: isPinged(source),
    });
  const plan = planApprovers(approvers, slots, [], excluded);
  if (!plan.escalated) return withExcluded(plan, excludedByPolicy);
  const others = await adminsAllowed(context, catalogue, under.facts, excludedByPolicy);
  return withExcluded(planApprovers(approvers, slots, others, excluded), excludedByPolicy);
}

/** The admins whom no rule keeps from approving this. */
export async function adminsAllowed(
  context: Data & Parties,
  catalogue: Catalogue,
  facts: RequestFacts,
  excludedByPolicy: Map<PersonId, ExcludedByPolicy> = new Map(),
): Promise<Approver[]> {
  const admins = await Promise.all(catalogue.admins.map((email) => byEmail(context, email)));
  return await allowedAll(context, admins.flat(), { items: [facts], isLast: true }, excludedByPolicy);
}

/** Who owns it, as the IdP has them now. */
export async function ownersOf(context: Data & Parties, { owner }: Entitlement): Promise<Approver[]> {
  return (await byEmail(context, owner)).map(({ id, name, email }) => ({ id, name, email }));
}

function nameOf(source: ApproverSource): string {
  if ('manager' in source) return 'manager';
  if ('owner' in source) return 'owner';
  return 'person' in source ? source.person : `group ${source.group}`;
}

async function peopleOf(
  context: Context,
  source: ApproverSource,
  entitlement: Entitlement,
  beneficiary: Person,
): Promise<Candidate[]> {
  if ('owner' in source) return await byEmail(context, entitlement.owner);
  if ('person' in source) return await byEmail(context, source.person);
  if ('manager' in source) {
    if (beneficiary.manager === null) return [];
    const manager = await managerNamed(context, beneficiary.manager);
    return manager === null ? [] : await remembered(context, [manager]);
  }
  const group = await context.idp.findGroup(source.group);
  if (group === null) return [];
  const members: IdpPerson[] = [];
  for await (const member of context.idp.listMembers(group.id)) members.push(member);
  return await remembered(context, members);
}

/** The directory lets anything stand for the manager; what it takes for no name at all is nobody. */
async function managerNamed(context: Parties & Runtime, name: string): Promise<IdpPerson | null> {
  try {
    return await context.idp.readPerson(name);
  } catch (error) {
    if (!(error instanceof Fault) || !isAboutOne(error)) throw error;
    context.log.warn({ err: error.message }, 'the IdP can’t say who the manager is');
    return null;
  }
}

/** Several who share the address are nobody: none of them could be told apart when they decide, so others are asked. */
async function byEmail(context: Data & Parties, email: string): Promise<Candidate[]> {
  const active = (await context.idp.findPeopleByEmail(email)).filter((p) => p.status === 'active');
  return active.length > 1 ? [] : await remembered(context, active);
}

async function remembered(context: Data & Parties, people: readonly IdpPerson[]): Promise<Candidate[]> {
  const active = people.filter((p) => p.status === 'active');
  const known = await Promise.all(active.map((p) => rememberPerson(context.db, context.idp.system, p)));
  // An admin may know that somebody has left before the IdP does.
  const leavers = await leaversAmong(
    context.db,
    known.map((p) => p.id),
  );
  return known
    .filter((p) => !leavers.has(p.id))
    .map(({ id, name, email, department, title }) => ({ id, name, email, department, title }));
}
