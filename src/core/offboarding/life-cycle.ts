import type { OffboardingEvent } from './events.ts';

/** The life cycle, whole: state by event. What is not listed can't happen. */
export const offboardingLifeCycle = {
  asking: {
    leaverConfirmed: 'underway',
    offboardingDismissed: 'closed',
    accessEnded: 'asking',
    groupsGone: 'asking',
    teamsLeft: 'asking',
    lookalikesFound: 'asking',
    teamsGone: 'asking',
    offboardingLate: 'asking',
    offboardingCaughtUp: 'asking',
    offboardingReturned: 'returned',
    offboardingClosed: 'closed',
  },
  held: {
    leaverConfirmed: 'underway',
    offboardingDismissed: 'closed',
    teamsLeft: 'held',
    lookalikesFound: 'held',
    teamsGone: 'held',
    offboardingLate: 'held',
    offboardingCaughtUp: 'held',
    offboardingReturned: 'returned',
  },
  underway: {
    requestsClosed: 'underway',
    approvalsRerouted: 'underway',
    accessEnded: 'underway',
    groupsGone: 'underway',
    teamsLeft: 'underway',
    lookalikesFound: 'underway',
    teamsGone: 'underway',
    applicationsFound: 'underway',
    handOverAgreed: 'underway',
    applicationDecided: 'underway',
    applicationFailed: 'underway',
    applicationSettled: 'underway',
    offboardingLate: 'underway',
    offboardingCaughtUp: 'underway',
    ownersReminded: 'underway',
    accessGone: 'appsOpen',
    directoryAgreed: 'underway',
    offboardingReturned: 'returned',
    offboardingCancelled: 'cancelled',
  },
  appsOpen: {
    requestsClosed: 'appsOpen',
    approvalsRerouted: 'appsOpen',
    accessEnded: 'appsOpen',
    teamsLeft: 'appsOpen',
    lookalikesFound: 'appsOpen',
    applicationsFound: 'appsOpen',
    handOverAgreed: 'appsOpen',
    applicationDecided: 'appsOpen',
    applicationFailed: 'appsOpen',
    applicationSettled: 'appsOpen',
    offboardingLate: 'appsOpen',
    offboardingCaughtUp: 'appsOpen',
    ownersReminded: 'appsOpen',
    offboardingReported: 'closed',
    directoryAgreed: 'appsOpen',
    offboardingReturned: 'returned',
    offboardingCancelled: 'cancelled',
  },
  closed: { offboardingReturned: 'returned', offboardingCancelled: 'cancelled' },
  returned: { teamsGivenBack: 'returned', accessRestored: 'returned' },
  cancelled: { accessRestored: 'cancelled' },
} as const satisfies Record<string, Partial<Record<OffboardingEvent['type'], string>>>;

export type OffboardingState = keyof typeof offboardingLifeCycle;

export function nextOffboardingState(
  state: OffboardingState,
  event: OffboardingEvent['type'],
): OffboardingState | null {
  return (
    (offboardingLifeCycle[state] as Partial<Record<OffboardingEvent['type'], OffboardingState>>)[event] ??
    null
  );
}
