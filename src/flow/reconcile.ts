import type { Job } from '../core/reactions.ts';
import { personByLink } from '../store/people.ts';
import { commit } from './commit.ts';
import { desiredTeamMembership } from './membership.ts';
import type { Road } from './road.ts';
import { readyTargets, surveyGroup } from './survey.ts';

/**
 * Compares who the IdP has in each group with who is wanted there, and has every difference weighed: it finds what
 * no notification told. Reads only; what it finds goes down the road like everything else. One group at a time,
 * page by page; a group that can't be read now is read the next time.
 */
export async function reconcile(road: Road): Promise<void> {
  const targets = readyTargets(road);
  for (const target of targets) await surveyGroup(road, target);
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
