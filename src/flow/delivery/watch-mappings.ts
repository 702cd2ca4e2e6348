import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../core/fault.ts';
import { holdersOf, openDeliveryTrouble } from '../../store/delivery-troubles.ts';
import { claimTrouble } from '../catalogue/claim-trouble.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { carriedElsewhere, type ElsewhereTarget, mappingSeen } from './troubles.ts';

/** A tool that keeps mappings as code may take one out and put it back at each of its runs. */
const SECOND_LOOK_MS = 5_000;

/**
 * Looks whether each mapping by which a sign-in gives a team is still there. One that is lost is no longer offered. The
 * admins and the owners are told, where it was offered until now or somebody has it. A loss is believed when a second look
 * finds it too. Each process looks for itself. Safe to run side by side: the first one tells.
 */
export async function watchMappings(
  context: Context,
  { secondLookMs = SECOND_LOOK_MS }: { secondLookMs?: number } = {},
): Promise<void> {
  const doubtful: ElsewhereTarget[] = [];
  for (const target of carriedElsewhere(context.catalogue.targets())) {
    if (target.delivery !== 'claim') continue;
    const why = await lookAt(context, target);
    if (why === undefined) continue;
    const isNews = why !== null && (await openDeliveryTrouble(context.db, 'unmapped', target)) === null;
    if (isNews) doubtful.push(target);
    else await note(context, target, why);
  }
  if (doubtful.length === 0) return;
  await sleep(secondLookMs);
  for (const target of doubtful) {
    const why = await lookAt(context, target);
    if (why !== undefined) await note(context, target, why);
  }
}

/** Not being able to look is neither lost nor mended: undefined. */
async function lookAt(context: Context, target: ElsewhereTarget): Promise<string | null | undefined> {
  try {
    return await claimTrouble(context, target);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    context.log.warn({ team: target.teamName, err: error.message }, 'group mappings can’t be read');
    return undefined;
  }
}

async function note(context: Context, target: ElsewhereTarget, why: string | null): Promise<void> {
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
