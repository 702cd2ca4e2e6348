import { randomUUID } from 'node:crypto';
import type { Change, JointRequest } from '../../core/change/change.ts';
import type { ChangeEvent } from '../../core/change/events.ts';
import { refuseExtension } from '../../core/change/extended.ts';
import { durationInWords } from '../../core/duration.ts';
import type { ChangeId } from '../../core/ids.ts';
import { heldUntil } from '../../core/membership/desired.ts';
import { refuseForLeaver, refuseLeaver } from '../../core/offboarding/refusals.ts';
import { type Entitlement, mayRequest } from '../../core/policy/catalogue.ts';
import { refuseTicket } from '../../core/policy/ticket.ts';
import { isRefusal, type Refusal, refuse, unstorable } from '../../core/refusal.ts';
import { isStorable, oneLine, seenWords } from '../../core/storable.ts';
import { findByIdempotencyKey } from '../../store/changes.ts';
import { unendedGrants } from '../../store/grants.ts';
import { leaversAmong } from '../../store/offboardings.ts';
import type { Person } from '../../store/people.ts';
import { commit } from '../kernel/commit.ts';
import type { Context, Data, Parties, Runtime } from '../kernel/context.ts';
import { identify, metAs } from '../people/identify.ts';
import { lookedAtAgain, othersApart } from './kept-apart.ts';
import { alreadyPending, startAndLapse, whenItStarts } from './later-start.ts';
import { refuseRenewal } from './refuse-renewal.ts';
import { aboutThem } from './refused-beneficiary.ts';
import { refuseOther } from './shown-form.ts';

export const REASON_MAX = 1_000;
export const TICKET_MAX = 100;

/** A request as a person filled it in, nothing believed yet. */
export type Submission = {
  /** The same form sent twice has the same key. */
  idempotencyKey: string;
  accountId: string;
  /** Chat account of who it is for; null: for the requester. */
  forAccountId: string | null;
  entitlementKey: string;
  seconds: number;
  /** From when it is wanted; null or left out: at once. */
  startsAt?: Date | null;
  /** The form's words on it, as `shownAs` has them; left out where it said nothing. */
  shownAs?: string;
  /** For which choice this duration was on offer; left out: it was not picked from an offer. */
  durationOf?: string;
  reason: string;
  ticket: string | null;
  /** They chose that it ends when the ticket is closed. */
  endsWithTicket?: boolean | undefined;
  /** The person was shown that they hold it already and wants to extend it. */
  extend: boolean;
  /** Asked for together with others. */
  joint?: JointRequest;
  /** By what it came: the chat's `system`, or `mcp` where a copilot filed it for the requester, which the card says. */
  via: string;
};

export type FieldName = 'entitlement' | 'for' | 'duration' | 'start' | 'reason' | 'ticket';

export type Received =
  | { received: true; changeId: ChangeId; isRepeat: false }
  /** Sent before, and stored then. */
  | { received: true; changeId: ChangeId; isRepeat: true; change: Change }
  | { received: false; field: FieldName; refusal: Refusal }
  /** Held already: offer to extend. */
  | { received: false; heldUntil: Date; entitlement: Entitlement };

/**
 * Takes in a request: validated, people resolved, stored once. Answers within the limit of a form's
 * acknowledgement: for a requester we know it touches the database only.
 */
export async function receiveRequest(context: Context, sent: Submission): Promise<Received> {
  const received = await receiveAnew(context, sent);
  if (received.received) return received;
  // What was taken in once stays so, whatever would be said of it by now.
  const before = await findByIdempotencyKey(context.db, sent.idempotencyKey);
  return before === null ? received : repeat(before);
}

async function receiveAnew(context: Context, sent: Submission): Promise<Received> {
  for (const field of ['reason', 'ticket'] as const)
    if (!isStorable(sent[field] ?? '')) return no(field, unstorable);
  const submission: Submission = {
    ...sent,
    reason: seenWords(sent.reason).trim(),
    ticket: oneLine(sent.ticket ?? '') || null,
  };
  const entitlement = context.catalogue.entitlement(submission.entitlementKey);
  submission.endsWithTicket = entitlement?.endsWithTicket ?? submission.endsWithTicket;
  const invalid = checkFields(submission, entitlement);
  if (invalid !== null) return invalid;
  if (entitlement === null) return no('entitlement', unknownEntitlement);
  const ticket = refuseTicket(context.catalogue.current().ticket, submission, entitlement);
  if (ticket !== null) return no('ticket', ticket);
  const unavailable = whyNotOffered(context, entitlement, submission);
  if (unavailable !== null) return no('entitlement', unavailable);
  const people = await peopleOf(context, submission);
  if ('received' in people) return people;
  const notTheirs = await whyNotTheirs(context, entitlement, people);
  return notTheirs ?? (await store(context, submission, entitlement, people));
}

