import type { ChangeId } from '../ids.ts';
import { type ApproverPlan, slotsOf } from '../policy/routing.ts';
import type { Change } from './change.ts';

/** The known state of another change of the same joint request. */
export type Sibling = Pick<Change, 'id' | 'state' | 'plan' | 'cardOf'>;

/**
 * Pure: the change whose card shows this part of a joint request. There is one card for each set of approvers. It
 * belongs to the first change that was put to them. Undefined: it has a card of its own.
 */
export function cardFor(plan: ApproverPlan, siblings: readonly Sibling[]): ChangeId | undefined {
  const set = approverSet(plan);
  return siblings.find(
    (other) =>
      other.state === 'asking' &&
      other.cardOf === undefined &&
      other.plan !== null &&
      approverSet(other.plan) === set,
  )?.id;
}

/** Two plans have one if the same people decide, as many of them, in one order of stages. */
function approverSet({ stages }: ApproverPlan): string {
  return JSON.stringify(
    stages.map((stage) => [
      stage.of,
      stage.quorum,
      slotsOf(stage).map(({ people, quorum = 1 }) => [people.map(({ id }) => id).sort(), quorum]),
    ]),
  );
}
