import type { Adviser, Provenance, WhyNoAnswer } from '../../../ports/adviser.ts';
import type { Choice } from '../bundles.ts';
import { REASON_MAX, TICKET_MAX } from '../receive.ts';
import { type Until, untilOf } from './deadline.ts';
import { findEntitlements } from './search.ts';
import { endSaid, startSaid } from './start.ts';
import { ticketEndSaid } from './ticket-end.ts';

/** More would only make the choice harder for the model, and cost. */
const CANDIDATES_MAX = 12;
const FREE_TEXT_MAX = 1_000;
const HOUR = 3_600;
const TICKET = /\b[A-Z][A-Z0-9]{1,9}-\d{1,8}\b/;

/** A form filled in from somebody's words, for them to look over. */
export type Draft = {
  /** Null: they choose themselves. */
  entitlement: Choice | null;
  /** What it may be about, likeliest first. */
  candidates: Choice[];
  seconds: number | null;
  /** From when they said; null: at once. */
  startsAt: Date | null;
  /** Until when they said, if it was a day or an hour. */
  until: Date | null;
  /** They asked for longer than is allowed, which is what they get offered. */
  isCut: boolean;
  /** They asked for it without an end. */
  isForever: boolean;
  /** What they wrote. */
  words: string;
  reason: string;
  ticket: string | null;
  /** They want it until that ticket is closed. */
  endsWithTicket: boolean;
  /** `answered` false: nobody but the search has read it. */
  read: { answered: true; provenance: Provenance } | { answered: false; why: WhyNoAnswer };
};

/**
 * What somebody typed, made into a draft. The search finds the candidates, the model picks among them and says which
 * words are which, code makes a time of words. Nothing is asked for by this: a person sends the form, or does not.
 */
export async function draftOf(
  adviser: Adviser,
  freeText: { text: string; among: readonly Choice[]; now: Date; timeZone: string | null },
): Promise<Draft> {
  const text = freeText.text.trim().slice(0, FREE_TEXT_MAX);
  const found = findEntitlements(text, freeText.among, CANDIDATES_MAX);
  // Words of another language find nothing; a short list can be shown whole.
  const candidates =
    found.length > 0 ? found : freeText.among.length <= CANDIDATES_MAX ? [...freeText.among] : [];
  const read = await adviser.readFreeText({
    text,
    candidates: candidates.map(({ key, title, gives }) => ({ key, title, gives })),
  });
  const said = read.answered ? read.freeText : null;
  const entitlement = candidates.find((c) => c.key === said?.entitlementKey) ?? null;
  const { startsAt, until } = timesOf(text, said?.when ?? null, freeText);
  const wanted = until === null ? null : wholeHours(until.seconds);
  const isForever = until === null && FOREVER.test(text);
  const isCut = entitlement !== null && (isForever || (wanted !== null && wanted > entitlement.maxSeconds));
  return {
    entitlement,
    candidates: found,
    startsAt,
    seconds: isCut ? entitlement.maxSeconds : wanted,
    until: isCut ? null : (until?.at ?? null),
    isCut,
    isForever,
    words: text,
    reason: whyOf(text, said?.reason ?? null).slice(0, REASON_MAX),
    ...ticketOf(text, said?.ticket ?? null),
    read: read.answered
      ? { answered: true, provenance: read.provenance }
      : { answered: false, why: read.why },
  };
}

/** The ticket, and whether it ends with it. Their own words say so: the model is not asked. */
function ticketOf(text: string, said: string | null): Pick<Draft, 'ticket' | 'endsWithTicket'> {
  const end = ticketEndSaid(text);
  const all = new Set(text.match(new RegExp(TICKET, 'g')));
  const named = end?.ticket ?? said ?? TICKET.exec(text)?.[0] ?? null;
  // Which of several *it* is, they choose themselves.
  const isClear = end !== null && (end.ticket !== null || all.size <= 1);
  return { ticket: named?.slice(0, TICKET_MAX) ?? null, endsWithTicket: isClear && named !== null };
}

/** From when and until when. The length counts from the start. What the model calls the time may hold both. */
function timesOf(
  text: string,
  when: string | null,
  { now, timeZone }: { now: Date; timeZone: string | null },
): { startsAt: Date | null; until: Until | null } {
  const { startsAt, rest } = startSaid(text, now, timeZone);
  const from = startsAt ?? now;
  const said = when === null ? null : startsAt === null ? when : startSaid(when, now, timeZone).rest;
  const end = startsAt === null ? untilOf : endSaid;
  const until = (said === null ? null : end(said, from, timeZone)) ?? end(rest, from, timeZone);
  return { startsAt, until };
}

/**
 * Their own why, and nothing else: what they want is no reason for it. Empty where they gave none, so that the form
 * asks for one.
 */
function whyOf(text: string, said: string | null): string {
  const flat = (words: string) => words.replace(/\s+/g, ' ').trim().toLowerCase();
  if (said !== null && flat(said) !== flat(text)) return said;
  return BECAUSE.exec(text)?.[0].trim() ?? '';
}

const BECAUSE =
  /(?<![\p{L}])(?:because|so that|in order to|weil|damit|parce que|pour que|porque|perché|omdat)(?![\p{L}])[\s\S]*/iu;
const FOREVER =
  /(?<![\p{L}])(?:for\s?ever|permanent(?:ly|e)?|indefinite(?:ly)?|always|unlimited|open[- ]ended|without (?:an )?end|dauerhaft|unbefristet|für immer|toujours|indéfiniment|siempre|indefinido|per sempre|altijd)(?![\p{L}])/iu;

/** People say "3 days", not "71 hours and 14 minutes"; what is under an hour stays as it is. */
function wholeHours(seconds: number): number {
  return seconds < HOUR ? Math.ceil(seconds / 60) * 60 : Math.ceil(seconds / HOUR) * HOUR;
}