/** Null: it can be given now, and is what the form showed. */
function whyNotOffered(context: Data, entitlement: Entitlement, { shownAs }: Submission): Refusal | null {
  const { key, title } = entitlement;
  const status = context.catalogue.status(key);
  if (status.status !== 'ready')
    return refuse(
      'entitlementUnavailable',
      `${title} can’t be given at the moment: ${status.why}.`,
      'Ask the catalogue’s owner to mend it.',
    );
  return refuseOther(context, [key], { shown: shownAs, title });
}

type People = { requester: Person; beneficiary: Person };

/** Who asks and for whom, or why that can't be said. */
async function peopleOf(
  context: Data & Parties,
  { accountId, forAccountId }: Submission,
): Promise<People | Received> {
  const requester = await who(context, accountId);
  if (isRefusal(requester)) return no('entitlement', requester);
  const isForThemselves = forAccountId === null || forAccountId === accountId;
  const beneficiary = isForThemselves ? requester : await who(context, forAccountId);
  return isRefusal(beneficiary)
    ? no('for', await aboutThem(context, forAccountId ?? '', beneficiary))
    : { requester, beneficiary };
}

/** Null: neither has left, and it is open to whom it is for. */
async function whyNotTheirs(
  context: Data,
  entitlement: Entitlement,
  { requester, beneficiary }: People,
): Promise<Received | null> {
  const left = await leaversAmong(context.db, [requester.id, beneficiary.id]);
  const asker = left.get(requester.id);
  if (asker !== undefined) return no('entitlement', refuseLeaver(asker, 'notEligible'));
  const leaver = left.get(beneficiary.id);
  if (leaver !== undefined) return no('for', refuseForLeaver(beneficiary.name, leaver));
  if (mayRequest(entitlement.requestableBy, beneficiary)) return null;
  return no(
    'entitlement',
    refuse(
      'notEligible',
      `${entitlement.title} is not open to ${beneficiary.name} (${beneficiary.department ?? 'no department'}).`,
      `Ask its owner, ${entitlement.owner}.`,
      [entitlement.owner],
    ),
  );
}

