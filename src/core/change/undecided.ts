import { countInWords, roughlyInWords } from '../duration.ts';
import type { PersonId } from '../ids.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Change, isFound } from './change.ts';
import type { ChangeEvent } from './events.ts';
import { isNotBegun, isPending } from './states.ts';

/** The requester takes a request back that waits for a decision, or for its start. */
export function withdraw(
  change: Change,
  by: { id: PersonId; name: string },
  clickId: string,
  now: Date,
): ChangeEvent[] | Refusal {
  if (change.decision?.clickId === clickId) return [];
  if (isFound(change) || (by.id !== change.requesterId && by.id !== change.personId))
    return refuse('notYours', 'This is not your request.', 'Only the requester can take it back.');
  if (!isNotBegun(change.state))
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

/** Approvers are asked once more at most so often. */
const NUDGES_MAX = 3;
const NUDGE_EVERY_MS = 4 * 3_600_000;

/** Whether any nudge is left; when the next may come is told to whoever presses too early. */
export function mayNudge({ state, cause, nudges }: Pick<Change, 'state' | 'cause' | 'nudges'>): boolean {
  return state === 'asking' && !isFound({ cause }) && (nudges?.length ?? 0) < NUDGES_MAX;
}

/** The requester or the beneficiary asks the approvers once more: once in four hours, three times in all. */
export function nudge(
  change: Change,
  by: { id: PersonId; name: string },
  now: Date,
): ChangeEvent[] | Refusal {
  if (isFound(change) || (by.id !== change.requesterId && by.id !== change.personId))
    return refuse('notYours', 'This is not your request.', 'Only the requester can ask once more.');
  if (change.state !== 'asking')
    return refuse(
      'alreadySettled',
      'Nobody is asked about this any more.',
      'Its message says where it stands.',
    );
  if (!mayNudge(change))
    return refuse(
      'nudgedAlready',
      `The approvers were asked once more ${countInWords(NUDGES_MAX)} times already.`,
      'It lapses by itself if nobody decides; you can also take it back.',
    );
  const last = change.nudges?.at(-1);
  const waitMs = last === undefined ? 0 : last.at.getTime() + NUDGE_EVERY_MS - now.getTime();
  if (waitMs > 0)
    return refuse(
      'nudgedAlready',
      'The approvers were asked once more a short while ago.',
      `You can do so again in ${roughlyInWords(waitMs / 1_000)}.`,
    );
  return [
    {
      type: 'approversNudged',
      changeId: change.id,
      at: now,
      actor: { person: by.id, name: by.name },
      by: { id: by.id, name: by.name },
    },
  ];
}
