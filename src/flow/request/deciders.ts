import { type Change, isFound } from '../../core/change/change.ts';
import { type Shown, shownOf } from '../../core/change/shown.ts';
import type { PersonId } from '../../core/ids.ts';
import type { MassChange } from '../../core/mass-change/mass-change.ts';
import { type Authorship, authorshipOf } from '../../core/policy/authorship.ts';
import { approversTaken, type Entitlement } from '../../core/policy/catalogue.ts';
import type { ApproverPlan } from '../../core/policy/routing.ts';
import { evaluateRequest, type RequestFacts, type Verdict } from '../../core/policy/verdict.ts';
import { readCoverage } from '../../store/event-source-cursors.ts';
import { peopleOnCard } from '../../store/mass-changes.ts';
import { lastOtherwise } from '../../store/observed.ts';
import { type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import type { Db } from '../../store/postgres/database.ts';
import { isAnyUntold, type Telling, tellingOf } from '../../store/telling.ts';
import type { Context } from '../kernel/context.ts';
import { factsOnCard } from '../mass-change/item-facts.ts';
import { askedOf, heldToKeep, planOfOwner, resolveApprovers } from './approvers.ts';
import { planToKeep } from './keep-plan.ts';
import { factsOfChange } from './request-facts.ts';

/** How long before it was noticed a change may have been made: what was told longer ago is forgotten. */
const LOOK_BACK_MS = 35 * 86_400_000;

export type WhoDecides = {
  plan: ApproverPlan;
  /** Those it is about, and who made the change. */
  excludedByPolicy: Set<PersonId>;
  telling: Telling;
  /** What it is about now; null: no entitlement, or one that is gone. */
  shown: Shown | null;
};

/**
 * Who may decide on it as catalogue, IdP and rules are now, without those it is about and who made the change. Whether
 * people have left is the directory's to say: on that no rule about access bears.
 */
export async function whoDecides(context: Context, mass: MassChange): Promise<WhoDecides> {
  const telling = await tellingAbout(context.db, mass);
  const excludedByPolicy = await peopleOnCard(context.db, mass.id);
  for (const id of await actorIds(context, telling)) excludedByPolicy.add(id);
  const items = mass.kind === 'deactivated' ? [] : await factsOnCard(context, mass);
  // What was granted or was there before may be put back by one; to keep what nobody asked for is to grant it.
  const isGranting = mass.kind === 'finding' || mass.kind === 'excess';
  const author = isGranting ? await authorshipOfMany(context, mass) : null;
  const toKeep = author === null ? undefined : await takenToKeep(context, mass, items, author);
  const plan = await planOfOwner(context, context.catalogue.current(), {
    owner: mass.owner,
    excluded: excludedByPolicy,
    items,
    toKeep,
  });
  const known = author === null || author.is === 'told' ? plan : { ...plan, author };
  return { plan: known, excludedByPolicy, telling, shown: shownNow(context, mass) };
}

/** What a card on many is about, as catalogue, IdP and Anypoint have it now; null: of no entitlement, or it is gone. */
export function shownNow(context: Pick<Context, 'catalogue'>, mass: MassChange): Shown | null {
  const entitlement =
    mass.entitlementKey === null ? null : context.catalogue.entitlement(mass.entitlementKey);
  if (entitlement === null || mass.target === null) return null;
  const status = context.catalogue.status(entitlement.key);
  return shownOf(entitlement, status.status === 'ready' ? status.target : mass.target);
}

/** How many it takes to keep these, where that is more than one: by a rule, by the catalogue, or as nobody says who did it. */
async function takenToKeep(
  context: Context,
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

async function authorshipOfMany(context: Context, mass: MassChange): Promise<Authorship> {
  if (mass.kind === 'excess' || mass.target === null)
    return { is: 'untold', why: 'nothing tells who puts people into a team in Anypoint itself' };
  const since = new Date(mass.openedAt.getTime() - LOOK_BACK_MS);
  const isTold = !(await isAnyUntold(context.db, mass.id, { groupId: mass.target.groupId, since }));
  return await authorshipAt(context, isTold, mass.grewAt ?? mass.openedAt);
}

/**
 * Verdict on a request, and who may decide on it, by catalogue, IdP and rules as they are now. Leavers are left out
 * wherever approvers are resolved.
 */
export async function decidedBy(
  context: Context,
  request: { entitlement: Entitlement; beneficiary: Person; change: Change },
): Promise<{ verdict: Verdict; plan: ApproverPlan }> {
  const { change } = request;
  const telling = await tellingAboutFound(context, change);
  const excluded = await excludedFrom(context, change, telling);
  const facts = await factsOfChange(context, request);
  const verdict = evaluateRequest(facts, context.catalogue.rules());
  return { verdict, plan: await planFor(context, { ...request, excluded, telling }, { facts, verdict }) };
}

/** Who may decide on it under these facts, without those who can't. */
export async function planFor(
  context: Context,
  of: {
    entitlement: Entitlement;
    beneficiary: Person;
    change: Change;
    excluded: ReadonlySet<PersonId>;
    telling: Telling;
  },
  under: { facts: RequestFacts; verdict: Verdict },
): Promise<ApproverPlan> {
  const { change, entitlement, beneficiary, excluded, telling } = of;
  const catalogue = context.catalogue.current();
  const asked = askedOf(change, entitlement);
  const found = { entitlement: asked, beneficiary, excluded };
  if (change.cause !== 'finding') return await resolveApprovers(context, catalogue, found, under);
  const author = await authorshipAt(context, telling.actors.length > 0, change.requestedAt);
  return await planToKeep(context, found, under, author);
}

/** What is known of who made a change that was noticed then. */
async function authorshipAt(context: Context, isTold: boolean, noticedAt: Date): Promise<Authorship> {
  const { log } = context.idp;
  const coverage = log === undefined ? null : await readCoverage(context.db, log.eventSource);
  const eventSources = { log: coverage, isHooked: context.hasEventHook === true };
  return authorshipOf(isTold, noticedAt, eventSources, await databaseNow(context.db));
}

/** Who can't decide on it: whom it is for, who asked, and who made the change that was found. */
export async function excludedFrom(
  context: Context,
  change: Change,
  telling: Telling,
): Promise<Set<PersonId>> {
  const asked = change.requesterId === null ? [] : [change.requesterId];
  return new Set([change.personId, ...asked, ...(await actorIds(context, telling))]);
}

/** The people among those who are told to have made the change; an administrator whom the IdP doesn't know is none. */
async function actorIds(
  context: Pick<Context, 'db' | 'idp'>,
  telling: Pick<Telling, 'actors'>,
): Promise<PersonId[]> {
  const people = await Promise.all(
    telling.actors.map(async ({ id }) => {
      const known = await personByLink(context.db, context.idp.name, id);
      if (known !== null) return known;
      // Somebody not met yet may be the very owner who would be asked.
      const inIdp = await context.idp.readPerson(id);
      return inIdp === null ? null : await rememberPerson(context.db, context.idp.name, inIdp);
    }),
  );
  return people.flatMap((person) => (person === null ? [] : [person.id]));
}

/**
 * What the event sources told of how a person came into a group or out of it since it was last otherwise; of what was asked
 * for, nothing.
 */
export async function tellingAboutFound(context: Pick<Context, 'db'>, change: Change): Promise<Telling> {
  if (!isFound(change) || change.target === null) return nobodyTold;
  const { groupId } = change.target;
  const direction = change.cause === 'finding' ? 'added' : 'removed';
  const { personId } = change;
  const since = await sinceWhen(context, change);
  return await tellingOf(context.db, { groupId, direction, since }, { personId });
}

/** When it was last otherwise before it was noticed, as far as the event sources tell. */
export async function sinceWhen(context: Pick<Context, 'db'>, change: Change): Promise<Date> {
  const { personId, requestedAt } = change;
  const groupId = change.target?.groupId ?? '';
  const direction = change.cause === 'finding' ? 'added' : 'removed';
  const otherwise = await lastOtherwise(context.db, { personId, groupId }, direction, requestedAt);
  return otherwise ?? new Date(requestedAt.getTime() - LOOK_BACK_MS);
}

const nobodyTold: Telling = { actors: [], eventSources: [], firstAt: null, lastAt: null };

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
