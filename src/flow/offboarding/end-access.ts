import { randomUUID } from 'node:crypto';
import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { isNotBegun, isUnderway } from '../../core/change/states.ts';
import type { ChangeId, EntitlementKey } from '../../core/ids.ts';
import type { Job } from '../../core/jobs/reactions.ts';
import type { MassChangeEvent } from '../../core/mass-change/mass-change.ts';
import { hasLeft, type Offboarding } from '../../core/offboarding/offboarding.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { endBaseline } from '../../store/baseline.ts';
import { readChange, revokeUnderway } from '../../store/changes.ts';
import { baselineGroups, massCardsAbout, pendingAbout, waitingFor } from '../../store/offboardings.ts';
import { linkOf, type Person, readPerson } from '../../store/people.ts';
import type { AnyEvent } from '../kernel/aggregates.ts';
import { commit, type Unit } from '../kernel/commit.ts';
import type { Context, Data } from '../kernel/context.ts';
import { entitlementOf, shrinkWithin } from '../mass-change/collect.ts';
import { revokeOf } from '../membership/end-grants.ts';
import { readyTargets } from '../membership/ready-targets.ts';
import { freshPerson } from '../people/identify.ts';
import { decidedBy } from '../request/deciders.ts';
import { at, grantsEnded, teamsOf } from './case.ts';

/**
 * Closes the leaver's requests and ends what they hold. That is every grant, and every other membership of a managed
 * group, recorded from before Latchkey or merely there. Each gets a revoke of its own. Safe to run again: a new
 * membership is dealt with, a finished one is left alone. Answers whether the IdP has them in no managed group any
 * more.
 */
export async function closeAndEnd(context: Context, { id }: Offboarding, person: Person): Promise<boolean> {
  const shown = new Set<string>();
  for (const idp of context.idps.all) {
    const idpId = await linkOf(context.db, person.id, idp.system);
    for (const groupId of idpId === null ? [] : await idp.groupIdsOf(idpId)) shown.add(groupId);
  }
  return await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(id);
      if (locked === null || !hasLeft(locked)) return { result: false };
      const closed = await requestsClosed(unit, locked, person);
      const ended = await grantsEnded(unit, locked, locked.decidedBy ?? locked.startedBy);
      const others = await othersEnded(context, unit, locked, {
        shown,
        before: [...closed, ...ended],
      });
      const isGone =
        !isAnyGroupOpen(context, person, shown) && (await areGroupsGone(unit, locked, shown, others));
      return {
        result: isGone,
        events: [
          ...closed,
          ...ended,
          ...others,
          ...(isGone && locked.legs.groups === null
            ? [{ type: 'groupsGone', ...at(unit, locked.id, null) } as const]
            : []),
        ],
      };
    },
    context.nudge,
  );
}

async function requestsClosed(unit: Unit, locked: Offboarding, person: Person): Promise<AnyEvent[]> {
  const events: ChangeEvent[] = [];
  for (const id of await pendingAbout(unit.tx, person.id)) {
    const change = await unit.change(id);
    if (change === null || !isNotBegun(change.state)) continue;
    const note =
      change.personId === person.id ? `${person.name} has left` : `${person.name}, who asked, has left`;
    events.push({
      type: 'requestClosed',
      changeId: change.id,
      at: unit.now,
      actor: { part: 'latchkey' },
      decision: { outcome: 'closed', by: null, byName: 'Latchkey', at: unit.now, note, clickId: null },
    });
  }
  const onCards: MassChangeEvent[] = [];
  for (const id of await massCardsAbout(unit.tx, person.id))
    onCards.push(...(await shrinkWithin(unit, id as never, [person.id], `${person.name} has left`)));
  const changeIds = events.map((event) => event.changeId);
  const isNews = changeIds.length > 0 || locked.legs.requests === null;
  return [
    ...events,
    ...onCards,
    ...(isNews ? [{ type: 'requestsClosed', ...at(unit, locked.id, null), changeIds } as const] : []),
  ];
}

/** Every managed group they are in, or are recorded in, without a grant. */
async function othersEnded(
  context: Data,
  unit: Unit,
  locked: Offboarding,
  { shown, before }: { shown: ReadonlySet<string>; before: readonly AnyEvent[] },
): Promise<AnyEvent[]> {
  const recorded = new Set(await baselineGroups(unit.tx, locked.personId));
  const events: ChangeEvent[] = [];
  for (const target of readyTargets(context)) {
    const pair = { personId: locked.personId, groupId: target.groupId };
    if (recorded.has(target.groupId)) await endBaseline(unit.tx, pair, unit.now);
    if (!recorded.has(target.groupId) && !shown.has(target.groupId)) continue;
    if (revokedBy(before, target) || (await revokeUnderway(unit.tx, pair)) !== null) continue;
    events.push(...revoke(unit, locked, keyOf(context, target), target));
  }
  const revokes = events.filter((e) => e.type === 'changeReceived').map((e) => e.changeId);
  if (revokes.length === 0) return events;
  return [
    ...events,
    { type: 'accessEnded', ...at(unit, locked.id, null), ended: [], revokes, given: teamsOf(events) },
  ];
}

