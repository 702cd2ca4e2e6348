import type { PersonId } from '../../core/ids.ts';
import type { Authorship } from '../../core/policy/authorship.ts';
import { approversTaken, quorumOf } from '../../core/policy/catalogue.ts';
import {
  type Approver,
  type ApproverPlan,
  distinct,
  mayApprove,
  planApprovers,
  planOf,
  slotsOf,
} from '../../core/policy/routing.ts';
import type { RequestFacts, Verdict } from '../../core/policy/verdict.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { type Asked, adminsAllowed, ownersOf, resolveApprovers } from './approvers.ts';

/**
 * The people who may keep a finding. To keep is to give, so it takes the same approvers, and as many of them. Where
 * nobody says who did it, an owner who may have done it is never enough. It is then for the admins, unless the
 * catalogue takes two anyhow. The owner may always take it away.
 */
export async function planToKeep(
  context: Context,
  found: Asked,
  under: { facts: RequestFacts; verdict: Verdict },
  author: Authorship,
): Promise<ApproverPlan> {
  const { entitlement, excluded } = found;
  const catalogue = context.catalogue.current();
  const [asked, owners] = await Promise.all([
    resolveApprovers(context, catalogue, found, under),
    ownersOf(context, entitlement),
  ]);
  const others = owners.filter((owner) => !excluded.has(owner.id));
  const isTwo = quorumOf(asked) > 1 || approversTaken(entitlement.approvers) > 1;
  const plan =
    author.is !== 'untold' || isTwo
      ? asked
      : await planOfAdmins(context, { asked, owners: others, excluded }, under);
  const excludedByPolicy = new Set((asked.excludedByPolicy ?? []).map(({ id }) => id));
  const keepers = new Set(mayApprove(plan).map(({ id }) => id));
  const revert = distinct([
    { source: 'owner', people: [...others, ...mayApprove(asked)], pinged: true },
  ]).filter(({ id }) => !keepers.has(id) && !excludedByPolicy.has(id));
  return {
    ...plan,
    ...(author.is === 'told' ? {} : { author }),
    ...(revert.length === 0 ? {} : { revert }),
  };
}

/** The admins without an owner among them; with none left two of whoever may. */
async function planOfAdmins(
  context: Data & Parties,
  {
    asked,
    owners,
    excluded,
  }: { asked: ApproverPlan; owners: readonly Approver[]; excluded: ReadonlySet<PersonId> },
  { facts }: { facts: RequestFacts },
): Promise<ApproverPlan> {
  const isOwner = new Set(owners.map(({ id }) => id));
  const admins = await adminsAllowed(context, context.catalogue.current(), facts);
  const { excludedByPolicy, told } = asked;
  const kept = {
    ...(excludedByPolicy === undefined ? {} : { excludedByPolicy }),
    ...(told === undefined ? {} : { told }),
  };
  const people = admins.filter(({ id }) => !isOwner.has(id) && !excluded.has(id));
  if (people.length === 0)
    return {
      ...planApprovers({ of: 'any', quorum: 2 }, asked.stages.flatMap(slotsOf), admins, excluded),
      ...kept,
    };
  const slots = [{ source: 'admins', people, pinged: true }];
  return { ...planOf({ of: 'any', quorum: 1, slots, escalated: true }), ...kept };
}
