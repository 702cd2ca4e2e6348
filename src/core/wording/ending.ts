import type { Cause, Change } from '../change/change.ts';
import type { Names, Said } from './change-status.ts';
import { failureInWords, stuckInWords, tookInWords } from './legs.ts';

/** A granting change that ends, by the revoke that ends it. */
export function endingStatusText(change: Change, ending: Change, names: Names): Said {
  const arrived = hasArrived(change);
  const why = `${causeInWords(ending.cause, safeTicket(change, names))}${arrived ? '' : '; it had not arrived in MuleSoft'}`;
  switch (ending.state) {
    case 'inEffect': {
      const note = ending.inEffectNote === null ? '' : ` (${names.safe(ending.inEffectNote)})`;
      const cleared = ending.late === null ? '' : 'The alarm is cleared. ';
      return {
        mood: 'over',
        label: 'ended',
        headline: arrived
          ? `Ended: ${why}; gone from MuleSoft after ${tookInWords(ending)}${note}`
          : `Ended: ${why}, and MuleSoft does not have it${note}`,
        detail: `${cleared}Ask again with /access when it is needed.`,
      };
    }
    case 'late':
      return {
        mood: 'bad',
        label: 'end is late',
        headline: arrived
          ? `Ended: ${why}; but the access is still in MuleSoft`
          : `Ended: ${why}; but it is not certain yet that MuleSoft does not have it`,
        detail: stuckInWords(ending, names),
      };
    case 'failed':
      return {
        mood: 'bad',
        label: 'end failed',
        headline: `Ended: ${why}; but ${names.idp} refuses to take the access away`,
        detail: `${names.owner} has been alarmed and has to remove it by hand.`,
        words: failureInWords(ending),
      };
    case 'superseded':
      return {
        mood: 'over',
        label: 'ended',
        headline: `Ended: ${why}`,
        detail: overtakenInWords(ending, names),
      };
    default:
      return {
        mood: 'moving',
        label: 'ending',
        headline: `Ending: ${why}`,
        detail: `Taking the access away${change.target === null ? '' : ` (${names.safe(change.target.groupName)})`} and looking until MuleSoft no longer shows it.`,
      };
  }
}

/** A revoke by itself. */
export function revokeStatusText(change: Change, names: Names): Said {
  const why = whyTakenAway(change, names);
  switch (change.state) {
    case 'inEffect': {
      const note = change.inEffectNote === null ? '' : ` (${names.safe(change.inEffectNote)})`;
      const cleared = change.late === null ? '' : ' The alarm is cleared.';
      return {
        mood: 'over',
        label: 'gone',
        headline: `Gone from MuleSoft after ${tookInWords(change)}${note}`,
        detail: `${why}${cleared}`,
      };
    }
    case 'late':
      return {
        mood: 'bad',
        label: 'late',
        headline: 'To be taken away; but still in MuleSoft',
        detail: `${why} ${stuckInWords(change, names)}`,
      };
    case 'failed':
      return {
        mood: 'bad',
        label: 'failed',
        headline: `To be taken away; but ${names.idp} refuses`,
        detail: `${why} ${names.owner} has been alarmed and has to remove it by hand.`,
        words: failureInWords(change),
      };
    case 'superseded':
      return {
        mood: 'over',
        label: 'overtaken',
        headline: 'Not taken away after all',
        detail: overtakenInWords(change, names),
      };
    default:
      return {
        mood: 'moving',
        label: 'being taken away',
        headline: 'Being taken away',
        detail:
          change.legs.idpWrittenAt === null
            ? `${why} Writing to ${names.idp}.`
            : `${why} It is out of ${names.idp}; looking until MuleSoft no longer shows it.`,
      };
  }
}

function overtakenInWords({ stoppedBy }: Change, names: Names): string {
  return stoppedBy === undefined
    ? 'The same access was given anew meanwhile, so it stays.'
    : `${names.safe(stoppedBy)} took the offboarding back before ${names.idp} was told, so the membership is still there; ${names.owner} is asked whether it stays.`;
}

function whyTakenAway(change: Change, names: Names): string {
  const by = change.decision?.by == null ? null : names.safe(change.decision.byName);
  switch (change.cause) {
    case 'release':
      return by === null ? 'Given back.' : `Given back by ${by}.`;
    case 'revert':
      return `Nobody asked for it; ${by === null ? 'by rule it is taken away' : `${by} decided so`}.`;
    case 'review':
      return by === null ? 'Reviewed, and not kept.' : `Reviewed by ${by}, and not kept.`;
    case 'ticketGone':
      return `Its ticket is not to be found any more${by === null ? '' : `, and ${by} ended it`}.`;
    default: {
      const cause = causeInWords(change.cause);
      return `${cause.charAt(0).toUpperCase()}${cause.slice(1)}.`;
    }
  }
}

/** Somebody else's words, made harmless. */
export function safeTicket({ ticket }: Change, names: Names): string | null {
  return ticket === null ? null : names.safe(ticket);
}

/** Access that was granted and never seen has not been there to be taken away. A finding was there. */
export function hasArrived({ grant, legs }: Change): boolean {
  return grant === null || legs.seenAt !== null;
}

/** What becomes of the access when only its grant has ended. */
export function heldOn(change: Change, names: Names): string {
  if (change.ended?.stillHeld !== true) return 'The access is being taken away.';
  return change.ended.stillHeldUntil === null
    ? 'The access itself stays: it was there before Latchkey.'
    : `The same access stays through another grant until ${names.time(change.ended.stillHeldUntil)}.`;
}

/** Why something ends. `ticket`: the one that it ended with, where it is known. */
export function causeInWords(cause: Cause, ticket: string | null = null): string {
  switch (cause) {
    case 'expiry':
      return 'the time is over';
    case 'release':
      return 'given back early';
    case 'leaver':
      return 'the person has left';
    case 'revert':
      return 'nobody asked for it';
    case 'move':
      return 'moved, and it no longer fits';
    case 'birthright':
    case 'renewal':
      return 'the department has it by rule';
    case 'canary':
      return 'the canary’s way back';
    case 'lostApp':
      return 'the MuleSoft app was taken from the person';
    case 'restore':
      return 'given again after a return';
    case 'review':
      return 'reviewed, and not kept';
    case 'ticketClosed':
      return ticket === null ? 'its ticket was closed' : `${ticket} was closed`;
    case 'ticketGone':
      return `${ticket ?? 'its ticket'} is not to be found any more`;
    case 'request':
    case 'extension':
    case 'finding':
    case 'loss':
    case 'breakGlass':
      return 'as asked';
    default:
      return cause satisfies never;
  }
}
