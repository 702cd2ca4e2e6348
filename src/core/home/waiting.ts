import type { Change } from '../change/change.ts';
import type { PersonId } from '../ids.ts';
import type { MassChange } from '../mass-change/mass-change.ts';
import { type ApproverPlan, distinct, type Given, openStage, slotsOf } from '../policy/routing.ts';

/**
 * Pure: whether a change waits for this person: they may decide in the stage that is open, and have not approved in it.
 */
export function waitsFor({ state, plan, approvals }: Change, personId: PersonId): boolean {
  if (state !== 'asking' || plan === null) return false;
  return isAskedNow(plan, approvals, personId) || mayTakeAway(plan, personId);
}

/** Pure: whether a card on many waits for this person: they may decide on it, and have not answered. */
export function massWaitsFor({ state, plan, answers }: MassChange, personId: PersonId): boolean {
  if (state !== 'asking' || plan === null || answers.some(({ by }) => by === personId)) return false;
  return isAskedNow(plan, [], personId) || mayTakeAway(plan, personId);
}

function isAskedNow(plan: ApproverPlan, given: readonly Given[], personId: PersonId): boolean {
  const { n, stage } = openStage(plan, given);
  const isDone = given.some(({ by, stage: of = 0 }) => by === personId && (!plan.distinct || of === n));
  return !isDone && distinct(slotsOf(stage)).some(({ id }) => id === personId);
}

/** Of what was found: who may take it away though they may not keep it. */
function mayTakeAway({ revert = [] }: ApproverPlan, personId: PersonId): boolean {
  return revert.some(({ id }) => id === personId);
}
