import type * as chrono from 'chrono-node';
import type { DateTime } from 'luxon';
import { dottedDates, languages, localNow, placedAt, type Until, untilOf } from './deadline.ts';

/** From when somebody means, and their words without that. */
export type Start = { startsAt: Date | null; rest: string };

/** What comes before a start. `from` alone stands before much else, so a date has to follow at once. */
const FROM =
  /(?<![\p{L}])(?:from|starting(?: on| at| from)?|beginning(?: on| at)?|start(?:s)? on|as of|not before|ab|vo[nm]|à partir d[eu]|dès|desde|a partir de|da|vanaf|vanuit)(?![\p{L}])\s*(?:the |le |el |den |dem )?/giu;
/** What joins the two ends of a range: `to` alone stands before much else, so a date has to follow at once. */
const TO = /^\s*(?:to|bis(?: zum)?|au|al?)(?![\p{L}])\s*(?:the |le |el |den |dem )?/iu;
/** A day without an hour begins when people do. */
const DAY_BEGINS = 9;

/**
 * Pure: from when somebody means, in their own time zone; a day without an hour begins at nine. No start: the words say
 * none, or one that has passed.
 */
export function startSaid(text: string, now: Date, timeZone: string | null): Start {
  const local = localNow(now, timeZone);
  const words = dottedDates(text, local);
  for (const said of words.matchAll(FROM)) {
    const after = said.index + said[0].length;
    const found = dateAtOnce(words.slice(after), local);
    if (found === null) continue;
    const at = beginningOf(found.start, local);
    if (!at.isValid || at <= local) continue;
    return {
      startsAt: at.toJSDate(),
      rest: `${words.slice(0, said.index)}${asLimit(found.rest, at)}`.replace(/\s+/g, ' ').trim(),
    };
  }
  return { startsAt: null, rest: text };
}

/** No request is for so long: an end so far from its start is one of which only the year was guessed. In ms. */
const NEXT_YEAR_MS = 300 * 86_400_000;

/**
 * Pure: until when somebody means what begins then. A day that lies before the start is no end, and not that of the
 * next year: they see the form's own time, and choose.
 */
export function endSaid(words: string, from: Date, timeZone: string | null): Until | null {
  const until = untilOf(words, from, timeZone);
  return until === null || until.at.getTime() - from.getTime() > NEXT_YEAR_MS ? null : until;
}

/** The date that these words begin with, and what follows it; of a range the end stays, as a limit. */
function dateAtOnce(text: string, local: DateTime): { start: chrono.ParsedComponents; rest: string } | null {
  const reference = { instant: local.toJSDate(), timezone: local.offset };
  // Without what says the end: a date parser would take both for one range.
  const upToEnd =
    text.split(
      /(?<![\p{L}])(?:until|till?|through|to|bis|jusqu|hasta|fino|tot|for|für|pour|por)(?![\p{L}])/iu,
    )[0] ?? '';
  for (const language of languages) {
    const [found] = language.casual.parse(upToEnd, reference, { forwardDate: true });
    if (found === undefined || found.index > 0) continue;
    return { start: found.start, rest: text.slice(found.text.length) };
  }
  return null;
}

/** The second half of a range, said as a limit: `to Friday` after a start is `until Friday`. */
function asLimit(rest: string, start: DateTime): string {
  const [to] = TO.exec(rest) ?? [];
  if (to === undefined || dateAtOnce(rest.slice(to.length), start) === null) return rest;
  return ` until ${rest.slice(to.length)}`;
}

function beginningOf(start: chrono.ParsedComponents, local: DateTime): DateTime {
  return placedAt(start, local, (day) => day.set({ hour: DAY_BEGINS }));
}
