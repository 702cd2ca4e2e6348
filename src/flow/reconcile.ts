import type { Target } from '../core/catalogue.ts';
import type { Job } from '../core/reactions.ts';
import { databaseNow } from '../store/clock.ts';
import { personByLink, rememberPerson } from '../store/people.ts';
import { wantedInGroup } from '../store/wanted.ts';
import { commit } from './commit.ts';
import { desiredTeamMembership } from './membership.ts';
import type { Road } from './road.ts';

/**
 * Compares who the IdP has in each group with who is wanted there, and has every difference weighed: it finds what
 * no notification told. Reads only; what it finds goes down the road like everything else. One group at a time,
 * page by page; a group that can't be read now is read the next time.
 */
export async function reconcile(road: Road): Promise<void> {
  const targets = readyTargets(road);
  for (const target of targets) await reconcileGroup(road, target);
  for (const teamId of new Set(targets.map((target) => target.teamId))) await reconcileTeam(road, teamId);
}

/** Has everybody delivered anew whom Anypoint shows in a team that nothing gives them. */
async function reconcileTeam(road: Road, teamId: string): Promise<void> {
  const jobs: Job[] = [];
  for await (const userId of road.mulesoft.listMembers(teamId)) {
    const person = await personByLink(road.db, 'anypoint', userId);
    if (person === null) continue;
    if ((await desiredTeamMembership(road, person, teamId)) === 'out')
      jobs.push({ job: 'deliver', personId: person.id, teamId });
  }
  if (jobs.length > 0) await commit(road.db, async () => ({ result: null, jobs }), road.nudge);
}

async function reconcileGroup(road: Road, target: Target): Promise<void> {
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

/** Each group once, however many entitlements it carries. */
function readyTargets(road: Road): Target[] {
  const targets = new Map<string, Target>();
  for (const { key } of road.catalogue.current().entitlements) {
    const status = road.catalogue.status(key);
    if (status.status === 'ready') targets.set(status.target.groupId, status.target);
  }
  return [...targets.values()];
}
