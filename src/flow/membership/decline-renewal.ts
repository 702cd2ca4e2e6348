import type { ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import { isNotBegun } from '../../core/change/states.ts';
import type { ChangeId, PersonId } from '../../core/ids.ts';
import { pendingRequest } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { laterStarts } from '../../store/scheduled.ts';
import type { Unit } from '../kernel/commit.ts';

/**
 * A reviewer says that an access is not to be renewed. Every live grant of it ends at its end. An extension that waits
 * is closed, and so is what was to begin later. The first reviewer who said so stays on record. No events: it was said
 * before. Null: nothing is held.
 */
export async function declineRenewal(
  unit: Unit,
  { personId, entitlementKey }: { personId: PersonId; entitlementKey: string },
  by: { id: PersonId; name: string },
): Promise<ChangeEvent[] | null> {
  const said = { at: unit.now, actor: { person: by.id, name: by.name } };
  const events: ChangeEvent[] = [];
  // An approval locks the extension before the grants that it takes over. This keeps the same order.
  for (const id of await waitingRenewals(unit, { personId, entitlementKey })) {
    const waiting = await unit.change(id);
    if (waiting === null || !isNotBegun(waiting.state)) continue;
    const note = `${by.name} reviewed this access, and it is not to be renewed`;
    const decision = { by: by.id, byName: by.name, at: unit.now, note, clickId: null };
    events.push({
      ...said,
      type: 'requestClosed',
      changeId: waiting.id,
      decision: { ...decision, outcome: 'closed' },
    });
  }
  let isHeld = false;
  const held = await unendedGrants(unit.tx, { personId, entitlementKey });
  for (const id of held.map((grant) => grant.changeId).sort()) {
    const change = await unit.change(id);
    if (change === null || change.ended !== null || nextState(change.state, 'renewalDeclined') === null)
      continue;
    isHeld = true;
    if (change.renewalDeclined === undefined)
      events.push({
        ...said,
        type: 'renewalDeclined',
        changeId: change.id,
        by: { id: by.id, name: by.name },
      });
  }
  return isHeld ? events : null;
}

/** An extension that waits, and what was asked for or approved for the time after: both would let it go on. */
async function waitingRenewals(
  { tx }: Unit,
  of: { personId: PersonId; entitlementKey: string },
): Promise<ChangeId[]> {
  const pending = await pendingRequest(tx, of.personId, of.entitlementKey);
  const later = await laterStarts(tx, of);
  return pending?.cause === 'extension' ? [pending.id, ...later].sort() : later;
}
