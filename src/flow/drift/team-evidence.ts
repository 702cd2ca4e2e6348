import type { TeamDifference } from '../../store/reconcile/compare.ts';
import type { Place } from '../../store/reconcile/runs.ts';
import type { ElsewhereDifference } from '../delivery/compare.ts';
import type { Note, Unit } from '../kernel/commit.ts';

/** Places and people named in a run's evidence; the groups and teams have notes of their own. */
export const PLACES_NAMED_MAX = 20;

/** What a team came to, as evidence. `agrees`: who should be in it is who is shown there. */
export function foundInTeam(
  difference: TeamDifference,
  { missingElsewhere, unmapped }: ElsewhereDifference,
  held: number,
) {
  const { members, missing, extra, maintainers, claimed, foundThere, unlinked } = difference;
  const differing = missing + extra;
  return {
    members,
    differing,
    missing,
    extra,
    held,
    maintainers,
    claimed,
    foundThere,
    unlinked,
    missingElsewhere,
    unmapped,
    agrees: differing + missingElsewhere + unmapped === 0,
  };
}

export function teamNote(
  unit: Unit,
  place: Place,
  difference: TeamDifference,
  found: ReturnType<typeof foundInTeam>,
): Note {
  const { isFirstLook, unlinkedIds, claimedIds } = difference;
  return {
    type: 'teamReconciled',
    at: unit.now,
    actor: { part: 'latchkey' },
    changeId: null,
    data: {
      teamId: place.externalId,
      teamName: place.name,
      ...found,
      isFirstLook,
      unlinkedUsers: unlinkedIds.slice(0, PLACES_NAMED_MAX),
      claimedUsers: claimedIds.slice(0, PLACES_NAMED_MAX),
    },
  };
}
