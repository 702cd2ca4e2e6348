import { type Change, isFound } from '../change/change.ts';
import { durationInWords } from '../duration.ts';
import {
  inTheirName,
  isApproved,
  isStranded,
  openStage,
  stillMissing,
  withAuthorKnown,
} from '../policy/routing.ts';
import { approvedBy, decidedBy } from './deciders.ts';
import { causeInWords, endingStatusText, heldOn, revokeStatusText, safeTicket } from './ending.ts';
import { afterInWords, failureInWords, stuckInWords, wayInWords } from './legs.ts';
import { fromNextSignIn } from './next-sign-in.ts';
import { newsOfTicket, untilTicket } from './ticket.ts';

/** Where a change stands, in words for people; the same on the card, in direct messages and on the timeline. */
export type StatusText = {
  mood: Mood;
  /** The status in one or two words, for a place with no room for more. */
  label: string;
  /** What happened. */
  headline: string;
  /** Why, and what next; may be empty. */
  detail: string;
  /** Words of others (a reason, an error), to be shown and never interpreted; null when there are none. */
  words: string | null;
};

/** `no`: a person or a rule decided against it. `bad`: something has to be mended. */
export type Mood = 'waiting' | 'moving' | 'good' | 'no' | 'bad' | 'over';

export type Names = {
  beneficiary: string;
  /** The words are for the beneficiary alone: `you`. */
  isToThem: boolean;
  /** Titles of the entitlement as the catalogue has it. */
  title: string;
  /** Who may decide, joined. */
  deciders: string;
  owner: string;
  idp: string;
  /** Where people sign in to Anypoint, as the medium shows addresses; left out: not known. */
  signInAt?: string;
  /** A point in time, for the medium at hand. */
  time: (at: Date) => string;
  /** Makes a name that is not ours harmless in the medium at hand. */
  safe: (text: string) => string;
};

/** A granting change, with the revoke that ends it where there is one; or a revoke by itself. */
export function statusText(change: Change, ending: Change | null, names: Names): StatusText {
  const said =
    change.kind === 'revoke'
      ? revokeStatusText(change, names)
      : ending === null
        ? grantStatusText(change, names)
        : endingStatusText(change, ending, names);
  return { words: null, ...said };
}

/** `words` may be left out. */
export type Said = Omit<StatusText, 'words'> & { words?: string | null };

function grantStatusText(change: Change, names: Names): Said {
  const { decision, grant } = change;
  const until = grant === null ? '' : ` until ${names.time(grant.endsAt)}${untilTicket(change, names.safe)}`;
  return grantTexts[change.state]({
    change,
    names,
    decision,
    by: decision === null ? '' : approvedBy(change, names.safe),
    until,
    access: grant === null ? '' : ` Access${until}.`,
  });
}

/** What the texts of a grant are made of. */
type Parts = {
  change: Change;
  names: Names;
  decision: Change['decision'];
  /** Who approved it; empty: nobody yet. */
  by: string;
  /** ` until <time>`; empty where nothing is granted. */
  until: string;
  /** That as a sentence of its own. */
  access: string;
};

function onItsWay({ change, names, by, access }: Parts): Said {
  return {
    mood: 'moving',
    label: 'on its way',
    headline: `Approved ${by}`,
    detail: `${wayInWords(change, names.idp)}${access}`,
  };
}

