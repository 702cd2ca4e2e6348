import { type Change, isByRule } from '../../core/change/change.ts';
import type { EntitlementKey } from '../../core/ids.ts';
import { asGiven } from '../../core/joiner-mover/birthright.ts';
import type { Entitlement, OnCallSource } from '../../core/policy/catalogue.ts';
import { conflictsOf, type Duties, type Holding, withInherited } from '../../core/policy/separation.ts';
import { type RecordedFacts, type RequestFacts, type Weekday, weekdays } from '../../core/policy/verdict.ts';
import type { ChatDirectory } from '../../ports/chat.ts';
import type { IdentityProvider } from '../../ports/identity-provider.ts';
import { readChange } from '../../store/changes.ts';
import { countEarlierGrants, unendedGrants } from '../../store/grants.ts';
import { type Held, heldBeside } from '../../store/holdings.ts';
import { linkOf, type Person } from '../../store/people.ts';
import type { Db, Tx } from '../../store/postgres/database.ts';
import { type AtIdp, at } from '../idps/idps.ts';
import type { Context } from '../kernel/context.ts';
import type { KnownAs } from '../people/concerned.ts';
import { type Answer, inTime } from './in-time.ts';
import { isOnCallNow } from './on-call.ts';
import { ticketFact } from './ticket-fact.ts';

/** Everything that is known of a request and that rules may ask about. */
export async function requestFacts(
  context: Pick<Context, 'catalogue'>,
  db: Db | Tx,
  asked: {
    entitlement: Entitlement;
    beneficiary: Person;
    /** Null: nobody asked. */
    change: Pick<Change, 'id' | 'cause' | 'requesterId' | 'requestedSeconds' | 'requestedAt' | 'ticket'> &
      Partial<Pick<Change, 'state' | 'endsWithTicket'>>;
    /** Asked for beforehand, outside any transaction. */
    outside: OutsideFacts;
  },
): Promise<RequestFacts> {
  const { beneficiary, change } = asked;
  const entitlement = isByRule(change) ? asGiven(asked.entitlement) : asked.entitlement;
  const [duties, earlierGrants] = await Promise.all([
    dutiesOf(context, db, entitlement, { personId: beneficiary.id, change }),
    countEarlierGrants(db, { entitlementKey: entitlement.key, personId: beneficiary.id }, change.requestedAt),
  ]);
  const { email, department, title, isActive } = beneficiary;
  return {
    entitlement,
    beneficiary: { email, department, title, isActive },
    requestedSeconds: change.requestedSeconds ?? entitlement.defaultSeconds,
    isForSomebodyElse: !isByRule(change) && change.requesterId !== beneficiary.id,
    isAskedFor: change.requesterId !== null,
    hasTicket: change.ticket !== null,
    isExtension: change.cause === 'extension',
    ...(change.cause === 'extension'
      ? await whatIsExtended(db, { personId: beneficiary.id, entitlementKey: entitlement.key }, change)
      : {}),
    earlierGrants,
    ...clockOf(change.requestedAt, beneficiary.timeZone),
    ...asked.outside,
    duties,
    conflicts: conflictsOf(context.catalogue.current(), entitlement, duties),
  };
}

/** On which terms the person holds, for longest, what would go on. */
async function whatIsExtended(
  db: Db | Tx,
  of: { personId: string; entitlementKey: string },
  extension: Pick<Change, 'ticket'> & Partial<Pick<Change, 'endsWithTicket'>>,
): Promise<Pick<RequestFacts, 'wasApprovedByPerson' | 'extendsEmergency' | 'leavesTicket'>> {
  const grants = await unendedGrants(db, of);
  const last = grants.reduce<(typeof grants)[number] | null>(
    (latest, grant) => (latest === null || grant.endsAt > latest.endsAt ? grant : latest),
    null,
  );
  const change = last === null ? null : await readChange(db, last.changeId);
  const ticket = change?.endsWithTicket === true ? change.ticket : null;
  const isKept = extension.endsWithTicket === true && extension.ticket === ticket;
  return {
    wasApprovedByPerson: change !== null && change.decision?.by != null,
    ...(change?.cause === 'breakGlass' ? { extendsEmergency: true } : {}),
    ...(ticket === null || isKept ? {} : { leavesTicket: ticket }),
  };
}

