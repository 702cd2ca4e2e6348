import type { PersonId } from '../../core/ids.ts';
import type { Place } from '../../store/reconcile/runs.ts';
import { linkUsers, stageTeamMembers } from '../../store/reconcile/staging.ts';
import { everyTeam } from '../joiner-mover/review-person.ts';
import { commit } from '../kernel/commit.ts';
import type { Road } from '../kernel/context.ts';
import type { TeamMember } from '../ports.ts';
import type { Listing } from './read-lists.ts';

type UserRow = Parameters<typeof linkUsers>[3][number];

/**
 * Notes on the way whose Anypoint's users are. Who signs in under another name than before has another user, and who got
 * somebody's former login has theirs: each gets what the person should have, and loses what the other had.
 */
export function usersListing(road: Road): Listing<UserRow> {
  return {
    lane: 'mulesoft',
    read: (_place: Place, from: string | null) => road.mulesoft.pageOfUsers(from),
    async store(place, users, stretch) {
      const moved = await linkUsers(road.db, road.idp.name, place, users, stretch);
      const jobs = moved.flatMap((id) => everyTeam(road, { id: id as PersonId }));
      if (jobs.length > 0) await commit(road.db, async () => ({ result: null, jobs }), road.nudge);
    },
    ended: async () => {},
  };
}

/** Stages who is in a team. */
export function teamListing(road: Road): Listing<TeamMember> {
  return {
    lane: 'mulesoft',
    read: (place: Place, from: string | null) => road.mulesoft.pageOfMembers(place.externalId, from),
    store: stageTeamMembers.bind(null, road.db),
    ended: async () => {},
  };
}
