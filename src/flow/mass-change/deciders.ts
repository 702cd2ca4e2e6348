import { type Shown, shownOf } from '../../core/change/shown.ts';
import type { PersonId } from '../../core/ids.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import type { Authorship } from '../../core/policy/authorship.ts';
import { approversTaken } from '../../core/policy/catalogue.ts';
import type { ApproverPlan } from '../../core/policy/routing.ts';
import { peopleOnCard } from '../../store/mass-changes.ts';
import { withPossibleDuplicates } from '../../store/possible-duplicates.ts';
import type { Db } from '../../store/postgres/database.ts';
import { isAnyUntold, type Telling, tellingOf } from '../../store/telling.ts';
import { withDelegatesNow } from '../delegation/delegates.ts';
import { at } from '../idps/idps.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { heldToKeep, planOfOwner } from '../request/approvers.ts';
import { actorIds, authorshipAt, LOOK_BACK_MS, nobodyTold } from '../request/deciders.ts';
import { factsOnCard } from './item-facts.ts';

export type WhoDecides = {
  plan: ApproverPlan;
  /** Those it is about, who made the change, and whoever may be one of them by an account elsewhere. */
  excludedByPolicy: Set<PersonId>;
  telling: Telling;
  /** Its subject now; null: no entitlement, or one that is gone. */
  shown: Shown | null;
};

/**
 * The people who may decide on it as catalogue, IdP and rules are now. The people whom it is about can't, nor can
 * whoever made the change. The directory says whether people have left: no rule about access bears on that.
 */
export async function whoDecides(context: Data & Parties, mass: MassChange): Promise<WhoDecides> {
  const telling = await tellingAbout(context.db, mass);
  const concerned = await peopleOnCard(context.db, mass.id);
  for (const id of await actorIds(at(context, mass.target ?? {}), telling)) concerned.add(id);
  const excludedByPolicy = await withPossibleDuplicates(context.db, concerned);
  const items = mass.kind === 'deactivated' ? [] : await factsOnCard(context, mass);
  // A membership that was granted or was there before may be put back by one person. To keep one that nobody asked for
  // is to grant it.
  const isGranting = mass.kind === 'finding' || mass.kind === 'excess';
  const author = isGranting ? await authorshipOfMany(context, mass) : null;
  const toKeep = author === null ? undefined : await takenToKeep(context, mass, items, author);
  const plan = await planOfOwner(context, context.catalogue.current(), {
    owner: mass.owner,
    excluded: excludedByPolicy,
    items,
    toKeep,
  });
  const tier = mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey)?.tier;
  const known = await withDelegatesNow(
    context,
    author === null || author.is === 'told' ? plan : { ...plan, author },
    { tier: tier ?? null, excluded: excludedByPolicy, items, given: mass.answers },
  );
  return { plan: known, excludedByPolicy, telling, shown: shownNow(context, mass) };
}

/** The subject of a card on many, as catalogue, IdP and Anypoint have it now; null: no entitlement, or it is gone. */
export function shownNow(context: Pick<Context, 'catalogue'>, mass: MassChange): Shown | null {
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  if (entitlement === null || mass.target === null) return null;
  const status = context.catalogue.status(entitlement.key);
  return shownOf(entitlement, status.status === 'ready' ? status.target : mass.target);
}

/**
 * How many people it takes to keep these, where that is more than one. A rule or the catalogue asks for it, or nobody
 * says who did it.
 */
async function takenToKeep(
  context: Data,
  mass: MassChange,
  items: Awaited<ReturnType<typeof factsOnCard>>,
  author: Authorship,
): Promise<ApproverPlan['toKeep']> {
  const byRules = await heldToKeep(context, items);
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  const taken = entitlement === null ? 1 : approversTaken(entitlement.approvers);
  if (taken > (byRules?.quorum ?? 1))
    return {
      quorum: taken,
      why: 'the catalogue takes as many to give it',
      clause: entitlement?.clauses[0] ?? null,
    };
  if (byRules !== undefined || author.is !== 'untold') return byRules;
  return { quorum: 2, why: 'nobody says who did it', clause: null };
}

async function authorshipOfMany(context: Data & Parties, mass: MassChange): Promise<Authorship> {
  if (mass.kind === 'excess' || mass.target === null)
    return { is: 'untold', why: 'nothing tells who puts people into a team in Anypoint itself' };
  const since = new Date(mass.openedAt.getTime() - LOOK_BACK_MS);
  const isTold = !(await isAnyUntold(context.db, mass.id, { groupId: mass.target.groupId, since }));
  return await authorshipAt(at(context, mass.target), isTold, mass.grewAt ?? mass.openedAt);
}

async function tellingAbout(db: Db, mass: MassChange): Promise<Telling> {
  if (mass.target === null) return nobodyTold;
  // No event source tells of Anypoint's teams.
  if (mass.kind === 'excess') return { ...nobodyTold, eventSources: ['teams'] };
  return await tellingOf(
    db,
    {
      groupId: mass.target.groupId,
      direction: mass.kind === 'finding' ? 'added' : 'removed',
      since: new Date(mass.openedAt.getTime() - LOOK_BACK_MS),
    },
    { massChangeId: mass.id },
  );
}