/**
 * Gathers the facts of a change that exists already, with those that only outside parties know. Call it outside any
 * transaction.
 */
export async function factsOfChange(
  context: Context,
  {
    change,
    knownAs,
    ...asked
  }: { entitlement: Entitlement; beneficiary: Person; change: Change; knownAs?: KnownAs | undefined },
  withinMs?: number,
): Promise<RequestFacts> {
  const [outside, found, stored] = await Promise.all([
    outsideFacts(at(context, asked.entitlement), context.db, asked.beneficiary, {
      askerId: change.requesterId,
      before: change.verdict?.facts,
      knownAs,
      withinMs,
    }),
    ticketFact(context, change),
    requestFacts(context, context.db, { ...asked, change, outside: {} }),
  ]);
  return { ...stored, ...outside, ...found };
}

/** The facts that only Slack or the IdP can tell; a fact that is left out is not known. */
export type OutsideFacts = Pick<RequestFacts, 'isOnCall' | 'location' | 'ticketFound'>;

/**
 * Asks for what only others know of a person, as far as a rule in force looks at it. An answer that does not come in
 * time, or can't be had, leaves the fact unknown: then a person decides.
 */
export async function outsideFacts(
  context: Pick<Context, 'catalogue' | 'chat' | 'log'> & AtIdp,
  db: Db,
  person: Person,
  asked: {
    /** Only who asks has signed in for it; null: nobody asks. */
    askerId: string | null;
    /**
     * The facts of an earlier verdict on this request. Where they asked from stays as it was, known or not. Who was on
     * call stays only while it can't be read.
     */
    before?: RecordedFacts | undefined;
    /** As they were looked up a moment ago; left out: they are looked up. */
    knownAs?: KnownAs | undefined;
    /** How long each is waited for, in milliseconds; left out: as usual. */
    withinMs?: number | undefined;
    /** The same is asked of many others at the same time. */
    isOneOfMany?: boolean;
  },
): Promise<OutsideFacts> {
  const { catalogue, idp, chat, log } = context;
  const looksAt = (fact: string) => catalogue.rules().looksAt.has(fact);
  const isWhereAsked = looksAt('location') || looksAt('locationUnknown');
  if (!looksAt('onCall') && !isWhereAsked) return {};
  const { onCall, signInWithinSeconds } = catalogue.current();
  const { before, askerId, knownAs } = asked;
  const [{ idpId, accountId }, asker] = await Promise.all([
    knownAs ?? knownAsNow(db, person, { idp, chat }),
    askerId === null || askerId === person.id ? null : linkOf(db, askerId, idp.system),
  ]);
  const askerIdpId = askerId === person.id ? idpId : asker;
  // The session that asks is the one whose sign-in counts, whoever it asks for.
  const who = { idpId, accountId, email: person.email, askerIdpId, isOneOfMany: asked.isOneOfMany === true };
  const sources: OutsideSources = {
    idp,
    chat,
    onCall: looksAt('onCall') ? onCall : null,
    signInWithinSeconds:
      isWhereAsked && askerId !== null && before === undefined ? signInWithinSeconds : null,
  };
  const now = await askOutside(
    sources,
    who,
    (fact, why) => log.warn({ person: person.id, fact, why }, 'a fact that rules ask for is not known'),
    asked.withinMs,
  );
  return {
    ...(before?.isOnCall === undefined || !looksAt('onCall') ? {} : { isOnCall: before.isOnCall }),
    ...(before?.location === undefined ? {} : { location: before.location }),
    ...now,
  };
}

async function knownAsNow(
  db: Db,
  { id }: Person,
  { idp, chat }: Pick<OutsideSources, 'idp' | 'chat'>,
): Promise<KnownAs> {
  const [idpId, accountId] = await Promise.all([linkOf(db, id, idp.system), linkOf(db, id, chat.system)]);
  return { idpId, accountId };
}

/** Whom to ask; null: that is not asked. */
export type OutsideSources = {
  idp: IdentityProvider;
  chat: ChatDirectory;
  onCall: OnCallSource | null;
  signInWithinSeconds: number | null;
};