/** Stores it once, unless one waits already or it is held and nobody said to extend it. */
async function store(
  context: Data & Runtime,
  submission: Submission,
  entitlement: Entitlement,
  people: People,
): Promise<Received> {
  const { beneficiary } = people;
  try {
    return await commit<Received>(
      context.db,
      async (unit) => {
        const { tx, now } = unit;
        const of = { personId: beneficiary.id, entitlementKey: entitlement.key };
        const [first, grants, others] = await Promise.all([
          findByIdempotencyKey(tx, submission.idempotencyKey),
          unendedGrants(tx, of),
          othersApart(context, unit, { id: null, personId: beneficiary.id }),
        ]);
        if (first !== null) return { result: repeat(first) };
        const start = await whenItStarts(context, unit, submission, { beneficiary, entitlement });
        if ('refusal' in start) return { result: no(start.field, start.refusal) };
        const until = heldUntil(grants, now);
        // Whenever it is to begin: as long as they hold it, it is not asked for anew.
        const declined = until === null ? null : await refuseRenewal(tx, grants);
        if (declined !== null) return { result: no('entitlement', declined) };
        // What begins after their access ends is another one.
        const held = until !== null && (start.startsAt ?? now) <= until ? until : null;
        if (held !== null) {
          const { seconds } = submission;
          const refusal = refuseExtension(entitlement, { heldUntil: held, seconds, now });
          if (refusal !== null) return { result: no('entitlement', refusal) };
          if (!submission.extend) return { result: { received: false, heldUntil: held, entitlement } };
        }
        const lapsesAt = new Date(now.getTime() + context.catalogue.current().lapseSeconds * 1_000);
        const event = receivedEvent(submission, people, {
          entitlementKey: entitlement.key,
          cause: held === null ? 'request' : 'extension',
          at: now,
          ...startAndLapse(held === null ? start.startsAt : null, submission.seconds, lapsesAt),
        });
        return {
          result: { received: true, changeId: event.changeId, isRepeat: false },
          events: [event],
          jobs: lookedAtAgain(others),
          idempotencyKey: submission.idempotencyKey,
        };
      },
      context.nudge,
    );
  } catch (error) {
    // Two forms at the same moment: the database let one through.
    if ((error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
    const first = await findByIdempotencyKey(context.db, submission.idempotencyKey);
    return first === null ? no('entitlement', alreadyPending(beneficiary, entitlement)) : repeat(first);
  }
}

function receivedEvent(
  { reason, ticket, seconds, via, joint, endsWithTicket }: Submission,
  { requester, beneficiary }: People,
  how: Pick<ReceivedEvent, 'entitlementKey' | 'cause' | 'at' | 'lapsesAt' | 'startsAt'>,
): ReceivedEvent {
  return {
    ...how,
    type: 'changeReceived',
    changeId: randomUUID() as ChangeId,
    actor: { person: requester.id, name: requester.name },
    kind: 'grant',
    personId: beneficiary.id,
    requesterId: requester.id,
    reason,
    ticket,
    requestedSeconds: seconds,
    target: null,
    via,
    ...(joint === undefined ? {} : { joint }),
    ...(endsWithTicket === true ? { endsWithTicket } : {}),
  };
}

type ReceivedEvent = Extract<ChangeEvent, { type: 'changeReceived' }>;

function repeat(change: Change): Received {
  return { received: true, changeId: change.id, isRepeat: true, change };
}

/** PostgreSQL: unique_violation. */
const UNIQUE_VIOLATION = '23505';

const unknownEntitlement = refuse(
  'unknownEntitlement',
  'There is no such entitlement in the catalogue.',
  'Choose one from the list.',
);

function no(field: FieldName, refusal: Refusal): Received {
  return { received: false, field, refusal };
}

/** People met before are known by their link; strangers are looked up. The consider step asks the IdP again anyway. */
async function who(context: Data & Parties, accountId: string): Promise<Person | Refusal> {
  return (await metAs(context, accountId)) ?? (await identify(context, accountId));
}

/** Picked from what was on offer for something else, as when a form shows an earlier choice's times still. */
export function isForeignDuration({ durationOf, entitlementKey }: Submission): boolean {
  return durationOf !== undefined && durationOf !== entitlementKey;
}

/** Null: it was offered for this, or for nothing in particular. */
export function refuseForeignDuration(submission: Submission, title: string): Received | null {
  if (!isForeignDuration(submission)) return null;
  return no(
    'duration',
    refuse(
      'durationInvalid',
      'That time was offered for another access, so nothing was asked.',
      `Choose one for ${title}.`,
    ),
  );
}

function checkFields(s: Submission, entitlement: Entitlement | null): Received | null {
  if (entitlement === null) return no('entitlement', unknownEntitlement);
  const { reason } = s;
  if (reason === '')
    return no(
      'reason',
      refuse('reasonMissing', 'A request needs a reason.', 'Say in a sentence what you need it for.'),
    );
  if (reason.length > REASON_MAX)
    return no(
      'reason',
      refuse(
        'reasonTooLong',
        `The reason has ${reason.length} characters; ${REASON_MAX} is the most.`,
        'Shorten it.',
      ),
    );
  if ((s.ticket?.length ?? 0) > TICKET_MAX)
    return no(
      'ticket',
      refuse(
        'reasonTooLong',
        `A ticket has at most ${TICKET_MAX} characters.`,
        'Give its key only, e.g. INC-4711.',
      ),
    );
  const foreign = refuseForeignDuration(s, entitlement.title);
  if (foreign !== null) return foreign;
  if (!Number.isInteger(s.seconds) || s.seconds <= 0)
    return no('duration', refuse('durationInvalid', 'That is no duration.', 'Choose one from the list.'));
  if (s.seconds > entitlement.maxSeconds)
    return no(
      'duration',
      refuse(
        'durationTooLong',
        `${durationInWords(s.seconds)} is longer than the ${durationInWords(entitlement.maxSeconds)} allowed for ${entitlement.title}.`,
        'Choose a shorter time.',
      ),
    );
  return null;
}
