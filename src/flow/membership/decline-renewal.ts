import type { ChangeEvent } from '../../core/change/events.ts';
import { nextState } from '../../core/change/life-cycle.ts';
import { isPending } from '../../core/change/states.ts';
import type { PersonId } from '../../core/ids.ts';
import { pendingRequest } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Unit } from '../kernel/commit.ts';

/**
 * A reviewer says that an access is not to be renewed. Every live grant of it ends at its end. An extension that waits
 * is closed. The first reviewer who said so stays on record. No events: it was said before. Null: nothing is held.
 */
export async function declineRenewal(
  unit: Unit,
  { personId, entitlementKey }: { personId: PersonId; entitlementKey: string },
  by: { id: PersonId; name: string },
): Promise<ChangeEvent[] | null> {
  const said = { at: unit.now, actor: { person: by.id, name: by.name } };
  const events: ChangeEvent[] = [];
  // An approval locks the extension before the grants that it takes over. This keeps the same order.
  const pending = await pendingRequest(unit.tx, personId, entitlementKey);
  const waiting = pending?.cause === 'extension' ? await unit.change(pending.id) : null;
  if (waiting !== null && isPending(waiting.state)) {
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
