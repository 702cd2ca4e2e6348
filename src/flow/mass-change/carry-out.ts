import { randomUUID } from 'node:crypto';
import { otherwiseOnCard } from '../../core/change/shown.ts';
import type { ChangeId, GrantId, PersonId } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import { itemEvents } from '../../core/mass-change/items.ts';
import {
  fateOf,
  type MassChange,
  type MassDecision,
  type MassItem,
  type Unfolded,
} from '../../core/mass-change/mass-change.ts';
import { isAllSeen } from '../../core/mass-change/words.ts';
import { approversTaken, type Entitlement, type Target } from '../../core/policy/catalogue.ts';
import { evaluateRequest, quorumUnder } from '../../core/policy/verdict.ts';
import { pendingRequest, underwayIds } from '../../store/changes.ts';
import { noteUnfolded, openItems, progressOf, readMassChange } from '../../store/mass-changes.ts';
import { isKeptOut } from '../../store/offboardings.ts';
import { readPerson } from '../../store/people.ts';
import { databaseNow } from '../../store/postgres/clock.ts';
import { endPreexisting, isPreexisting } from '../../store/preexisting.ts';
import { commit, type Following, together, type Unit } from '../kernel/commit.ts';
import { done, type Ran, type Road } from '../kernel/context.ts';
import { endGrant, grantsEndedWith } from '../membership/end-grants.ts';
import { isWanted } from '../membership/wanted-in-group.ts';
import { decideHeld } from '../offboarding/case.ts';
import { shownNow } from '../request/deciders.ts';
import { type OutsideFacts, outsideFacts, requestFacts } from '../request/request-facts.ts';
import { membershipNote } from './collect.ts';

/** Items worked off in one commit. */
const BATCH = 100;

/**
 * Works off what was decided on one card: each item joins the road at "apply", a batch to a commit, so that it goes on
 * where it was whatever is killed; then watches until MuleSoft shows all of it, and counts on the card. Level-triggered:
 * an item that agrees meanwhile, or that somebody decides on elsewhere, is left alone.
 */
export async function unfold(road: Road, job: Extract<Job, { job: 'unfold' }>): Promise<Ran> {
  return await road.locks.withLock(`unfold:${job.massChangeId}`, async () => {
    const mass = await readMassChange(road.db, job.massChangeId);
    if (mass === null || mass.state !== 'decided' || mass.decision === null) return done;
    if ((await unfoldSome(road, mass, mass.decision)) > 0) return { againInMs: 0 };
    const isSeen = isAllSeen(await progressOf(road.db, mass.id));
    await commit(
      road.db,
      async (unit) => {
        const locked = isSeen ? await unit.massChange(mass.id) : null;
        return {
          result: null,
          jobs: [{ job: 'report', about: 'massChange', id: mass.id }],
          massChangeEvents:
            locked?.state === 'decided'
              ? [
                  {
                    type: 'massDone',
                    massChangeId: mass.id,
                    at: unit.now,
                    actor: { part: 'latchkey' },
                  },
                ]
              : [],
        };
      },
      road.nudge,
    );
    return isSeen ? done : { againInMs: nextLookMs(mass.decision.at, await databaseNow(road.db)) };
  });
}

/** Often while things move, seldom once something is late. */
function nextLookMs(decidedAt: Date, now: Date): number {
  const age = now.getTime() - decidedAt.getTime();
  if (age < 120_000) return 1_000;
  return age < 3_600_000 ? 5_000 : 60_000;
}

async function unfoldSome(road: Road, mass: MassChange, decision: MassDecision): Promise<number> {
  const outside = await outsideOf(road, mass);
  return await commit(
    road.db,
    async (unit) => {
      const items = await openItems(unit.tx, mass.id, BATCH);
      const unfolded: Unfolded[] = [];
      const report: Job = { job: 'report', about: 'massChange', id: mass.id };
      const following: Following[] = items.length === 0 ? [] : [{ jobs: [report] }];
      for (const item of items) {
        const one = await unfoldOne(road, unit, mass, decision, item, outside);
        unfolded.push({ key: item.key, ...one.became });
        following.push(one);
      }
      await noteUnfolded(unit.tx, mass.id, unfolded);
      return { result: items.length, ...together(following) };
    },
    road.nudge,
  );
}

/** What only others know of those whose items are next, asked before anything is held. */
async function outsideOf(road: Road, mass: MassChange): Promise<Map<PersonId, OutsideFacts>> {
  const found = new Map<PersonId, OutsideFacts>();
  if (mass.kind === 'moved' || mass.kind === 'deactivated') return found;
  if (!road.catalogue.rules().looksAt.has('onCall')) return found;
  // At once, so that a Slack that does not answer is waited for once and not a hundred times.
  await Promise.all(
    (await openItems(road.db, mass.id, BATCH)).map(async ({ personId }) => {
      const person = await readPerson(road.db, personId);
      if (person !== null) found.set(personId, await outsideFacts(road, road.db, person, { askerId: null }));
    }),
  );
  return found;
}

type One = Following & { became: Omit<Unfolded, 'key'> };
const dropped = { outcome: 'dropped', changeId: null } as const;

