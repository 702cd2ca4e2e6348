import type { PersonId } from '../../core/ids.ts';
import type { TeamMember } from '../../ports/mulesoft.ts';
import type { Place } from '../../store/reconcile/runs.ts';
import { linkUsers, stageTeamMembers } from '../../store/reconcile/staging.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties } from '../kernel/context.ts';
import { everyTeam } from '../membership/ready-targets.ts';
import type { Listing } from './read-lists.ts';

type UserRow = Parameters<typeof linkUsers>[2][number];

/**
 * Notes on the way whose Anypoint's users are. A person who signs in under a new name has another Anypoint user. A
 * person who got somebody's former login has that person's user. Each of them gets what they should have, and loses
 * what the other had.
 */
export function usersListing(context: Context): Listing<UserRow> {
  return {
    lane: 'mulesoft',
    read: (_place: Place, from: string | null) => context.mulesoft.pageOfUsers(from),
    async store(place, users, stretch) {
      const moved = await linkUsers(
        context.db,
        { systems: context.idps.all.map(({ system }) => system), place, stretch },
        users,
      );
      const jobs = moved.flatMap((id) => everyTeam(context, { id: id as PersonId }));
      if (jobs.length > 0) await commit(context.db, async () => ({ result: null, jobs }), context.nudge);
    },
    ended: async () => {},
  };
}

/** Stages who is in a team. */
export function teamListing(
  context: Data & Parties,
  ended: (place: Place) => Promise<void>,
): Listing<TeamMember> {
  return {
    lane: 'mulesoft',
    read: (place: Place, from: string | null) => context.mulesoft.pageOfMembers(place.externalId, from),
    store: stageTeamMembers.bind(null, context.db),
    ended,
  };
}
