import { type Cause, type Change, type Leg, legTimes } from './change.ts';
import { durationInWords, elapsedInWords } from './duration.ts';
import { isStranded, stillMissing } from './routing.ts';

/** Where a change stands, in words for people; the same on the card, in direct messages and on the timeline. */
export type Standing = {
  mood: 'waiting' | 'moving' | 'good' | 'bad' | 'over';
  /** What happened. */
  headline: string;
  /** Why, and what next; may be empty. */
  detail: string;
  /** Words of others (a reason, an error), to be shown and never interpreted; null when there are none. */
  words: string | null;
};

export type Names = {
  beneficiary: string;
  /** Titles of the entitlement as the catalogue has it. */
  title: string;
  /** Who may decide, joined. */
  deciders: string;
  owner: string;
  idp: string;
  /** A point in time, for the medium at hand. */
  time: (at: Date) => string;
  /** Makes a name that is not ours harmless in the medium at hand. */
  safe: (text: string) => string;
};

const legNames: Record<Leg, (idp: string) => string> = {
  idpWrite: (idp) => `the write to ${idp}`,
  scimPush: (idp) => `${idp}’s SCIM push`,
  delivery: () => 'the delivery into Anypoint',
  signIn: () => 'the first sign-in to Anypoint',
};

export function legName(leg: Leg, idp: string): string {
  return legNames[leg](idp);
}

/** A granting change, with the revoke that ends it where there is one. */
export function standing(change: Change, ending: Change | null, names: Names): Standing {
  return { words: null, ...standingOf(change, ending, names) };
}

type Said = Omit<Standing, 'words'> & { words?: string | null };

function standingOf(change: Change, ending: Change | null, names: Names): Said {
  if (ending !== null) return endingStanding(change, ending, names);
  const { decision, grant } = change;
  const by = decision === null ? '' : `by ${decidedBy(change, names.safe)}`;
  const until = grant === null ? '' : ` until ${names.time(grant.endsAt)}`;
  switch (change.state) {
    case 'received':
      return { mood: 'moving', headline: 'Received', detail: 'Latchkey is gathering the facts.' };
    case 'asking':
      return {
        mood: 'waiting',
        headline:
          change.plan?.escalated === true ? 'Waiting for the catalogue’s admins' : 'Waiting for a decision',
        detail: waitingDetail(change, names),
      };
    case 'refused':
      return {
        mood: 'bad',
        headline: 'Refused',
        detail: '',
        words: `${change.refusal?.text ?? ''} ${change.refusal?.next ?? ''}`.trim(),
      };
    case 'denied':
      return {
        mood: 'bad',
        headline: `Denied ${by}`,
        detail: '',
        words: `Reason: ${decision?.note ?? ''}`,
      };
    case 'withdrawn':
      return { mood: 'over', headline: `Taken back ${by}`, detail: 'Nothing was changed.' };
    case 'lapsed':
      return {
        mood: 'over',
        headline: 'Lapsed',
        detail: 'Nobody decided in time, so nothing was changed. Ask again if it is still needed.',
      };
    case 'applying':
      return {
        mood: 'moving',
        headline: `Approved ${by}`,
        detail: `Writing to ${names.idp}; access${until}.`,
      };
    case 'verifying':
      return {
        mood: 'moving',
        headline: `Approved ${by}`,
        detail: `${names.idp} has it; waiting to see it in MuleSoft. Access${until}.`,
      };
    case 'awaitingSignIn':
      return {
        mood: 'waiting',
        headline: `Approved ${by}, waiting for first sign-in`,
        detail: `${names.beneficiary} has never signed in to Anypoint. Sign in once at https://anypoint.mulesoft.com/login; the access arrives then. Access${until}.`,
      };
    case 'late':
      return {
        mood: 'bad',
        headline: `Approved ${by}, but not in MuleSoft yet`,
        detail: `Stuck at ${legName(change.late?.leg ?? 'delivery', names.idp)}. ${names.owner} has been alarmed; Latchkey keeps looking. Access${until}.`,
      };
    case 'inEffect': {
      const tookMs = legTimes(change.legs).total ?? 0;
      const cleared = change.late === null ? '' : ' The alarm is cleared.';
      return {
        mood: 'good',
        headline: `In effect in MuleSoft after ${elapsedInWords(tookMs)}`,
        detail: `Approved ${by};${until.replace(' until', ' access until')}.${cleared}`,
      };
    }
    case 'ended':
      return {
        mood: 'over',
        headline: `Ended: ${causeInWords(change.ended?.cause ?? 'expiry')}`,
        detail: heldOn(change, names),
      };
    case 'superseded':
      return {
        mood: 'over',
        headline: 'Overtaken',
        detail: change.ended === null ? 'A later decision replaced this one.' : heldOn(change, names),
      };
    case 'failed':
      return {
        mood: 'bad',
        headline: `Approved ${by}, but ${names.idp} refuses the change`,
        detail: `${names.owner} has been alarmed; once it is mended, ask again.`,
        words: `${change.failure?.text ?? ''} (${change.failure?.code ?? ''})`,
      };
    default:
      return change.state satisfies never;
  }
}

