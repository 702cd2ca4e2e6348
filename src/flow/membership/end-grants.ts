import { randomUUID } from 'node:crypto';
import type { Cause, Change } from '../../core/change/change.ts';
import type { Actor, ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { isInBaseline } from '../../store/baseline.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Unit } from '../kernel/commit.ts';

/**
 * Ends what a change granted and, unless another live grant keeps the same membership, puts the revoke on the
 * road at "apply". Null when there is nothing to end. The caller commits the events.
 */
export async function endGrant(
  unit: Unit,
  change: Change,
  cause: EndCause,
  by: { id: PersonId; name: string } | null,
): Promise<ChangeEvent[] | null> {
  return await endGrants(unit, [change], cause, by);
}

/**
 * "I'm done": ends every grant that the person holds of this change's entitlement, extensions included; giving
 * access back means not having it.
 */
export async function releaseAccess(
  unit: Unit,
  change: Change,
  by: { id: PersonId; name: string },
): Promise<ChangeEvent[] | null> {
  const held = await unendedGrants(unit.tx, {
    personId: change.personId,
    entitlementKey: change.entitlementKey,
  });
  const changes = [change];
  for (const id of held.map((g) => g.changeId).sort()) {
    const other = id === change.id ? null : await unit.change(id);
    if (other !== null) changes.push(other);
  }
  return await endGrants(unit, changes, 'release', by);
}

/** Ends every live grant of the pair together with a revoke that was decided already. */
export async function grantsEndedWith(
  unit: Unit,
  found: Pick<Change, 'personId' | 'target'>,
  revokeId: ChangeId,
  actor: Actor,
): Promise<ChangeEvent[]> {
  if (found.target === null) return [];
  const grants = await unendedGrants(unit.tx, { personId: found.personId, groupId: found.target.groupId });
  const ids = grants.map((grant) => grant.changeId as ChangeId);
  return endsOf(ids, { cause: 'revert', revokeId, actor, at: unit.now });
}

export type EndCause = Extract<
  Cause,
  'expiry' | 'release' | 'leaver' | 'lostApp' | 'move' | 'canary' | 'review' | 'ticketClosed' | 'ticketGone'
>;

/** One revoke for each group: an entitlement can have moved to another group between two grants of it. */
export async function endGrants(
  unit: Unit,
  changes: readonly Change[],
  cause: EndCause,
  by: { id: PersonId; name: string } | null,
): Promise<ChangeEvent[] | null> {
  const ending = changes.filter(
    (c) =>
      c.grant !== null && c.target !== null && c.ended === null && nextState(c.state, 'grantEnded') !== null,
  );
  const byGroup = Map.groupBy(ending, (c) => c.target?.groupId);
  const events: ChangeEvent[] = [];
  for (const ofGroup of byGroup.values()) events.push(...(await endInGroup(unit, ofGroup, cause, by)));
  return events.length === 0 ? null : events;
}

async function endInGroup(
  unit: Unit,
  ending: readonly Change[],
  cause: EndCause,
  by: { id: PersonId; name: string } | null,
): Promise<ChangeEvent[]> {
  const [first] = ending;
  if (first === undefined || first.target === null) return [];
  const actor: Actor = by === null ? { part: 'latchkey' } : { person: by.id, name: by.name };
  const pair = { personId: first.personId, groupId: first.target.groupId };
  const others = (await unendedGrants(unit.tx, pair)).filter((g) => !ending.some((c) => c.id === g.changeId));
  const keptUntil = heldUntil(others, unit.now);
  // Who has left keeps nothing, whatever was there before.
  const wasBefore = cause !== 'leaver' && (await isInBaseline(unit.tx, pair));
  const isKept = keptUntil !== null || wasBefore;
  const revokeId = isKept ? null : (randomUUID() as ChangeId);
  const ended = endsOf(
    ending.map(({ id }) => id),
    { cause, revokeId, actor, at: unit.now, still: isKept ? { until: wasBefore ? null : keptUntil } : null },
  );
  return revokeId === null
    ? ended
    : [...ended, ...revokeOf({ revokeId, of: first, target: first.target, cause, by, actor, at: unit.now })];
}

/** The grants of these changes end. `still`: the membership goes on until then; `until` null: without an end. */
export function endsOf(
  changeIds: readonly ChangeId[],
  how: {
    cause: Cause;
    revokeId: ChangeId | null;
    actor: Actor;
    at: Date;
    still?: { until: Date | null } | null;
  },
): ChangeEvent[] {
  const { cause, revokeId, actor, at, still = null } = how;
  return changeIds.map((changeId) => ({
    type: 'grantEnded',
    changeId,
    at,
    actor,
    cause,
    by: 'person' in actor ? actor.person : null,
    revokeId,
    stillHeld: still !== null,
    stillHeldUntil: still?.until ?? null,
  }));
}

/** The person has left, or lost the app: every grant of theirs ends. */
export async function endAllOf(
  unit: Unit,
  personId: string,
  cause: Extract<EndCause, 'leaver' | 'lostApp'>,
  by: { id: PersonId; name: string } | null,
): Promise<ChangeEvent[]> {
  const changes: Change[] = [];
  for (const id of (await unendedGrants(unit.tx, { personId })).map((g) => g.changeId).sort()) {
    const change = await unit.change(id);
    if (change !== null) changes.push(change);
  }
  return (await endGrants(unit, changes, cause, by)) ?? [];
}

const reasons: Record<EndCause, string> = {
  expiry: 'the time granted is over',
  release: 'given back early',
  leaver: 'the person has left',
  lostApp: 'the MuleSoft app was taken from the person',
  move: 'the person has moved, and it no longer fits',
  canary: 'the canary’s way back',
  review: 'looked at in a review, and not kept',
  ticketClosed: 'the ticket that it ends with was closed',
  ticketGone: 'the ticket that it ends with is not to be found any more',
};

/** The revoke joins the road at "apply": nobody is asked whether what has ended may end. */
export function revokeOf(revoke: {
  revokeId: ChangeId;
  of: Pick<Change, 'entitlementKey' | 'personId'>;
  target: NonNullable<Change['target']>;
  cause: EndCause;
  by: { id: PersonId; name: string } | null;
  actor: Actor;
  at: Date;
  /** Left out: that of its cause. */
  reason?: string;
}): ChangeEvent[] {
  const { revokeId, of, target, cause, by, actor, at, reason = reasons[cause] } = revoke;
  return [
    {
      type: 'changeReceived',
      changeId: revokeId,
      at,
      actor,
      kind: 'revoke',
      cause,
      entitlementKey: of.entitlementKey,
      personId: of.personId,
      requesterId: by?.id ?? null,
      reason,
      ticket: null,
      requestedSeconds: null,
      target,
      via: 'latchkey',
      lapsesAt: null,
    },
    {
      type: 'changeApproved',
      changeId: revokeId,
      at,
      actor,
      grant: null,
      verdict: null,
      target,
      decision: {
        outcome: 'approved',
        by: by?.id ?? null,
        byName: by?.name ?? 'rule',
        at,
        note: null,
        clickId: null,
      },
    },
  ];
}
