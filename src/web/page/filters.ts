import { z } from 'zod';
import type { Cursor } from '../../store/page/sight.ts';
import { type Html, html } from '../html.ts';

/** A field above a list. What is chosen stands in the address, so that a view can be sent to somebody. */
export type Filter = { name: string; label: string } & (
  | { is: 'text'; hint?: string }
  | { is: 'day' }
  | { is: 'choice'; options: readonly (readonly [value: string, label: string])[] }
);

export type Query = Readonly<Record<string, string | undefined>>;

const TEXT_MAX = 200;
const CURSOR = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?[+-]\d\d(?::\d\d)?)_([0-9a-f-]{36}|\d{1,19})$/;

/** What an address may ask of a list. An empty field asks for nothing. */
export function queryOf(filters: readonly Filter[]): z.ZodType<Query & { after?: string | undefined }> {
  const fields = filters.map((filter) => [filter.name, fieldOf(filter)] as const);
  return z.preprocess(
    (given) =>
      Object.fromEntries(
        Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== ''),
      ),
    z.strictObject({
      ...Object.fromEntries(fields),
      after: z.string().regex(CURSOR).optional().describe('Where the list goes on, as `next` said it'),
    }),
  ) as never;
}

/** What a filter can be in an address. */
export function fieldOf(filter: Filter): z.ZodType<string | undefined> {
  const text = (schema: z.ZodType<string>) => schema.optional().describe(filter.label);
  if (filter.is === 'text') return text(z.string().trim().max(TEXT_MAX));
  if (filter.is === 'day') return text(z.iso.date());
  return text(z.enum(filter.options.map(([value]) => value) as [string, ...string[]]));
}

export function cursorOf(after: string | undefined): Cursor | null {
  const [, at, id] = CURSOR.exec(after ?? '') ?? [];
  return at === undefined || id === undefined ? null : { at, id };
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
  return html`<input id="${id}" name="${filter.name}" type="${filter.is === 'day' ? 'date' : 'search'}" value="${value ?? ''}"${filter.is === 'text' && filter.hint !== undefined ? html` placeholder="${filter.hint}"` : ''}>`;
}