/** One text for each state of a change that grants. */
const grantTexts: Record<Change['state'], (parts: Parts) => Said> = {
  received: () => ({
    mood: 'moving',
    label: 'received',
    headline: 'Received',
    detail: 'Latchkey is gathering the facts.',
  }),
  asking: ({ change, names }) => ({
    mood: 'waiting',
    label: 'waiting for a decision',
    headline: isWithAdmins(change) ? 'Waiting for the catalogue’s admins' : 'Waiting for a decision',
    detail: waitingDetail(change, names),
  }),
  refused: ({ change }) => ({
    mood: 'no',
    label: 'refused',
    headline: change.scheduled == null ? 'Refused' : 'Approved for later, but not given: it no longer fits',
    detail: '',
    words: `${change.refusal?.text ?? ''} ${change.refusal?.next ?? ''}`.trim(),
  }),
  denied: ({ change, names, decision }) => ({
    mood: 'no',
    label: 'denied',
    headline: `${deniedInWords(change)} by ${decidedBy(change, names.safe)}`,
    detail: '',
    words: `Reason: ${decision?.note ?? ''}`,
  }),
  withdrawn: ({ change, names }) => ({
    mood: 'over',
    label: isFound(change) ? 'on one card' : 'taken back',
    headline: isFound(change)
      ? 'Asked about with many others'
      : `Taken back by ${decidedBy(change, names.safe)}`,
    detail: isFound(change) ? 'It is on one card with them now.' : 'Nothing was changed.',
  }),
  lapsed: ({ change }) => ({
    mood: 'over',
    label: 'lapsed',
    headline: 'Lapsed',
    detail: isNeverBegun(change)
      ? 'It was approved, but its time was over before it could begin, so nothing was changed. Ask again if it is still needed.'
      : 'Nobody decided in time, so nothing was changed. Ask again if it is still needed.',
  }),
  closed: ({ change, names, decision }) => ({
    mood: 'over',
    label: 'closed',
    headline: 'Closed',
    detail: `${names.safe(sentence(decision?.note ?? ''))} ${isFound(change) ? 'Every membership is taken away.' : 'Nothing was changed.'}`,
  }),
  scheduled: ({ change, names, by }) => ({
    mood: 'waiting',
    label: 'approved for later',
    headline: `Approved ${by}; begins ${names.time(change.scheduled?.startsAt ?? change.requestedAt)}`,
    detail: scheduledDetail(change, names),
    words: change.scheduled?.delayed?.why ?? null,
  }),
  applying: onItsWay,
  verifying: onItsWay,
  awaitingSignIn: ({ change, names, by, access }) =>
    change.target?.delivery === 'claim'
      ? fromNextSignIn({ change, names, by, access })
      : {
          mood: 'waiting',
          label: 'waiting for first sign-in',
          headline: `Approved ${by}; waiting for first sign-in`,
          detail: `${names.isToThem ? 'You have' : `${names.beneficiary} has`} never signed in to Anypoint. Sign in once${names.signInAt === undefined ? '' : ` at ${names.signInAt}`}; the access arrives then.${access}`,
          words: change.signInTrouble ?? null,
        },
  late: ({ change, names, by, access }) => ({
    mood: 'bad',
    label: 'late',
    headline: `Approved ${by}; but not in MuleSoft yet`,
    detail: `${stuckInWords(change, names)}${access}`,
  }),
  inEffect({ change, names, by, until }) {
    const cleared = change.late === null ? '' : ' The alarm is cleared.';
    return {
      mood: 'good',
      label: 'in effect',
      headline: `In effect in MuleSoft ${afterInWords(change)}`,
      detail: `Approved ${by}${until === '' ? '' : `; access${until}`}.${newsOfTicket(change, names.safe)}${cleared}`,
    };
  },
  ended({ change, names }) {
    if (change.reopened !== undefined)
      return {
        mood: 'bad',
        label: 'asked anew',
        headline: `Kept by ${names.safe(change.reopened.name)}, who did it: it does not stand`,
        detail: `${names.idp} says now that ${names.safe(change.reopened.name)} put ${names.beneficiary} there. The grant has ended, and others are asked on a card of its own.`,
      };
    if (change.ended?.cause === 'extension') return extendedText(change, names);
    return {
      mood: 'over',
      label: 'ended',
      headline: `Ended: ${causeInWords(change.ended?.cause ?? 'expiry', safeTicket(change, names))}`,
      detail: heldOn(change, names),
    };
  },
  superseded({ change, names }) {
    if (change.ended?.cause === 'extension') return extendedText(change, names);
    return change.ended === null
      ? {
          mood: 'over',
          label: 'overtaken',
          headline: 'Overtaken',
          detail: 'A later decision replaced this one.',
        }
      : {
          mood: 'over',
          label: 'ended',
          headline: `Ended: ${causeInWords(change.ended.cause, safeTicket(change, names))}`,
          detail: heldOn(change, names),
        };
  },
  failed: ({ change, names, by }) => ({
    mood: 'bad',
    label: 'failed',
    headline: `Approved ${by}; but ${names.idp} refuses the change`,
    detail: `${names.owner} has been alarmed; once it is mended, ask again.`,
    words: failureInWords(change),
  }),
};

