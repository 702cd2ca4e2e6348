import { type Refusal, refuse } from '../refusal.ts';
import type { Change, Decision } from './change.ts';
import type { Click } from './settle.ts';

/** Refuses what was clicked on a card that shows something else by now, or is settled; null: it counts. */
export function refuseStale(change: Change, click: Click, now: Date): Refusal | null {
  if (change.state === 'asking' && change.lapsesAt !== null && change.lapsesAt <= now)
    return refuse(
      'alreadySettled',
      'This request has lapsed: nobody decided in time.',
      'It has to be asked again.',
    );
  if (change.state === 'received')
    return refuse('staleCard', 'This request is still being prepared.', 'Try again in a moment.');
  // Who may approve can call off what was approved for later.
  if (change.state === 'scheduled' && click.verb === 'deny' && click.round === change.round) return null;
  if (change.state !== 'asking') {
    const who =
      change.decision === null ? 'It is closed' : `${change.decision.byName} ${pastTense(change.decision)}`;
    return refuse('alreadySettled', `${who} already.`, 'Nothing more to do; the card shows what happened.');
  }
  if (click.round !== change.round && !isStillReverted(change, click))
    return refuse(
      'staleCard',
      'This card is out of date: the request was put to approvers anew.',
      'Use the newest card.',
    );
  return null;
}

/**
 * What nobody asked for was taken away on a card that was put to other people meanwhile, and is about the same still.
 * Taking away is not lost to that; whether they may is looked up as for any click.
 */
function isStillReverted({ cause, round, sameSince = round }: Change, click: Click): boolean {
  return cause === 'finding' && click.verb === 'deny' && click.round >= sameSince && click.round < round;
}

function pastTense(decision: Decision): string {
  switch (decision.outcome) {
    case 'approved':
      return 'approved this';
    case 'denied':
      return 'denied this';
    case 'withdrawn':
      return 'withdrew this';
    case 'lapsed':
      return 'let this lapse';
    case 'closed':
      return 'closed this';
    default:
      return decision.outcome satisfies never;
  }
}
