import type { DelegationEvent, EndReason } from './delegation.ts';

/** The audit entries of a delegation in words. */
export const delegationEntryWords: {
  [T in DelegationEvent['type']]: (event: Extract<DelegationEvent, { type: T }>) => string;
} = {
  delegationNamed: ({ person, delegate, cause }) =>
    cause === 'status'
      ? `${person.name} is away by their status: ${delegate.name} decides in their stead`
      : `${person.name} will be away: ${delegate.name} decides in their stead`,
  delegationBegun: () => 'The absence has begun: what waits is the delegate’s to decide too',
  delegationEnded: ({ why }) => `Nobody decides in their stead any more: ${endReasons[why]}`,
};

/** Why it ended, as the end of a sentence. */
export const endReasons: Record<EndReason, string> = {
  over: 'the time is over',
  back: 'they are back',
  replaced: 'they said anew who decides',
  declined: 'the delegate can’t do it',
  left: 'one of the two has left',
};
