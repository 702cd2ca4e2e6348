import type { Job } from '../../core/jobs/reactions.ts';
import type { Entitlement, Target } from '../../core/policy/catalogue.ts';
import { openItems, openMassChange, unattended } from '../../store/mass-changes.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Runtime } from '../kernel/context.ts';
import { growWithin, itemOf, shrink } from './collect.ts';

/**
 * Puts a team's excess members, to whom nothing gives it, on one card for the entitlement's owner. It keeps that card
 * true. Until it is decided nobody is taken out. As few as the guard lets go are taken out at once, while no card is
 * open. Safe to run twice.
 */
export async function putExcessOnCard(
  context: Data & Runtime,
  teamId: string,
  personIds: readonly string[],
): Promise<void> {
  const given = entitlementOfTeam(context, teamId);
  if (given === null) return;
  const { entitlement, target } = given;
  await context.locks.withLock(`mass:${teamId}`, async () => {
    const { memberships } = context.catalogue.current().massGuard;
    const open = await openMassChange(context.db, 'excess', teamId);
    if (open !== null) {
      const still = new Set(personIds);
      const keys = (await openItems(context.db, open.id))
        .map(({ key }) => key)
        .filter((key) => !still.has(key));
      if (keys.length > 0)
        await shrink(context, open.id, keys, 'Anypoint no longer shows it, or it is given now');
    }
    const { groupId } = target;
    const of = { groupId, teamId, entitlementKey: entitlement.key };
    const fresh = await unattended(context.db, of, personIds);
    // Most are attended to already: what is left is no storm.
    const isStorm = open !== null || fresh.length > memberships;
    const jobs = isStorm ? [] : fresh.map((personId): Job => ({ job: 'deliverToTeam', personId, teamId }));
    await commit(
      context.db,
      async (unit) => ({
        result: null,
        jobs,
        events: await growWithin(
          unit,
          {
            kind: 'excess',
            scope: teamId,
            entitlementKey: entitlement.key,
            target,
            owner: entitlement.owner,
            moved: null,
          },
          isStorm ? fresh.map((id) => itemOf(id)) : [],
        ),
      }),
      context.nudge,
    );
  });
}

/** The entitlement that gives a team; of several the first that is offered speaks for it, else the first. */
function entitlementOfTeam(
  context: Pick<Context, 'catalogue'>,
  teamId: string,
): { entitlement: Entitlement; target: Target } | null {
  const giving = context.catalogue.current().entitlements.flatMap((entitlement) => {
    const status = context.catalogue.status(entitlement.key);
    const target = status.status === 'unchecked' ? null : status.target;
    return target?.teamId === teamId ? [{ entitlement, target, isOffered: status.status === 'ready' }] : [];
  });
  return giving.find(({ isOffered }) => isOffered) ?? giving[0] ?? null;
}
