import type { Job } from '../../core/jobs/reactions.ts';
import type { Target } from '../../core/policy/catalogue.ts';
import { missingInTeam, openDeliveryTrouble } from '../../store/delivery-troubles.ts';
import type { Place } from '../../store/reconcile/runs.ts';
import type { Note, Unit } from '../kernel/commit.ts';
import { carriedElsewhere, missingSeen } from './troubles.ts';

/** Of those who are missed so many are named. */
const NAMED_MAX = 1_000;

export type ElsewhereDifference = {
  /** Who should be in the team by a group that something else carries, and is not shown there. */
  missingElsewhere: number;
  /** Groups whose mapping is not as it should be. */
  unmapped: number;
  notes: Note[];
  jobs: Job[];
};

/**
 * What a comparison of a team comes to where something else carries groups to it. Latchkey writes nothing there: the
 * owners and the admins are told, once two comparisons in a row have found it.
 */
export async function compareElsewhere(
  unit: Unit,
  team: Place,
  { targets, groups }: { targets: readonly Target[]; groups: readonly Place[] },
): Promise<ElsewhereDifference> {
  const difference: ElsewhereDifference = { missingElsewhere: 0, unmapped: 0, notes: [], jobs: [] };
  const seen = new Set<string>();
  for (const target of carriedElsewhere(targets)) {
    const group = groups.find(({ externalId }) => externalId === target.groupId);
    // Two entitlements may be one group.
    if (group === undefined || seen.has(target.groupId)) continue;
    seen.add(target.groupId);
    const ids = await missingInTeam(unit.tx, target, { team, group, limit: NAMED_MAX });
    const told = await missingSeen(unit, target, ids);
    difference.missingElsewhere += ids.length;
    difference.unmapped += (await openDeliveryTrouble(unit.tx, 'unmapped', target)) === null ? 0 : 1;
    difference.notes.push(...told.notes);
    difference.jobs.push(...told.jobs);
  }
  return difference;
}
