import type { Target } from '../core/catalogue.ts';
import { rememberPerson } from '../store/people.ts';
import { hasBaseline, recordBaseline } from '../store/preexisting.ts';
import { commit } from './commit.ts';
import type { Road } from './road.ts';

/**
 * The first look at a group: who is in it already is recorded as pre-existing and never removed silently. An
 * entitlement is offered only after that, so that what Latchkey gave and what was there can't be mixed up.
 */
export async function takeBaseline(road: Pick<Road, 'db' | 'idp' | 'locks'>, target: Target): Promise<void> {
  if (await hasBaseline(road.db, target.groupId)) return;
  await road.locks.withLock(`baseline:${target.groupId}`, async () => {
    if (await hasBaseline(road.db, target.groupId)) return;
    const personIds: string[] = [];
    for await (const member of road.idp.listMembers(target.groupId))
      personIds.push((await rememberPerson(road.db, road.idp.name, member)).id);
    await commit(road.db, async ({ tx, now }) => {
      const recorded = await recordBaseline(
        tx,
        { id: target.groupId, name: target.groupName },
        personIds,
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
  });
}
