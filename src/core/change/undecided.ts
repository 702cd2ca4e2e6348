import type { PersonId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Change, isFound } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { isPending } from './states.ts';

/** The requester takes a pending request back. */
export function withdraw(
  change: Change,
  by: { id: PersonId; name: string },
  clickId: string,
  now: Date,
): ChangeEvent[] | Refusal {
  if (change.decision?.clickId === clickId) return [];
  if (isFound(change) || (by.id !== change.requesterId && by.id !== change.personId))
    return refuse('notYours', 'This is not your request.', 'Only the requester can take it back.');
  if (!isPending(change.state))
    return refuse(
      'alreadySettled',
      'This request is settled already.',
      'If you no longer need the access, press I’m done.',
    );
  return [
    {
      type: 'changeWithdrawn',
      changeId: change.id,
      at: now,
      actor: { person: by.id, name: by.name },
      decision: { outcome: 'withdrawn', by: by.id, byName: by.name, at: now, note: null, clickId },
    },
  ];
}

/** A request that nobody decided in time. */
export function lapse(change: Change, now: Date): ChangeEvent[] {
  if (!isPending(change.state) || change.lapsesAt === null || change.lapsesAt > now) return [];
  return [
    {
      type: 'requestLapsed',
      changeId: change.id,
      at: now,
      actor: { part: 'latchkey' },
      decision: { outcome: 'lapsed', by: null, byName: 'Latchkey', at: now, note: null, clickId: null },
    },
  ];
}
