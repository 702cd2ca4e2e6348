import type { Change } from '../change/change.ts';
import type { PersonId } from '../ids.ts';
import { type Entitlement, mayRequest } from '../policy/catalogue.ts';
import { distinct } from '../policy/routing.ts';

/** A person as they are now: where they work and who their manager is. */
export type Placed = { email: string; department: string | null; managerIds: ReadonlySet<PersonId> };

/** A grant that somebody asked for: what it is of, and who approved it as what. */
export type Held = { entitlement: Entitlement | null; change: Pick<Change, 'approvals' | 'plan'> };

/**
 * Pure: why a grant no longer fits who the person is now, in words; empty: it fits. Only what a move can change is
 * looked at; everything else was decided when it was given.
 */
export function noLongerFitting({ entitlement, change }: Held, person: Placed): string[] {
  if (entitlement === null) return ['it has left the catalogue'];
  const why: string[] = [];
  if (!mayRequest(entitlement.requestableBy, person))
    why.push(`not open to ${person.department ?? 'people without a department'}`);
  const former = formerManager(change, person.managerIds);
  if (former !== null) why.push(`approved by ${former} as manager, who is no longer that`);
  return why;
}

/** The name of a manager without whose approval it would not have been given, and who is the manager no more. */
function formerManager(
  { approvals, plan }: Held['change'],
  managerIds: ReadonlySet<PersonId>,
): string | null {
  if (plan === null) return null;
  const asManager = new Set(
    distinct(plan.slots.filter((slot) => slot.source === 'manager')).map((p) => p.id),
  );
  const asOther = new Set(distinct(plan.slots.filter((slot) => slot.source !== 'manager')).map((p) => p.id));
  const former = approvals.find((a) => asManager.has(a.by) && !managerIds.has(a.by));
  if (former === undefined) return null;
  // Of `any` the others' approval stands by itself; of `all` the manager's was one of those needed.
  const statusText = approvals.filter((a) => asOther.has(a.by)).length;
  return plan.of === 'any' && statusText >= plan.quorum ? null : former.name;
}
