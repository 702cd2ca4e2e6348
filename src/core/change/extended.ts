import { durationInWords } from '../duration.ts';
import type { PersonId } from '../ids.ts';
import type { Entitlement } from '../policy/catalogue.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Change, isByRule, isCanary } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { nextState } from './life-cycle.ts';

/**
 * Pure: an extension is one access and not two. The earlier grant ends with its approval and goes on under it. So there
 * is one end, one warning and one message with buttons. A grant that would end later than the extension stays as it is:
 * an extension takes nothing away. An extension that ends with its ticket takes over only what ends with that ticket
 * too: closed early, it would end the other before its approved end. A birthright is renewed by rules.
 */
export function takenOver(
  events: readonly ChangeEvent[],
  earlier: readonly Change[],
  extension: EndingWith,
): ChangeEvent[] {
  const approved = events.find((event) => event.type === 'changeApproved');
  if (approved === undefined || approved.grant === null) return [];
  const { grant, target } = approved;
  return earlier
    .filter(
      (change) =>
        change.id !== approved.changeId &&
        change.grant !== null &&
        change.ended === null &&
        !isByRule(change) &&
        !isCanary(change) &&
        change.target?.groupId === target.groupId &&
        change.grant.startsAt <= grant.startsAt &&
        change.grant.endsAt <= grant.endsAt &&
        endsNoEarlier(extension, change) &&
        nextState(change.state, 'grantEnded') !== null,
    )
    .map((change) => ({
      type: 'grantEnded',
      changeId: change.id,
      at: approved.at,
      actor: approved.actor,
      cause: 'extension',
      by: approved.decision.by,
      revokeId: null,
      stillHeld: true,
      stillHeldUntil: grant.endsAt,
      extendedBy: approved.changeId,
    }));
}

type EndingWith = Pick<Change, 'ticket'> & Partial<Pick<Change, 'endsWithTicket'>>;

/** Whether closing the extension's ticket ends nothing that was approved without that ticket. */
function endsNoEarlier(extension: EndingWith, change: Change): boolean {
  return (
    extension.endsWithTicket !== true ||
    (change.endsWithTicket === true && change.ticket === extension.ticket)
  );
}

/** What decides when an extension would end. */
export type Extending = { heldUntil: Date; seconds: number; maxSeconds: number; now: Date };

/**
 * Pure: when an access that is extended would end. It goes on from its end, and never longer than the written maximum
 * from now. So extending again and again does not add up to more.
 */
export function extendedUntil({ heldUntil, seconds, maxSeconds, now }: Extending): Date {
  return new Date(Math.min(heldUntil.getTime() + seconds * 1_000, now.getTime() + maxSeconds * 1_000));
}

/** Pure: for how many seconds a grant was given; null: nothing was granted. */
export function givenSeconds({ requestedSeconds, grant, approvals, cause }: Change): number | null {
  if (grant === null) return null;
  // An extension begins where the access would have ended, so its length says nothing.
  if (cause === 'extension' && requestedSeconds !== null)
    return Math.min(requestedSeconds, ...approvals.map((a) => a.seconds ?? requestedSeconds));
  return Math.round((grant.endsAt.getTime() - grant.startsAt.getTime()) / 1_000);
}

/**
 * Pure: by how many seconds one click extends. That is as long as it was given for, within the limits. Null: nothing to
 * extend.
 */
export function sameAgain(change: Change, entitlement: Pick<Entitlement, 'maxSeconds'>): number | null {
  const given = givenSeconds(change);
  // A reviewer said that it is not to go on: whoever needs it all the same asks anew, and says why.
  if (change.renewalDeclined !== undefined) return null;
  return given === null || given <= 0 ? null : Math.min(given, entitlement.maxSeconds);
}

/**
 * Pure: its holder, or who asked for it, lets it end: nobody is warned any more. No events: they said so before.
 */
export function letEnd(
  change: Change,
  by: { id: PersonId; name: string },
  now: Date,
): ChangeEvent[] | Refusal {
  if (by.id !== change.personId && by.id !== change.requesterId)
    return refuse('notYours', 'This is not your access.', 'Only its holder or requester can let it end.');
  if (change.ended !== null || change.grant === null || nextState(change.state, 'endAgreed') === null)
    return refuse('nothingToEnd', 'This access has ended already.', 'Nothing more to do.');
  if (change.endAgreed !== undefined) return [];
  return [
    {
      type: 'endAgreed',
      changeId: change.id,
      at: now,
      actor: { person: by.id, name: by.name },
      by: { id: by.id, name: by.name },
    },
  ];
}

/** Why extending it by so much would lengthen nothing: it is held as long already. Null: it would. */
export function refuseExtension(
  { title, maxSeconds }: Pick<Entitlement, 'title' | 'maxSeconds'>,
  extending: Omit<Extending, 'maxSeconds'>,
): Refusal | null {
  const until = extendedUntil({ ...extending, maxSeconds });
  const leastMs = Math.min(LEAST_MS, extending.seconds * 500);
  if (until.getTime() - extending.heldUntil.getTime() >= leastMs) return null;
  return refuse(
    'nothingToExtend',
    `${title} is held already for as long as can be given at once, ${durationInWords(maxSeconds)} from now.`,
    'Extend it nearer to its end.',
  );
}

/** Less than this, or than half of what was asked for, is not worth an approver's click. */
const LEAST_MS = 60_000;
