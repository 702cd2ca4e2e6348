import { randomUUID } from 'node:crypto';
import type { Actor, Cause, Change, ChangeEvent } from '../core/change.ts';
import { nextState } from '../core/change.ts';
import { heldUntil } from '../core/desired.ts';
import type { ChangeId, PersonId } from '../core/ids.ts';
import { unendedGrants } from '../store/grants.ts';
import type { Unit } from './commit.ts';

/**
 * Ends what a change granted and, unless another live grant keeps the same membership, puts the revoke on the
 * road at "apply". Null when there is nothing to end. The caller commits the events.
 */
export async function endGrant(
  unit: Unit,
  change: Change,
  cause: Extract<Cause, 'expiry' | 'release'>,
  by: { id: PersonId; name: string } | null,
): Promise<ChangeEvent[] | null> {
  if (change.grant === null || change.target === null || change.ended !== null) return null;
  if (nextState(change.state, 'grantEnded') === null) return null;
  const actor: Actor = by === null ? { part: 'latchkey' } : { person: by.id, name: by.name };
  const grants = await unendedGrants(unit.tx, { personId: change.personId, groupId: change.target.groupId });
  const others = grants.filter((g) => g.changeId !== change.id);
  const keptUntil = heldUntil(others, unit.now);
  const ended: ChangeEvent = {
    type: 'grantEnded',
    changeId: change.id,
    at: unit.now,
    actor,
    cause,
    by: by?.id ?? null,
    stillHeld: keptUntil !== null,
    stillHeldUntil: keptUntil,
  };
  if (keptUntil !== null) return [ended];
  const revokeId = randomUUID() as ChangeId;
  return [
    ended,
    {
      type: 'changeReceived',
      changeId: revokeId,
      at: unit.now,
      actor,
      kind: 'revoke',
      cause,
      entitlementKey: change.entitlementKey,
      personId: change.personId,
      requesterId: by?.id ?? null,
      reason: cause === 'expiry' ? 'the time granted is over' : 'given back early',
      ticket: null,
      requestedSeconds: null,
      parentId: change.id,
      target: change.target,
      via: 'latchkey',
    },
    {
      type: 'changeApproved',
      changeId: revokeId,
      at: unit.now,
      actor,
      grant: null,
      verdict: null,
      target: change.target,
      decision: {
        outcome: 'approved',
        by: by?.id ?? null,
        byName: by?.name ?? 'rule',
        at: unit.now,
        note: null,
        clickId: null,
      },
    },
  ];
}
