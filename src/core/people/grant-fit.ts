import type { Change } from '../change/change.ts';
import type { PersonId } from '../ids.ts';
import { type Entitlement, mayRequest } from '../policy/catalogue.ts';
import { type ApproverSlot, type ApproverStage, distinct, slotsOf } from '../policy/routing.ts';

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
  for (const [n, stage] of (plan?.stages ?? []).entries()) {
    const given = approvals.filter((a) => plan?.distinct === false || (a.stage ?? 0) === n);
    const former = formerIn(stage, given, managerIds);
    if (former !== null) return former;
  }
  return null;
}

function formerIn(
  stage: ApproverStage,
  given: Held['change']['approvals'],
  managerIds: ReadonlySet<PersonId>,
): string | null {
  const among = (isMeant: (slot: ApproverSlot) => boolean) =>
    new Set(distinct(slotsOf(stage).filter(isMeant)).map((p) => p.id));
  const asManager = among((slot) => slot.source === 'manager');
  const asOther = among((slot) => slot.source !== 'manager');
  const former = given.find((a) => asManager.has(a.by) && !managerIds.has(a.by));
  if (former === undefined) return null;
  // Of `any` the others' approval stands by itself; of `all` the manager's was one of those needed.
  const others = given.filter((a) => asOther.has(a.by)).length;
  return stage.of === 'any' && others >= stage.quorum ? null : former.name;
}
