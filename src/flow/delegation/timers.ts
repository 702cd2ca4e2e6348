import { delegationDue, endForLeaver } from '../../core/delegation/name-delegate.ts';
import { dueDelegations } from '../../store/delegations.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import { commit } from '../kernel/commit.ts';
import type { Data, Runtime } from '../kernel/context.ts';

/** Absences that begin or end by now, and those of which one of the two has left. Decided anew under their lock. */
export async function settleDelegations(context: Data & Runtime, now: Date): Promise<void> {
  for (const id of await dueDelegations(context.db, now))
    await commit(
      context.db,
      async (unit) => {
        const delegation = await unit.delegation(id);
        if (delegation === null) return { result: null };
        const { person, delegate } = delegation;
        const leavers = await leaversAmong(unit.tx, [person.id, delegate.id]);
        const events =
          leavers.size > 0 ? endForLeaver(delegation, unit.now) : delegationDue(delegation, unit.now);
        return { result: null, events };
      },
      context.nudge,
    );
}
