import { Fault } from '../../core/fault.ts';
import { holdersOf } from '../../store/delivery-troubles.ts';
import { claimTrouble } from '../catalogue/claim-trouble.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { carriedElsewhere, mappingSeen } from './troubles.ts';

/**
 * Looks whether each mapping by which a sign-in gives a team is still there. One that is lost is no longer offered. The
 * admins and the owners are told, where it was offered until now or somebody has it. Each process looks for itself. Safe
 * to run side by side: the first one tells.
 */
export async function watchMappings(context: Context): Promise<void> {
  for (const target of carriedElsewhere(context.catalogue.targets())) {
    if (target.delivery !== 'claim') continue;
    let why: string | null;
    try {
      why = await claimTrouble(context, target);
    } catch (error) {
      // Not being able to look is neither lost nor mended.
      if (!(error instanceof Fault)) throw error;
      context.log.warn({ team: target.teamName, err: error.message }, 'group mappings can’t be read');
      continue;
    }
    const wasOffered = why !== null && context.catalogue.unmapped(target, why);
    await commit(
      context.db,
      async (unit) => {
        const isToldAnew = wasOffered || (why !== null && (await holdersOf(unit.tx, target)).holders > 0);
        return { result: null, ...(await mappingSeen(unit, target, { why, isToldAnew })) };
      },
      context.nudge,
    );
  }
}
