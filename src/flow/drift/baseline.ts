import type { Target } from '../../core/policy/catalogue.ts';
import { hasBaseline, recordBaseline } from '../../store/baseline.ts';
import { forgetRun, type Place, takeUpRun } from '../../store/reconcile/runs.ts';
import type { AtIdp } from '../idps/idps.ts';
import { commit } from '../kernel/commit.ts';
import type { Context } from '../kernel/context.ts';
import { groupListing } from './check-group.ts';
import { readLists } from './read-lists.ts';

/**
 * The first look at a group: who is in it already is recorded as pre-existing and never removed silently. An
 * entitlement is offered only after that, so that what Latchkey gave and what was there can't be mixed up. A fault
 * is thrown; called again, it goes on where it was.
 */
export async function takeBaseline(
  context: Pick<Context, 'db' | 'locks' | 'pausedUntil' | 'log'> & AtIdp,
  target: Target,
): Promise<void> {
  if (await hasBaseline(context.db, target.groupId)) return;
  await context.locks.withLock(`baseline:${target.groupId}`, async () => {
    if (await hasBaseline(context.db, target.groupId)) return;
    const run = await takeUpRun(context.db, 'baseline', [
      { kind: 'group', externalId: target.groupId, name: target.groupName },
    ]);
    await readLists(context, run.places, groupListing(context), 'none');
    const [place] = run.places as [Place];
    await commit(context.db, async ({ tx, now }) => {
      const recorded = await recordBaseline(
        tx,
        { placeId: place.id, id: target.groupId, name: target.groupName },
        now,
      );
      return {
        result: null,
        notes: [
          {
            type: 'baselineTaken',
            at: now,
            actor: { part: 'latchkey' },
            changeId: null,
            data: { groupId: target.groupId, groupName: target.groupName, recorded },
          },
        ],
      };
    });
    await forgetRun(context.db, run, null);
  });
}
