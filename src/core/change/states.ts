import type { ChangeState } from './life-cycle.ts';

/** States in which the change waits for a decision. */
export const pendingStates = ['received', 'asking'] as const satisfies readonly ChangeState[];

export function isPending(state: ChangeState): boolean {
  return (pendingStates as readonly ChangeState[]).includes(state);
}

/** States in which nothing is given yet: it waits for a decision, or for its start. */
export const notBegunStates = [...pendingStates, 'scheduled'] as const satisfies readonly ChangeState[];

export function isNotBegun(state: ChangeState): boolean {
  return (notBegunStates as readonly ChangeState[]).includes(state);
}

/** States in which the change is on its way through IdP, SCIM and Anypoint. */
export const underway = [
  'applying',
  'verifying',
  'awaitingSignIn',
  'late',
] as const satisfies readonly ChangeState[];

export function isUnderway(state: ChangeState): boolean {
  return (underway as readonly ChangeState[]).includes(state);
}
