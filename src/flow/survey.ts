import type { Target } from '../core/catalogue.ts';
import type { Job } from '../core/reactions.ts';
import { databaseNow } from '../store/clock.ts';
import { rememberPerson } from '../store/people.ts';
import { wantedInGroup } from '../store/wanted.ts';
import { commit } from './commit.ts';
import { done, type Ran, type Road } from './road.ts';

/** One group, because something told of it. */
export async function survey(road: Road, job: Extract<Job, { job: 'survey' }>): Promise<Ran> {
  const target = readyTargets(road).find(({ groupId }) => groupId === job.groupId);
  if (target !== undefined) await surveyGroup(road, target);
  return done;
}

/** Has every difference between who the IdP has in a group and who is wanted there weighed. */
export async function surveyGroup(road: Road, target: Target): Promise<void> {
  const members = new Set<string>();
  for await (const member of road.idp.listMembers(target.groupId))
    members.add((await rememberPerson(road.db, road.idp.name, member)).id);
  const wanted = await wantedInGroup(road.db, target.groupId, await databaseNow(road.db));
  const differing = [...members]
    .filter((id) => !wanted.has(id))
    .concat([...wanted].filter((id) => !members.has(id)));
  await commit(
    road.db,
    async (unit) => ({
      result: null,
      jobs: differing.map((personId): Job => ({ job: 'weigh', personId, groupId: target.groupId })),
      notes: [
        {
          type: 'groupReconciled',
          at: unit.now,
          actor: { part: 'latchkey' },
          changeId: null,
          data: {
            groupId: target.groupId,
            groupName: target.groupName,
            members: members.size,
            differing: differing.length,
          },
        },
      ],
    }),
    road.nudge,
  );
}

/** Each ready group once, however many entitlements it carries. */
export function readyTargets(road: Road): Target[] {
  const targets = new Map<string, Target>();
  for (const { key } of road.catalogue.current().entitlements) {
    const status = road.catalogue.status(key);
    if (status.status === 'ready') targets.set(status.target.groupId, status.target);
  }
  return [...targets.values()];
}
