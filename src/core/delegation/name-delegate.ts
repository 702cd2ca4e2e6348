import type { Actor } from '../change/events.ts';
import type { DelegationId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import type { Delegation, DelegationEvent, EndReason, Who } from './delegation.ts';

/** Longest absence, in days: who is away for longer is no approver, and the catalogue names another. */
export const AWAY_DAYS_MAX = 92;
const DAY_MS = 86_400_000;

/** What somebody wants, and what is known of both. */
export type Naming = {
  id: DelegationId;
  person: Who;
  delegate: Who;
  /** Null: from now on. */
  startsAt: Date | null;
  endsAt: Date;
  cause: Delegation['cause'];
  /** Of the person's own that are not over. */
  own: readonly Delegation[];
  /** Those not over in which the delegate is away themselves. */
  ofDelegate: readonly Delegation[];
  now: Date;
};

/** `about`: what of it is refused. */
export type NamingRefusal = Refusal & { about: 'times' | 'delegate' };

/**
 * Names who decides while a person is away. It replaces what they had said before. A delegate is there themselves: so
 * there is neither a circle nor a chain. Pure.
 */
export function nameDelegate(naming: Naming): DelegationEvent[] | NamingRefusal {
  const { id, person, delegate, endsAt, cause, own, now } = naming;
  const startsAt = naming.startsAt === null || naming.startsAt < now ? now : naming.startsAt;
  const times = refuseTimes(startsAt, endsAt, now);
  if (times !== null) return { ...times, about: 'times' };
  const cant = refuseDelegate(naming, startsAt);
  if (cant !== null) return { ...cant, about: 'delegate' };
  const base = { at: now, actor: { person: person.id, name: person.name } satisfies Actor };
  const named: DelegationEvent[] = [
    { ...base, type: 'delegationNamed', delegationId: id, person, delegate, startsAt, endsAt, cause },
    ...(startsAt <= now ? [{ ...base, type: 'delegationBegun', delegationId: id } as const] : []),
  ];
  return [...own.map((one) => ended(one, 'replaced', person, now)), ...named];
}

function refuseTimes(startsAt: Date, endsAt: Date, now: Date): Refusal | null {
  if (endsAt <= now)
    return refuse('delegationInvalid', 'The end of your absence is in the past.', 'Choose a later time.');
  if (endsAt <= startsAt)
    return refuse(
      'delegationInvalid',
      'Your absence would end before it begins.',
      'Choose an end after the beginning.',
    );
  if (endsAt.getTime() - startsAt.getTime() > AWAY_DAYS_MAX * DAY_MS)
    return refuse(
      'delegationInvalid',
      `Somebody can decide in your stead for ${AWAY_DAYS_MAX} days at most.`,
      'Choose an earlier end, or ask the catalogue’s admins to name another approver.',
    );
  return null;
}

function refuseDelegate({ person, delegate, endsAt, ofDelegate }: Naming, startsAt: Date): Refusal | null {
  if (delegate.id === person.id)
    return refuse(
      'delegationInvalid',
      'You can’t decide in your own stead.',
      'Name a colleague who is there meanwhile.',
    );
  const away = ofDelegate.find((one) => one.startsAt < endsAt && startsAt < one.endsAt);
  if (away === undefined) return null;
  return refuse(
    'delegationInvalid',
    away.delegate.id === person.id
      ? `${delegate.name} is away then and has named you: it would go round in a circle.`
      : `${delegate.name} is away then too, and what was passed on once is not passed on again.`,
    'Name a colleague who is there meanwhile.',
  );
}

function ended(one: Delegation, why: EndReason, by: Who | null, now: Date): DelegationEvent {
  return {
    type: 'delegationEnded',
    delegationId: one.id,
    at: now,
    actor: by === null ? { part: 'latchkey' } : { person: by.id, name: by.name },
    why,
    by: by?.id ?? null,
  };
}

/** Who was away is back, before the time they had said. Empty: they were not away. */
export function endOwn(own: readonly Delegation[], person: Who, now: Date): DelegationEvent[] {
  return own.map((one) => ended(one, 'back', person, now));
}

/**
 * The delegate can't do it. The approver who is away has to name another. Until then waiting decisions are theirs alone
 * again.
 */
export function declineDelegation(
  delegation: Delegation | null,
  by: Who,
  now: Date,
): DelegationEvent[] | Refusal {
  if (delegation === null || delegation.delegate.id !== by.id)
    return refuse('notYours', 'Nobody named you for this.', 'Nothing more to do.');
  return delegation.state === 'ended' ? [] : [ended(delegation, 'declined', by, now)];
}

/** What time brings: it begins, and it ends by itself. Pure. */
export function delegationDue(delegation: Delegation, now: Date): DelegationEvent[] {
  if (delegation.state === 'ended') return [];
  if (delegation.endsAt <= now) return [ended(delegation, 'over', null, now)];
  if (delegation.state === 'active' || delegation.startsAt > now) return [];
  return [{ type: 'delegationBegun', delegationId: delegation.id, at: now, actor: { part: 'latchkey' } }];
}

/** One of the two has left: nobody decides in anybody's stead any more. */
export function endForLeaver(delegation: Delegation, now: Date): DelegationEvent[] {
  return delegation.state === 'ended' ? [] : [ended(delegation, 'left', null, now)];
}