/** Who decided: for an approval everybody who gave theirs, in that order. */
export function decidedBy({ decision, approvals }: Change, safe: (text: string) => string): string {
  if (decision === null || decision.by === null) return 'rule';
  if (decision.outcome !== 'approved' || approvals.length === 0) return safe(decision.byName);
  return approvals.map((a) => safe(a.name)).join(' and ');
}

function waitingDetail(change: Change, names: Names): string {
  const lapses = change.lapsesAt === null ? '' : ` Lapses ${names.time(change.lapsesAt)}.`;
  const { plan, approvals } = change;
  if (plan === null || isStranded(plan))
    return `Nobody can decide on this: the approver rule leaves too few people. ${names.owner} has to mend the catalogue.${lapses}`;
  if (approvals.length === 0) return `Waiting for ${names.deciders}.${lapses}`;
  const missing = stillMissing(
    plan,
    approvals.map((a) => a.by),
    names.safe,
  );
  return `Approved by ${approvals.map((a) => names.safe(a.name)).join(', ')}; still needed: ${missing}.${lapses}`;
}

function endingStanding(change: Change, ending: Change, names: Names): Said {
  const why = causeInWords(ending.cause);
  switch (ending.state) {
    case 'inEffect': {
      const tookMs = legTimes(ending.legs).total ?? 0;
      const note = ending.inEffectNote === null ? '' : ` (${names.safe(ending.inEffectNote)})`;
      return {
        mood: 'over',
        headline: `Ended: ${why}; gone from MuleSoft after ${elapsedInWords(tookMs)}${note}`,
        detail:
          ending.late === null
            ? 'Ask again with /access when it is needed.'
            : 'The alarm is cleared. Ask again with /access when it is needed.',
      };
    }
    case 'late':
      return {
        mood: 'bad',
        headline: `Ended: ${why}; but the access is still in MuleSoft`,
        detail: `Stuck at ${legName(ending.late?.leg ?? 'delivery', names.idp)}. ${names.owner} has been alarmed; Latchkey keeps looking.`,
      };
    case 'failed':
      return {
        mood: 'bad',
        headline: `Ended: ${why}; but ${names.idp} refuses to take the access away`,
        detail: `${names.owner} has been alarmed and has to remove it by hand.`,
        words: `${ending.failure?.text ?? ''} (${ending.failure?.code ?? ''})`,
      };
    case 'superseded':
      return {
        mood: 'over',
        headline: `Ended: ${why}`,
        detail: 'The same access was given anew meanwhile, so it stays.',
      };
    default:
      return {
        mood: 'moving',
        headline: `Ending: ${why}`,
        detail: `Taking the access away${change.target === null ? '' : ` (${names.safe(change.target.groupName)})`} and looking until MuleSoft no longer shows it.`,
      };
  }
}

function heldOn(change: Change, names: Names): string {
  if (change.ended?.stillHeld !== true) return 'The access is being taken away.';
  return change.ended.stillHeldUntil === null
    ? 'The access itself stays: it was there before Latchkey.'
    : `The same access stays through another grant until ${names.time(change.ended.stillHeldUntil)}.`;
}

function causeInWords(cause: Cause): string {
  switch (cause) {
    case 'expiry':
      return 'the time is over';
    case 'release':
      return 'given back early';
    case 'revert':
      return 'nobody asked for it';
    case 'request':
    case 'extension':
    case 'finding':
    case 'loss':
      return 'as asked';
    default:
      return cause satisfies never;
  }
}

/** What is asked for, in one line: `Orders API for 1 day`. */
export function askedInWords(change: Change, title: string): string {
  const time = change.requestedSeconds === null ? '' : ` for ${durationInWords(change.requestedSeconds)}`;
  return change.cause === 'extension' ? `${title},${time.replace(' for', '')} longer` : `${title}${time}`;
}
