import type { Change } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { takenOver } from '../../core/change/extended.ts';
import { unendedGrants } from '../../store/grants.ts';
import type { Unit } from '../kernel/commit.ts';

/**
 * The grants that an extension, approved by these events, takes over, as events of those grants. Of anything else,
 * none.
 */
export async function takeOver(
  unit: Unit,
  change: Change,
  events: readonly ChangeEvent[],
): Promise<ChangeEvent[]> {
  if (change.cause !== 'extension' || !events.some(({ type }) => type === 'changeApproved')) return [];
  const { personId, entitlementKey } = change;
  const held = await unendedGrants(unit.tx, { personId, entitlementKey });
  const earlier: Change[] = [];
  for (const id of held.map((grant) => grant.changeId).sort()) {
    const one = id === change.id ? null : await unit.change(id);
    if (one !== null) earlier.push(one);
  }
  return takenOver(events, earlier, change);
}
