import { randomUUID } from 'node:crypto';
import type { Entitlement, Target } from '../core/catalogue.ts';
import type { Cause, ChangeEvent } from '../core/change.ts';
import type { ChangeId, PersonId } from '../core/ids.ts';
import type { Job } from '../core/reactions.ts';
import { revertEvents } from '../core/revert.ts';
import { pendingRequest, underwayIds } from '../store/changes.ts';
import { linkOf } from '../store/people.ts';
import { endPreexisting, isPreexisting, recordPreexisting } from '../store/preexisting.ts';
import { commit, type Unit } from './commit.ts';
import { endAllOf } from './end.ts';
import { done, type Ran, type Road } from './road.ts';
import { isWanted } from './wanted.ts';

/** While an apply for the pair is on its way, or a request for it waits, there is nothing to find yet. */
const WAIT_MS = 2_000;
const WAIT_FOR_DECISION_MS = 30_000;

/**
 * Expected or not: holds what the IdP says now of this person and group against what is wanted. Agreement is
 * nothing to tell. A difference that nobody is working on is a finding and goes down the road like a request: the
 * owner decides. Whoever brought the news (a push, a hook, a sweep) is not believed: the IdP is read.
 */
export async function weigh(road: Road, job: Extract<Job, { job: 'weigh' }>): Promise<Ran> {
  const { personId, groupId } = job;
  const found = entitlementOf(road, groupId);
  if (found === null) return done;
  const idpId = await linkOf(road.db, personId, road.idp.name);
  if (idpId === null) return done;
  const pair = { personId, groupId };
  return await road.locks.withLock(`pair:${personId}:${groupId}`, async () => {
    if ((await underwayIds(road.db, pair)).length > 0) return { againInMs: WAIT_MS };
    if ((await pendingRequest(road.db, personId, found.entitlement.key)) !== null)
      return { againInMs: WAIT_FOR_DECISION_MS };
    const inIdp = await road.idp.readPerson(idpId);
    if (inIdp === null || inIdp.status === 'deprovisioned') return await endLeaver(road, personId);
    const isMember = await road.idp.isMember(groupId, idpId);
    return await commit<Ran>(
      road.db,
      async (unit) => {
        const wanted = await isWanted(unit.tx, pair, unit.now);
        if (isMember === wanted) return { result: done };
        if (isMember) return { result: done, ...(await unrequested(unit, pair, found)) };
        // What was there before Latchkey may go as it came; only what Latchkey promised is missed.
        if (await isPreexisting(unit.tx, pair)) {
          await endPreexisting(unit.tx, pair, unit.now);
          const notes = [noted(unit, 'preexistingEnded', pair, found.target)];
          const { teamId } = found.target;
          return { result: { againInMs: 0 }, notes, jobs: [{ job: 'deliver', personId, teamId }] };
        }
        return { result: done, events: [received(unit, pair, found, 'loss')] };
      },
      road.nudge,
    );
  });
}

/** Who has left keeps nothing: every grant ends, each group with a revoke of its own. */
async function endLeaver(road: Road, personId: string): Promise<Ran> {
  await commit(
    road.db,
    async (unit) => ({ result: null, events: await endAllOf(unit, personId) }),
    road.nudge,
  );
  return done;
}

type Found = { entitlement: Entitlement; target: Target };

/** The entitlement that a group carries; of several the first in the catalogue speaks for it. */
function entitlementOf(road: Road, groupId: string): Found | null {
  for (const entitlement of road.catalogue.current().entitlements) {
    const status = road.catalogue.status(entitlement.key);
    if (status.status === 'ready' && status.target.groupId === groupId)
      return { entitlement, target: status.target };
  }
  return null;
}

type Pair = { personId: string; groupId: string };

async function unrequested(unit: Unit, pair: Pair, found: Found) {
  switch (found.entitlement.unrequested) {
    case 'ask':
      return { events: [received(unit, pair, found, 'finding')] };
    case 'accept':
      await recordPreexisting(unit.tx, { ...pair, groupName: found.target.groupName }, unit.now);
      return { notes: [noted(unit, 'membershipAccepted', pair, found.target)] };
    case 'revert': {
      const finding = received(unit, pair, found, 'finding');
      const revokeId = randomUUID() as ChangeId;
      const base = { changeId: finding.changeId, at: unit.now, actor: { part: 'latchkey' } } as const;
      const denied: ChangeEvent = {
        ...base,
        type: 'changeDenied',
        revokeId,
        decision: {
          outcome: 'denied',
          by: null,
          byName: 'rule',
          at: unit.now,
          note: 'nobody asked for it, and the catalogue says to revert at once',
          clickId: null,
        },
      };
      const subject = {
        entitlementKey: found.entitlement.key,
        personId: pair.personId as PersonId,
        target: found.target,
      };
      return { events: [finding, denied, ...revertEvents(subject, revokeId, base)] };
    }
    default:
      return found.entitlement.unrequested satisfies never;
  }
}

function received(unit: Unit, pair: Pair, found: Found, cause: Extract<Cause, 'finding' | 'loss'>) {
  return {
    type: 'changeReceived',
    changeId: randomUUID() as ChangeId,
    at: unit.now,
    actor: { part: 'latchkey' },
    kind: 'grant',
    cause,
    entitlementKey: found.entitlement.key,
    personId: pair.personId as PersonId,
    requesterId: null,
    reason:
      cause === 'finding'
        ? `in the group ${found.target.groupName}, without a grant that wants it`
        : `no longer in the group ${found.target.groupName}, though a grant wants it`,
    ticket: null,
    requestedSeconds: null,
    target: found.target,
    via: 'finding',
    lapsesAt: null,
  } satisfies ChangeEvent;
}

function noted(unit: Unit, type: 'membershipAccepted' | 'preexistingEnded', pair: Pair, target: Target) {
  return {
    type,
    at: unit.now,
    actor: { part: 'latchkey' } as const,
    changeId: null,
    data: { personId: pair.personId, groupId: pair.groupId, groupName: target.groupName },
  };
}
