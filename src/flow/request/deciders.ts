import { type Change, isFound } from '../../core/change/change.ts';
import type { PersonId } from '../../core/ids.ts';
import { type Authorship, authorshipOf } from '../../core/policy/authorship.ts';
import type { Entitlement } from '../../core/policy/catalogue.ts';
import type { ApproverPlan } from '../../core/policy/routing.ts';
import { evaluateRequest, type RequestFacts, type Verdict } from '../../core/policy/verdict.ts';
import { readCoverage } from '../../store/event-source-cursors.ts';
import { lastOtherwise } from '../../store/observed.ts';
import { type Person, personByLink, rememberPerson } from '../../store/people.ts';
import { withPossibleDuplicates } from '../../store/possible-duplicates.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { type Telling, tellingOf } from '../../store/telling.ts';
import { withDelegatesNow } from '../delegation/delegates.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import type { KnownAs } from '../people/concerned.ts';
import { askedOf, resolveApprovers } from './approvers.ts';
import { planToKeep } from './keep-plan.ts';
import { factsOfChange } from './request-facts.ts';

/** How long before it was noticed a change may have been made: what was told longer ago is forgotten. */
export const LOOK_BACK_MS = 35 * 86_400_000;

/**
 * Verdict on a request, and who may decide on it, by catalogue, IdP and rules as they are now. Leavers are left out
 * wherever approvers are resolved.
 */
export async function decidedBy(
  context: Context,
  request: { entitlement: Entitlement; beneficiary: Person; change: Change; knownAs?: KnownAs | undefined },
  factsWithinMs?: number,
): Promise<{ verdict: Verdict; plan: ApproverPlan }> {
  const { change, entitlement } = request;
  const telling = await tellingAboutFound(context, change);
  // Side by side: neither needs the other, and what they read goes out together.
  const [excluded, facts] = await Promise.all([
    excludedFrom(at(context, entitlement), change, telling),
    factsOfChange(context, request, factsWithinMs),
  ]);
  const verdict = evaluateRequest(facts, context.catalogue.rules());
  const of = { ...request, excluded, telling, isAsking: false };
  return { verdict, plan: await planFor(context, of, { facts, verdict }) };
}

type OfChange = {
  entitlement: Entitlement;
  beneficiary: Person;
  change: Change;
  excluded: ReadonlySet<PersonId>;
  telling: Telling;
  /** It is put to people now, and not decided by one of them. */
  isAsking: boolean;
};

/**
 * The people who may decide on it under these facts, without those who can't. Delegates of people who are away are
 * among them.
 */
export async function planFor(
  context: Context,
  of: OfChange,
  under: { facts: RequestFacts; verdict: Verdict },
): Promise<ApproverPlan> {
  const { change, entitlement, excluded } = of;
  return await withDelegatesNow(context, await planByRule(context, of, under), {
    tier: entitlement.tier,
    excluded,
    items: [under.facts],
    given: change.approvals,
  });
}

async function planByRule(
  context: Context,
  of: OfChange,
  under: { facts: RequestFacts; verdict: Verdict },
): Promise<ApproverPlan> {
  const { change, entitlement, beneficiary, excluded, telling, isAsking } = of;
  const catalogue = context.catalogue.current();
  const asked = askedOf(change, entitlement);
  const { approvals: given, clock } = change;
  const found = { entitlement: asked, beneficiary, excluded, given, clock, isAsking, before: change.plan };
  if (change.cause !== 'finding') return await resolveApprovers(context, catalogue, found, under);
  const author = await authorshipAt(at(context, entitlement), telling.actors.length > 0, change.requestedAt);
  return await planToKeep(context, found, under, author);
}

/** What is known of who made a change that was noticed then. */
export async function authorshipAt(
  context: Data & Parties & AtIdp,
  isTold: boolean,
  noticedAt: Date,
): Promise<Authorship> {
  const { log } = context.idp;
  const coverage = log === undefined ? null : await readCoverage(context.db, log.eventSource);
  const isHooked = context.eventHooks?.has(context.idp.system) === true;
  const eventSources = { log: coverage, isHooked, isLogLate: log?.isLate === true };
  return authorshipOf(isTold, noticedAt, eventSources, await databaseNow(context.db));
}

/**
 * The people who can't decide on it: the beneficiary, the requester, the person who made the change that was found, and
 * whoever may be one of them by an account at another identity provider.
 */
export async function excludedFrom(
  context: Data & AtIdp,
  change: Change,
  telling: Telling,
): Promise<Set<PersonId>> {
  const asked = change.requesterId === null ? [] : [change.requesterId];
  const concerned = [change.personId, ...asked, ...(await actorIds(context, telling))];
  return await withPossibleDuplicates(context.db, concerned);
}

/** The people among those who are told to have made the change; an administrator whom the IdP doesn't know is none. */
export async function actorIds(
  context: Pick<Context, 'db'> & AtIdp,
  telling: Pick<Telling, 'actors'>,
): Promise<PersonId[]> {
  const people = await Promise.all(
    telling.actors.map(async ({ id }) => {
      const known = await personByLink(context.db, context.idp.system, id);
      if (known !== null) return known;
      // Somebody not met yet may be the very owner who would be asked.
      const inIdp = await context.idp.readPerson(id);
      return inIdp === null ? null : await rememberPerson(context.db, context.idp.system, inIdp);
    }),
  );
  return people.flatMap((person) => (person === null ? [] : [person.id]));
}

/**
 * The event sources' word on how a person came into a group or out of it, since it was last otherwise. For a request
 * there is none.
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

export const nobodyTold: Telling = { actors: [], eventSources: [], firstAt: null, lastAt: null };