function isWithAdmins({ plan, approvals }: Change): boolean {
  return plan !== null && openStage(plan, approvals).stage.escalated;
}

/** It goes on under the extension, whose message has the buttons and the end. */
function extendedText({ ended }: Change, names: Names): Said {
  const until = ended?.stillHeldUntil == null ? '' : ` until ${names.time(ended.stillHeldUntil)}`;
  return {
    mood: 'good',
    label: 'extended',
    headline: `Extended${until}`,
    detail: 'The message about the extension has it from here on.',
  };
}

/** It was approved, and its end came before it could begin. */
export function isNeverBegun({ state, decision }: Pick<Change, 'state' | 'decision'>): boolean {
  return state === 'lapsed' && decision?.note != null;
}

function scheduledDetail({ scheduled }: Change, names: Names): string {
  if (scheduled == null) return '';
  const until = `From ${names.time(scheduled.startsAt)} until ${names.time(scheduled.endsAt)}.`;
  return scheduled.delayed === undefined
    ? `${until} It is looked at again at its start: if it no longer fits then, it is not given.`
    : `${until} Its start has come, but whether it still fits can’t be checked now. It is tried again until its end.`;
}

/** Nobody asked for what was found, so nobody is denied anything; what was approved for later is called off. */
function deniedInWords({ cause, scheduled }: Change): string {
  if (scheduled != null) return 'Called off before its start';
  if (cause === 'finding') return 'Taken away';
  return cause === 'loss' ? 'Let end' : 'Denied';
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function waitingDetail(change: Change, names: Names): string {
  const nudged = change.nudges?.at(-1);
  const once = nudged === undefined ? '' : ` Asked once more ${names.time(nudged.at)}.`;
  const lapses = `${once}${change.lapsesAt === null ? '' : ` Lapses ${names.time(change.lapsesAt)}.`}`;
  const { plan, approvals } = change;
  if (plan === null || isStranded(plan))
    return `Nobody can decide on this: the approver rule leaves too few people. ${names.owner} has to mend the catalogue.${lapses}`;
  if (approvals.length === 0) return `Waiting for ${names.deciders}.${lapses}`;
  if (plan.author?.is === 'awaited' && isApproved(withAuthorKnown(plan), approvals))
    return `Kept by ${approvals.map((a) => names.safe(a.name)).join(', ')} as soon as it is known who did it, ${names.time(new Date(plan.author.until))} at the latest.`;
  const missing = stillMissing(plan, approvals, names.safe);
  return `Approved by ${approvals.map((a) => inTheirName(a.name, a.insteadOf, names.safe)).join(', ')}; still needed: ${missing}.${lapses}`;
}

/** The request in one line: `Orders API for 1 day`. */
export function askedInWords(change: Change, title: string): string {
  const time = change.requestedSeconds === null ? '' : ` for ${durationInWords(change.requestedSeconds)}`;
  const ends = untilTicket(change);
  return change.cause === 'extension'
    ? `${title},${time.replace(' for', '')} longer${ends}`
    : `${title}${time}${ends}`;
}

/** From when it is asked for, to follow that line: ` from <time>`; empty: at once. */
export function fromInWords({ startsAt }: Pick<Change, 'startsAt'>, time: Names['time']): string {
  return startsAt === undefined ? '' : ` from ${time(startsAt)}`;
}