/** `askerIdpId`: of who asks in their stead. */
type Known = Parameters<typeof isOnCallNow>[3] & { askerIdpId?: string | null };

/** Asks at once for all that is wanted, each within the budget. */
export async function askOutside(
  { idp, chat, onCall, signInWithinSeconds }: OutsideSources,
  who: Known,
  unknown: (fact: string, why: string) => void,
  withinMs?: number,
): Promise<OutsideFacts> {
  const [isOnCall, location] = await Promise.all([
    onCall === null
      ? undefined
      : inTime(
          () => isOnCallNow(idp, chat, onCall, who),
          (why) => unknown('onCall', why),
          withinMs,
        ),
    signInWithinSeconds === null
      ? undefined
      : inTime(
          () => signedInFrom(idp, who, signInWithinSeconds),
          (why) => unknown('location', why),
          withinMs,
        ),
  ]);
  return { ...(isOnCall === undefined ? {} : { isOnCall }), ...(location === undefined ? {} : { location }) };
}

async function signedInFrom(
  idp: IdentityProvider,
  who: Known,
  withinSeconds: number,
): Promise<Answer<string>> {
  const idpId = who.askerIdpId === undefined ? who.idpId : who.askerIdpId;
  if (idpId === null) return { why: `not known in ${idp.system}` };
  if (idp.lastSignIn === undefined) return { why: `${idp.system} can’t be asked for sign-ins` };
  const country = (await idp.lastSignIn(idpId, withinSeconds))?.country ?? null;
  return country === null ? { why: null } : { is: country };
}

/** The entitlements that the person has or is about to have, by name, and those that this one brings with it. */
async function dutiesOf(
  context: Pick<Context, 'catalogue'>,
  db: Db | Tx,
  entitlement: Entitlement,
  {
    personId,
    change,
  }: { personId: string; change: { id: string; requestedAt: Date } & Partial<Pick<Change, 'state'>> },
): Promise<Duties> {
  const { id, requestedAt, state } = change;
  const held = await heldBeside(db, personId, {
    id,
    requestedAt,
    isPut: state === 'asking',
    isBeginning: state === 'scheduled',
  });
  return dutiesFrom(context, entitlement, held);
}

/** Tells what separation of duties says, from holdings that are read already. */
export function dutiesFrom(
  { catalogue }: Pick<Context, 'catalogue'>,
  entitlement: Entitlement,
  held: Held,
): Duties {
  const before = catalogue
    .current()
    .entitlements.filter((e) => held.groupNames.includes(e.idpGroup))
    .map((e) => e.key as string);
  const of = (keys: readonly string[], how: Holding['how']) =>
    [...new Set(keys)]
      .sort()
      .filter((key) => key !== entitlement.key)
      .map((key): Holding => ({ entitlementKey: key as EntitlementKey, how, through: null }));
  const holdings = [
    ...of([...held.granted, ...before], 'held'),
    ...of(held.scheduled, 'scheduled'),
    ...of(held.pending, 'pending'),
  ];
  return { holdings: withInherited(holdings, catalogue.brings), brings: catalogue.brings(entitlement.key) };
}

/** Hour and day by the clock of a person; of whom it is not known where they are, nothing. */
export function clockOf(
  at: Date,
  timeZone: string | null,
): { hour: number; weekday: Weekday } | Record<string, never> {
  const clock = timeZone === null ? null : clockIn(timeZone);
  if (clock === null) return {};
  const parts = clock.formatToParts(at);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  const weekday = weekdays.find((day) => day === part('weekday').toLowerCase());
  return weekday === undefined ? {} : { hour: Number(part('hour')), weekday };
}

/** More names than there are time zones. */
const CLOCKS_MAX = 1_000;
/** Making one costs more than all else that a rule's facts take. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/** Null: there is no such time zone. */
function clockIn(timeZone: string): Intl.DateTimeFormat | null {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: 'numeric',
      weekday: 'long',
      hourCycle: 'h23',
    });
    if (clocks.size < CLOCKS_MAX) clocks.set(timeZone, made);
    return made;
  } catch {
    return null;
  }
}