function keyOf(context: Data, target: Target): EntitlementKey {
  return entitlementOf(context, target.groupId)?.entitlement.key ?? (target.groupName as EntitlementKey);
}

function revokedBy(events: readonly AnyEvent[], { groupId }: Target): boolean {
  return events.some(
    (event) => event.type === 'changeApproved' && event.grant === null && event.target.groupId === groupId,
  );
}

function revoke(
  unit: Unit,
  locked: Offboarding,
  entitlementKey: EntitlementKey,
  target: Target,
): ChangeEvent[] {
  const revokeId = randomUUID() as ChangeId;
  const { personId } = locked;
  const by = locked.decidedBy ?? locked.startedBy;
  const { actor } = at(unit, locked.id, by);
  return revokeOf({
    revokeId,
    of: { entitlementKey, personId },
    target,
    cause: 'leaver',
    by,
    actor,
    at: unit.now,
  });
}

/**
 * Whether the leaver may be in a group that gives access, while nothing above can deal with it. There are two such
 * cases:
 * - it is not known yet which groups give access
 * - the account is still active, and Latchkey can't write the group
 */
function isAnyGroupOpen(context: Data, person: Person, shown: ReadonlySet<string>): boolean {
  if (context.catalogue.isUnchecked()) return true;
  return person.isActive && context.catalogue.targets().some((target) => shown.has(target.groupId));
}

/** Whether each revoke is written: in none of their groups by the IdP, and none on its way there. */
async function areGroupsGone(
  unit: Unit,
  locked: Offboarding,
  shown: ReadonlySet<string>,
  begun: readonly AnyEvent[],
): Promise<boolean> {
  if (begun.length > 0) return false;
  for (const id of locked.revokes) {
    const change = await readChange(unit.tx, id);
    if (change !== null && isOnItsWay(change, shown)) return false;
  }
  return true;
}

function isOnItsWay(change: Change, shown: ReadonlySet<string>): boolean {
  if (!isUnderway(change.state)) return false;
  return change.legs.idpWrittenAt === null || shown.has(change.target?.groupId ?? '');
}

/** The revoke of theirs that is stuck on its way into the IdP, for the alarm; null: none is. */
export async function stuckRevoke(context: Data, { revokes }: Offboarding): Promise<Change | null> {
  for (const id of revokes) {
    const change = await readChange(context.db, id);
    if (change !== null && isUnderway(change.state) && change.legs.idpWrittenAt === null) return change;
  }
  return null;
}

/**
 * Each request that waits for their decision is put to those who decide without them. With nobody left, it is put to
 * the admins. Old buttons are stale from then on.
 */
export async function rerouteApprovals(context: Context, offboarding: Offboarding): Promise<void> {
  const waiting = await waitingFor(context.db, offboarding.personId);
  const plans = new Map<ChangeId, Awaited<ReturnType<typeof planWithout>>>();
  for (const id of waiting.changeIds) plans.set(id, await planWithout(context, id));
  await commit(
    context.db,
    async (unit) => {
      const locked = await unit.offboarding(offboarding.id);
      if (locked === null || !hasLeft(locked)) return { result: null };
      const events: ChangeEvent[] = [];
      for (const [id, found] of plans) {
        const change = await unit.change(id);
        if (found === null || change === null || change.state !== 'asking' || change.target === null)
          continue;
        if (change.version !== found.version || change.verdict === null) continue;
        events.push({
          type: 'approversAsked',
          changeId: change.id,
          at: unit.now,
          actor: { part: 'latchkey' },
          plan: found.plan,
          verdict: change.verdict,
          round: change.round + 1,
          lapsesAt: change.lapsesAt,
          target: change.target,
        });
      }
      const changeIds = events.map((event) => event.changeId);
      const { massChangeIds } = waiting;
      if (changeIds.length + massChangeIds.length === 0 && locked.legs.approvals !== null)
        return { result: null };
      return {
        result: null,
        jobs: massChangeIds.map((massChangeId): Job => ({ job: 'assessMassChange', massChangeId })),
        events: [
          ...events,
          { type: 'approvalsRerouted', ...at(unit, locked.id, null), changeIds, massChangeIds },
        ],
      };
    },
    context.nudge,
  );
}

/** Null: what is asked can't be put to anybody anew. */
async function planWithout(context: Context, changeId: ChangeId) {
  const change = await readChange(context.db, changeId);
  const entitlement = change === null ? null : context.catalogue.entitlement(change.entitlementKey);
  if (change === null || entitlement === null) return null;
  const beneficiary =
    (await freshPerson(context, change.personId)) ?? (await readPerson(context.db, change.personId));
  if (beneficiary === null) return null;
  const { plan } = await decidedBy(context, { entitlement, beneficiary, change });
  return { plan, version: change.version };
}