async function unfoldOne(
  road: Road,
  unit: Unit,
  mass: MassChange,
  decision: MassDecision,
  item: MassItem,
  outside: ReadonlyMap<PersonId, OutsideFacts>,
): Promise<One> {
  const fate = fateOf(decision, item.key);
  switch (mass.kind) {
    case 'unrequested':
    case 'lost':
    case 'surplus':
      return await unfoldPair(road, unit, mass, decision, fate, item.personId, outside);
    case 'moved':
      return await unfoldGrant(unit, decision, fate, item.key);
    case 'deactivated':
      return {
        ...(await decideHeld(unit, item.key, fate, { id: decision.by, name: decision.byName })),
        became: { outcome: fate === 'keep' ? 'kept' : 'undone', changeId: null },
      };
    default:
      return mass.kind satisfies never;
  }
}

const takesTwo = { text: 'two people have to decide on it, so it has to be asked for', clause: null };

/** What was found is nobody's request. */
const unasked = { cause: 'finding', requesterId: null, requestedSeconds: null, ticket: null } as const;

async function unfoldPair(
  road: Road,
  unit: Unit,
  mass: MassChange,
  decision: MassDecision,
  fate: 'keep' | 'undo',
  personId: PersonId,
  outside: ReadonlyMap<PersonId, OutsideFacts>,
): Promise<One> {
  const carried = carriedNow(road, mass);
  if (carried === null) return { became: dropped };
  const { entitlement, target } = carried;
  const pair = { personId, groupId: target.groupId };
  // Decided on something else than it is by now: each is asked about by itself.
  if (fate === 'keep' && otherwiseOnCard(mass, shownNow(road, mass)).length > 0)
    return { became: dropped, jobs: [{ job: 'weigh', ...pair }] };
  if ((await isWanted(unit.tx, pair, unit.now)) !== (mass.kind === 'lost')) return { became: dropped };
  const isAttended =
    (await underwayIds(unit.tx, pair)).length > 0 ||
    (await pendingRequest(unit.tx, personId, entitlement.key)) !== null;
  // Their case takes it away, whatever was decided of many.
  if (fate === 'keep' && (await isKeptOut(unit.tx, personId)))
    return { became: dropped, jobs: [{ job: 'weigh', ...pair }] };
  // Whatever comes of that is weighed when it is over.
  if (isAttended) return { became: dropped, jobs: [{ job: 'weigh', ...pair }] };
  const person = await readPerson(unit.tx, personId);
  if (person === null) return { became: dropped };
  const changeId = randomUUID() as ChangeId;
  const revokeId = randomUUID() as ChangeId;
  const facts = await requestFacts(road, unit.tx, {
    entitlement,
    beneficiary: person,
    change: { ...unasked, id: changeId, requestedAt: unit.now },
    outside: outside.get(personId) ?? {},
  });
  const verdict = evaluateRequest(facts, road.catalogue.rules());
  // So few are not enough for this one, though the card did not show it: it is asked about by itself.
  const agreed = mass.answers.filter(({ verb }) => verb === 'keep').map(({ by }) => by);
  const keepers = new Set([decision.by, ...agreed]).size;
  const taken = quorumUnder(verdict, approversTaken(entitlement.approvers));
  const isByTooFew = fate === 'keep' && mass.kind !== 'lost' && taken > keepers;
  if (isByTooFew && mass.kind === 'unrequested')
    return { became: dropped, jobs: [{ job: 'weigh', ...pair }] };
  const events = itemEvents(mass, decision, fate, {
    changeId,
    revokeId,
    grantId: randomUUID() as GrantId,
    personId,
    entitlement,
    target,
    // In a team only there is nothing to ask about by itself.
    verdict: isByTooFew ? { ...verdict, effect: 'refuse', grounds: [takesTwo] } : verdict,
    now: unit.now,
  });
  const denied = events.find((e) => e.type === 'changeDenied');
  if (denied === undefined) return { became: { outcome: 'kept', changeId }, events };
  const became = { outcome: 'undone', changeId } as const;
  if (mass.kind !== 'lost') return { became, events };
  events.push(...(await grantsEndedWith(unit, { personId, target }, revokeId, denied.actor)));
  if (!(await isPreexisting(unit.tx, pair))) return { became, events };
  await endPreexisting(unit.tx, pair, unit.now);
  return {
    became,
    events,
    notes: [membershipNote(unit, 'preexistingEnded', target, { personId }, denied.actor)],
  };
}

/** As the catalogue has it now; what left it can still be taken away where it was. */
function carriedNow(road: Road, mass: MassChange): { entitlement: Entitlement; target: Target } | null {
  const entitlement = mass.entitlementKey === null ? null : road.catalogue.entitlement(mass.entitlementKey);
  return entitlement === null || mass.target === null ? null : { entitlement, target: mass.target };
}

async function unfoldGrant(
  unit: Unit,
  decision: MassDecision,
  fate: 'keep' | 'undo',
  changeId: string,
): Promise<One> {
  if (fate === 'keep') return { became: { outcome: 'kept', changeId: null } };
  const change = await unit.change(changeId);
  const by = { id: decision.by, name: decision.byName };
  const events = change === null ? null : await endGrant(unit, change, 'move', by);
  return events === null
    ? { became: dropped }
    : { became: { outcome: 'undone', changeId: changeId as ChangeId }, events };
}
