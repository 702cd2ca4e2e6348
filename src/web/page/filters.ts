import { z } from 'zod';
import type { Cursor } from '../../store/page/sight.ts';
import { type Html, html } from '../html.ts';

/** A field above a list. What is chosen stands in the address, so that a view can be sent to somebody. */
export type Filter = { name: string; label: string } & (
  | { is: 'text'; hint?: string }
  | { is: 'day' }
  /** A moment in UTC: a day is its first moment. */
  | { is: 'moment' }
  | { is: 'choice'; options: readonly (readonly [value: string, label: string])[] }
);

export type Query = Readonly<Record<string, string | undefined>>;

const TEXT_MAX = 200;
/** A day of the calendar, from the first that a computer's clock knows. */
const FIRST_DAY = '1970-01-01';
const CURSOR =
  /^((\d{4}-\d\d-\d\d) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?[+-](?:0\d|1[0-5])(?::[0-5]\d)?)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,18})$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)(?:T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)Z?)?$/;

/** What an address may ask of a list. An empty field asks for nothing. */
export function queryOf(
  filters: readonly Filter[],
  ids: CursorIds = 'uuid',
): z.ZodType<Query & { after?: string | undefined }> {
  const fields = filters.map((filter) => [filter.name, fieldOf(filter)] as const);
  return z.preprocess(
    (given) =>
      Object.fromEntries(
        Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== ''),
      ),
    z.strictObject({
      ...Object.fromEntries(fields),
      after: z
        .string()
        .refine((text) => isCursor(text, ids), 'is not what `next` said')
        .optional()
        .describe('Where the list goes on, as `next` said it'),
    }),
  ) as never;
}

/** What a filter can be in an address. */
export function fieldOf(filter: Filter): z.ZodType<string | undefined> {
  const text = (schema: z.ZodType<string>) => schema.optional().describe(filter.label);
  // Half a character means nothing.
  if (filter.is === 'text')
    return text(
      z
        .string()
        .trim()
        .max(TEXT_MAX)
        .refine((value) => value.isWellFormed(), 'is no text'),
    );
  if (filter.is === 'day')
    return text(z.iso.date().refine((day) => day >= FIRST_DAY, `is before ${FIRST_DAY}`));
  if (filter.is === 'moment')
    return text(
      z
        .string()
        .refine(
          (value) => momentOf(value) !== null,
          'is no day as 2026-03-03, nor a time as 2026-03-03T14:00',
        ),
    );
  return text(z.enum(filter.options.map(([value]) => value) as [string, ...string[]]));
}

/** What ids the rows of a list have: its cursor holds one. */
export type CursorIds = 'uuid' | 'number';

function isCursor(text: string, ids: CursorIds): boolean {
  const [, , day = '', id = ''] = CURSOR.exec(text) ?? [];
  return isDay(day) && id.includes('-') === (ids === 'uuid');
}

function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return text >= FIRST_DAY && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

/** Null: it is none. */
export function momentOf(text: string): Date | null {
  const [, day = '', time = '00:00'] = MOMENT.exec(text) ?? [];
  return isDay(day) ? new Date(`${day}T${time}Z`) : null;
}

export function cursorOf(after: string | undefined): Cursor | null {
  const [, at, , id] = CURSOR.exec(after ?? '') ?? [];
  return at === undefined || id === undefined ? null : { at, id };
}

/** The time that a cursor holds. */
export function timeOf({ at }: Cursor): Date {
  return new Date(at.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
}

export function cursorText(next: Cursor | null): string | null {
  return next === null ? null : `${next.at}_${next.id}`;
}

/** The part of an address after `?`, with its mark; empty where nothing is asked. */
export function addressOf(query: Query, more: Query = {}): string {
  const given = Object.entries({ ...query, ...more }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

export function filterForm(filters: readonly Filter[], query: Query, path: string): Html | null {
  if (filters.length === 0) return null;
  const isAsked = filters.some(({ name }) => query[name] !== undefined);
  return html`<form class="filters" method="get" action="${path}" role="search" aria-label="Filter this list">
${filters.map((filter) => html`<p><label for="f-${filter.name}">${filter.label}</label>${inputOf(filter, query[filter.name])}</p>`)}
<p class="go"><button>Show</button>${isAsked ? html` <a href="${path}">Clear</a>` : ''}</p>
</form>`;
}

function inputOf(filter: Filter, value: string | undefined): Html {
  const id = `f-${filter.name}`;
  if (filter.is === 'choice')
    return html`<select id="${id}" name="${filter.name}"><option value="">All</option>${filter.options.map(
      ([one, label]) => html`<option value="${one}"${one === value ? html` selected` : ''}>${label}</option>`,
    )}</select>`;
  return html`<input id="${id}" name="${filter.name}" type="${inputTypes[filter.is]}" value="${filter.is === 'moment' ? localOf(value) : (value ?? '')}"${filter.is === 'text' && filter.hint !== undefined ? html` placeholder="${filter.hint}"` : ''}>`;
}

const inputTypes = { text: 'search', day: 'date', moment: 'datetime-local' } as const;

/** As the field of a browser has it: without a zone, to the minute. */
function localOf(value: string | undefined): string {
  return value === undefined ? '' : (momentOf(value)?.toISOString().slice(0, 16) ?? '');
}
