import type { PersonId } from '../../core/ids.ts';
import type { Authorship } from '../../core/policy/authorship.ts';
import { approversTaken, type Catalogue, type Entitlement } from '../../core/policy/catalogue.ts';
import { type Approver, type ApproverPlan, distinct, planApprovers } from '../../core/policy/routing.ts';
import type { RequestFacts, Verdict } from '../../core/policy/verdict.ts';
import type { Person } from '../../store/people.ts';
import type { Road } from '../kernel/context.ts';
import { adminsAllowed, ownersOf, resolveApprovers } from './approvers.ts';

/**
 * Who may keep what was found: to keep is to give, so it takes whom and how many the catalogue takes to give it. Where
 * nobody says who did it, an owner who may have done it is never enough: it is for the admins, unless the catalogue
 * takes two anyhow. The owner may always take it away.
 */
export async function planToKeep(
  road: Road,
  catalogue: Catalogue,
  found: { entitlement: Entitlement; beneficiary: Person; excluded: ReadonlySet<PersonId> },
  under: { facts: RequestFacts; verdict: Verdict },
  author: Authorship,
): Promise<ApproverPlan> {
  const { entitlement, beneficiary, excluded } = found;
  const [asked, owners] = await Promise.all([
    resolveApprovers(road, catalogue, entitlement, beneficiary, excluded, under),
    ownersOf(road, entitlement),
  ]);
  const others = owners.filter((owner) => !excluded.has(owner.id));
  const isTwo = asked.quorum > 1 || approversTaken(entitlement.approvers) > 1;
  const plan =
    author.is !== 'untold' || isTwo
      ? asked
      : await planOfAdmins(road, catalogue, asked, others, excluded, under);
  const barred = new Set((asked.barred ?? []).map(({ id }) => id));
  const keepers = new Set(distinct(plan.seats).map(({ id }) => id));
  const undo = distinct([
    { source: 'owner', people: [...others, ...distinct(asked.seats)], pinged: true },
  ]).filter(({ id }) => !keepers.has(id) && !barred.has(id));
  return {
    ...plan,
    ...(author.is === 'told' ? {} : { author }),
    ...(undo.length === 0 ? {} : { undo }),
  };
}

/** The admins without an owner among them; with none left two of whoever may. */
async function planOfAdmins(
  road: Road,
  catalogue: Catalogue,
  asked: ApproverPlan,
  owners: readonly Approver[],
  excluded: ReadonlySet<PersonId>,
  { facts }: { facts: RequestFacts },
): Promise<ApproverPlan> {
  const isOwner = new Set(owners.map(({ id }) => id));
  const admins = await adminsAllowed(road, catalogue, facts);
  const { barred } = asked;
  const kept = barred === undefined ? {} : { barred };
  const people = admins.filter(({ id }) => !isOwner.has(id) && !excluded.has(id));
  if (people.length === 0)
    return { ...planApprovers({ of: 'any', quorum: 2 }, asked.seats, admins, excluded), ...kept };
  return {
    of: 'any',
    quorum: 1,
    seats: [{ source: 'admins', people, pinged: true }],
    escalated: true,
    ...kept,
  };
}
