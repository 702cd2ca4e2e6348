import type { ChangeState } from './life-cycle.ts';

/** States in which the change waits for a decision. */
export const pendingStates = ['received', 'asking'] as const satisfies readonly ChangeState[];

export function isPending(state: ChangeState): boolean {
  return (pendingStates as readonly ChangeState[]).includes(state);
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
