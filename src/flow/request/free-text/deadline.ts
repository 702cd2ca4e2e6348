import * as chrono from 'chrono-node';
import { DateTime } from 'luxon';

/** Until when, as somebody said it, in whole seconds from now. */
export type Until = { seconds: number; at: Date };

const HOUR = 3_600;
const units: Record<string, number> = { m: 60, h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR };
const small: Record<string, number> = Object.fromEntries(
  [
    ['a', 'an', 'one', 'ein', 'eine', 'einen', 'un', 'une', 'una'],
    ['two', 'zwei', 'deux', 'dos'],
    ['three', 'drei', 'trois', 'tres'],
    ['four', 'vier', 'quatre', 'cuatro'],
    ['five', 'fünf', 'cinq', 'cinco'],
    ['six', 'sechs', 'seis'],
    ['seven', 'sieben', 'sept', 'siete'],
    ['eight', 'acht', 'huit', 'ocho'],
  ].flatMap((words, i) => words.map((word) => [word, i + 1])),
);
const SPAN = new RegExp(
  String.raw`(?<![\p{L}\d-])(\d{1,3}|${Object.keys(small).join('|')})\s*` +
    String.raw`(minutes?|mins?|minuten|minutos|hours?|hrs?|h|stunden?|heures?|horas?|days?|d|tagen?|tage|jours?|d[ií]as?|weeks?|w|wochen?|semaines?|semanas?)(?![\p{L}\d])`,
  'iu',
);
const letters: [RegExp, string][] = [
  [/^min/, 'm'],
  [/^(h|stunde)/, 'h'],
  [/^(d|tag|jour)/, 'd'],
  [/^(w|s)/, 'w'],
];
/** Without one of these a date in a text is about something else. */
const LIMIT =
  /\b(?:until|till?|through|by|before|up to|today|tonight|tomorrow|this (?:week|afternoon|evening)|end of|eod|eow|bis|heute|morgen|jusqu|aujourd|demain|hasta|hoy|mañana|fino|oggi|domani|tot|vandaag)/iu;
const MORNING = 6;
const DOTTED = /(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.(?![\d.])/gu;
const TICKET = /\b[A-Za-z]{2,10}-\d+\b|#\d+/g;
export const languages = [chrono.en, chrono.de, chrono.fr, chrono.es, chrono.it, chrono.nl, chrono.pt];

/**
 * Pure: until when somebody means, in their own time zone; null when the words say none, or a time that is past. A day
 * without an hour ends when the day does.
 */
export function untilOf(words: string, now: Date, timeZone: string | null): Until | null {
  const local = localNow(now, timeZone);
  const text = dottedDates(words, local).replace(TICKET, ' ');
  const end = limitOf(text, local) ?? spanOf(text, local);
  if (end === null) return null;
  const seconds = Math.ceil(end.diff(local, 'seconds').seconds);
  return seconds > 0 ? { seconds, at: end.toJSDate() } : null;
}

/** `1.12.`, as dates are written in German, as the next date that it may be; a date parser takes it for no date. */
export function dottedDates(words: string, local: DateTime): string {
  return words.replace(DOTTED, (said, day: string, month: string) => {
    const date = DateTime.fromObject(
      { year: local.year, month: Number(month), day: Number(day) },
      { zone: local.zone },
    );
    if (!date.isValid) return said;
    return (date < local.startOf('day') ? date.plus({ years: 1 }) : date).toISODate() ?? said;
  });
}

/** That moment by the clock of somebody; UTC where it is not known which that is. */
export function localNow(now: Date, timeZone: string | null): DateTime {
  const here = DateTime.fromJSDate(now, { zone: timeZone ?? 'utc' });
  return here.isValid ? here : DateTime.fromJSDate(now, { zone: 'utc' });
}

function spanOf(text: string, local: DateTime): DateTime | null {
  const [, count = '', unit = ''] = SPAN.exec(text) ?? [];
  const letter = letters.find(([pattern]) => pattern.test(unit.toLowerCase()))?.[1];
  if (letter === undefined) return null;
  const many = small[count.toLowerCase()] ?? Number(count);
  return local.plus({ seconds: many * (units[letter] ?? 0) });
}

function limitOf(text: string, local: DateTime): DateTime | null {
  const from = LIMIT.exec(text);
  if (from === null) return null;
  const rest = text.slice(from.index);
  if (/\b(?:end of (?:the |this )?week|eow|this week)\b/i.test(rest)) return endOfDay(weekday(local, 5));
  if (/\b(?:end of (?:the |this |my )?(?:day|shift)|eod)\b/i.test(rest)) return endOfDay(local);
  // `for 2 hours today` and `in 3 days` are spans.
  if (/^(?:by|before|up to)/i.test(rest) && SPAN.test(rest)) return null;
  for (const language of languages) {
    const saidAt = (at: DateTime) => {
      const reference = { instant: at.toJSDate(), timezone: local.offset };
      const [found] = language.casual.parse(rest, reference, { forwardDate: true });
      return found === undefined ? null : (found.end ?? found.start);
    };
    const end = saidAt(local);
    if (end === null) continue;
    // A weekday on that very day is today, at noon as in the morning.
    const isDay = end.isCertain('weekday') && !end.isCertain('hour');
    return placedAt((isDay ? saidAt(local.set({ hour: MORNING })) : null) ?? end, local, endOfDay);
  }
  return null;
}

/**
 * The parts that were said, in the person's zone: its offset on that day may be another than today's. `ofDay`: the
 * moment that is meant by a day without an hour.
 */
export function placedAt(
  at: chrono.ParsedComponents,
  local: DateTime,
  ofDay: (day: DateTime) => DateTime,
): DateTime {
  const part = (name: chrono.Component) => at.get(name) ?? 0;
  const day = { year: part('year'), month: part('month'), day: part('day') };
  if (at.isCertain('timezoneOffset')) return DateTime.fromJSDate(at.date(), { zone: local.zone });
  return at.isCertain('hour')
    ? DateTime.fromObject({ ...day, hour: part('hour'), minute: part('minute') }, { zone: local.zone })
    : ofDay(DateTime.fromObject(day, { zone: local.zone }));
}

function endOfDay(day: DateTime): DateTime {
  return day.plus({ days: 1 }).startOf('day');
}

function weekday(local: DateTime, wanted: number): DateTime {
  return local.plus({ days: (wanted - local.weekday + 7) % 7 });
}
