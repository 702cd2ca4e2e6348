import { randomUUID } from 'node:crypto';
import type { Actor, ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import type { ChangeId, EntitlementKey, PersonId } from '../../core/ids.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { endBaseline, isInBaseline } from '../../store/baseline.ts';
import { underwayIds } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { type Following, noteByLatchkey, type Unit } from '../kernel/commit.ts';
import { revokeOf } from './end-grants.ts';

/** One membership that somebody looked at and did not leave. */
export type Reviewed = { personId: PersonId; entitlementKey: EntitlementKey; target: Target };

/**
 * Takes a membership away because a review said so. Every live grant of the pair ends. A record from before Latchkey
 * ends too. One revoke goes down the road. Null: there is nothing left to take, or it is being taken away already.
 */
export async function takeAwayReviewed(
  unit: Unit,
  { personId, entitlementKey, target }: Reviewed,
  by: { id: PersonId; name: string },
): Promise<(Required<Following> & { revokeId: ChangeId }) | null> {
  const pair = { personId, groupId: target.groupId };
  const revokeId = randomUUID() as ChangeId;
  const actor: Actor = { person: by.id, name: by.name };
  const ended: ChangeEvent[] = [];
  const held = await unendedGrants(unit.tx, pair);
  for (const changeId of held.map((grant) => grant.changeId).sort()) {
    const change = await unit.change(changeId);
    if (change === null || change.ended !== null || nextState(change.state, 'grantEnded') === null) continue;
    ended.push({
      type: 'grantEnded',
      changeId: change.id,
      at: unit.now,
      actor,
      cause: 'review',
      by: by.id,
      revokeId,
      stillHeld: false,
      stillHeldUntil: null,
    });
  }
  const wasBefore = await isInBaseline(unit.tx, pair);
  if (ended.length === 0 && (!wasBefore || (await underwayIds(unit.tx, pair)).length > 0)) return null;
  if (wasBefore) await endBaseline(unit.tx, pair, unit.now);
  const of = { personId, entitlementKey };
  const baselineEnded = noteByLatchkey(unit, 'baselineEnded', {
    personId,
    groupId: target.groupId,
    groupName: target.groupName,
  });
  return {
    revokeId,
    events: [...ended, ...revokeOf({ revokeId, of, target, cause: 'review', by, actor, at: unit.now })],
    notes: wasBefore ? [{ ...baselineEnded, actor }] : [],
    jobs: [],
  };
}
