import { type Absent, absentAmong } from '../../core/delegation/absent.ts';
import { type Absence, withDelegates } from '../../core/delegation/delegates.ts';
import type { Delegation } from '../../core/delegation/delegation.ts';
import type { PersonId } from '../../core/ids.ts';
import type { Tier } from '../../core/policy/catalogue.ts';
import { type Approver, type ApproverPlan, type Given, mayApprove } from '../../core/policy/routing.ts';
import { type RequestFacts, ruledOut } from '../../core/policy/verdict.ts';
import { absencesOf, awayByStatus } from '../../store/delegations.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { activeDelegate } from './delegate.ts';

/** The subject of the decision, as far as it says who may not decide in somebody's stead. */
export type About = {
  /** Null: about no entitlement. */
  tier: Tier | null;
  /** Those who can't decide on it, whatever the catalogue says. */
  excluded: ReadonlySet<PersonId>;
  /** The facts that the rules are asked about. They may keep a delegate from it as they keep anybody. */
  items: readonly RequestFacts[];
  given: readonly (Given & { at: Date })[];
};

/**
 * The plan with whoever decides in the stead of those who are away at this moment. Every delegate is looked up in the
 * IdP anew. One who is not active there, has left, or may not decide on this gains nothing.
 */
export async function withDelegatesNow(
  context: Data & Parties,
  plan: ApproverPlan,
  about: About,
): Promise<ApproverPlan> {
  const asked = [...mayApprove(plan), ...(plan.revert ?? [])].map(({ id }) => id);
  const now = await absencesOf(context.db, asked);
  const absences: Absence[] = [];
  for (const one of now) absences.push(await absenceOf(context, one, about));
  // What a delegate approved while they might stands, whoever is back since.
  for (const { by, at, insteadOf } of about.given) {
    if (insteadOf === undefined || absences.some(({ person }) => person === insteadOf.id)) continue;
    absences.push({
      person: insteadOf.id,
      since: at.toISOString(),
      until: at.toISOString(),
      ...(await lookedUp(context, { id: by, name: '' }, about)),
      isOver: true,
    });
  }
  return absences.length === 0 ? plan : withDelegates(plan, absences, about.given);
}

/**
 * Those of these people who are away, and in whose stead nobody may decide on this: by what they said in the form, or
 * by their status in the chat.
 */
export async function absentNow(
  context: Data & Parties,
  people: readonly Approver[],
  about: About,
): Promise<Absent[]> {
  const ids = people.map(({ id }) => id);
  const [now, byStatus] = await Promise.all([absencesOf(context.db, ids), awayByStatus(context.db, ids)]);
  const absences: Absence[] = [];
  for (const one of now) absences.push(await absenceOf(context, one, about));
  return absentAmong(people, { absences, byStatus, given: about.given });
}

async function absenceOf(
  context: Data & Parties,
  { person, delegate, startsAt, endsAt }: Delegation,
  about: About,
): Promise<Absence> {
  return {
    person: person.id,
    since: startsAt.toISOString(),
    until: endsAt.toISOString(),
    ...(await lookedUp(context, delegate, about)),
  };
}

async function lookedUp(
  context: Data & Parties,
  named: Pick<Approver, 'id' | 'name'>,
  { tier, excluded, items }: About,
): Promise<Pick<Absence, 'delegate' | 'whyNot'>> {
  const delegate = await activeDelegate(context, named.id);
  if (delegate === null)
    return { delegate: { ...named, email: '' }, whyNot: 'is not active in the identity provider' };
  const { id, name, email } = delegate;
  const isForbidden = tier !== null && isNotFor(context, tier);
  const whyNot = isForbidden
    ? `may not: policy lets nobody decide in somebody’s stead on tier ${tier}`
    : excluded.has(id)
      ? 'may not: it is about themselves'
      : (await leaversAmong(context.db, [id])).size > 0
        ? 'has left'
        : (await absencesOf(context.db, [id])).length > 0
          ? 'is away too'
          : ruledOutOf(context, delegate, items);
  return { delegate: { id, name, email }, whyNot };
}

function isNotFor({ catalogue }: Pick<Context, 'catalogue'>, tier: Tier): boolean {
  return catalogue.current().delegation?.notFor.includes(tier) === true;
}

function ruledOutOf(
  { catalogue }: Pick<Context, 'catalogue'>,
  { email, department, title }: { email: string; department: string | null; title: string | null },
  items: readonly RequestFacts[],
): string | null {
  for (const facts of items) {
    const ground = ruledOut(catalogue.rules(), facts, { email, department, title });
    if (ground !== null)
      return `may not: ${ground.text}${ground.clause === null ? '' : ` (${ground.clause})`}`;
  }
  return null;
}
