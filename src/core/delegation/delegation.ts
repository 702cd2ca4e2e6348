import type { Actor } from '../change/events.ts';
import { invariant } from '../fault.ts';
import type { DelegationId, PersonId } from '../ids.ts';

/** A person with how messages name them. */
export type Who = { id: PersonId; name: string };

/** Somebody is away, and a colleague whom they named decides in their stead until they are back. */
export type Delegation = {
  id: DelegationId;
  state: DelegationState;
  /** Grows by one with every event. */
  version: number;
  /** Who is away. */
  person: Who;
  /** Who decides in their stead. */
  delegate: Who;
  startsAt: Date;
  endsAt: Date;
  /** They said so in a form, or by their status in the chat. */
  cause: 'asked' | 'status';
  ended: { at: Date; why: EndReason; by: PersonId | null } | null;
};

/**
 * Why a delegation ended.
 * - `over`: its time is over
 * - `back`: the approver is back
 * - `replaced`: the approver named another delegate
 * - `declined`: the delegate can't
 * - `left`: one of the two has left
 */
export type EndReason = 'over' | 'back' | 'replaced' | 'declined' | 'left';

/** The life cycle, whole: state by event. What is not listed can't happen. */
export const delegationLifeCycle = {
  planned: { delegationBegun: 'active', delegationEnded: 'ended' },
  active: { delegationEnded: 'ended' },
  ended: {},
} as const satisfies Record<string, Partial<Record<DelegationEvent['type'], string>>>;

export type DelegationState = keyof typeof delegationLifeCycle;

/** What happened, in the past tense. Every event is one audit entry. */
export type DelegationEvent = { delegationId: DelegationId; at: Date; actor: Actor } & (
  | ({ type: 'delegationNamed' } & Pick<Delegation, 'person' | 'delegate' | 'startsAt' | 'endsAt' | 'cause'>)
  | { type: 'delegationBegun' }
  | { type: 'delegationEnded'; why: EndReason; by: PersonId | null }
);

/** States in which it counts, or will. */
export const openDelegationStates = ['planned', 'active'] as const satisfies readonly DelegationState[];

/** The delegation after one more event. Throws `bug.invariant` for an event that can't happen in this state. */
export function evolveDelegation(before: Delegation | null, event: DelegationEvent): Delegation {
  if (event.type === 'delegationNamed') {
    invariant(before === null, `delegation ${event.delegationId} is named twice`);
    const { person, delegate, startsAt, endsAt, cause } = event;
    const about = { person, delegate, startsAt, endsAt, cause };
    return { id: event.delegationId, state: 'planned', version: 1, ...about, ended: null };
  }
  invariant(before !== null, `${event.type} before delegationNamed`);
  const state = (
    delegationLifeCycle[before.state] as Partial<Record<DelegationEvent['type'], DelegationState>>
  )[event.type];
  invariant(state !== undefined, `${event.type} can't happen to a delegation that is ${before.state}`);
  const after = { ...before, state, version: before.version + 1 };
  return event.type === 'delegationEnded'
    ? { ...after, ended: { at: event.at, why: event.why, by: event.by } }
    : after;
}
