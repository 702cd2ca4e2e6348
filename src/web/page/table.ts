import { z } from 'zod';
import { csvHead, csvLine } from '../../core/csv.ts';
import { type Html, html } from '../html.ts';

export type Value = string | number | Date | null;

/** A column of a table: the same value in HTML, CSV and JSON. `key`: its name in CSV and JSON. */
export type Column<Row> = {
  key: string;
  title: string;
  is: 'text' | 'number' | 'time';
  value: (row: Row) => Value;
  /** In HTML, where that is more than the value. */
  show?: (row: Row, as: Shown) => Html | string;
  /** For CSV and JSON alone: ids. */
  isHidden?: true;
};

/** How times are written for whoever reads the page. `exact`: to the second; `text`: within a sentence. */
export type Shown = {
  time: (at: Date) => Html;
  exact: (at: Date) => Html;
  text: (at: Date) => string;
};

/** Times in the reader's zone, with the time itself for machines. */
export function shownIn(timeZone: string): Shown {
  const style = {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  } as const;
  const written = (format: Intl.DateTimeFormat) => (at: Date) =>
    html`<time datetime="${at.toISOString()}">${format.format(at)}</time>`;
  return {
    time: written(formatIn(timeZone, style)),
    exact: written(formatIn(timeZone, { ...style, second: '2-digit' })),
    text: (at) => formatIn(timeZone, style).format(at),
  };
}

function formatIn(timeZone: string, style: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-GB', { ...style, timeZone });
  } catch {
    // A directory may hold anything as a zone.
    return new Intl.DateTimeFormat('en-GB', { ...style, timeZone: 'UTC' });
  }
}

/**
 * On a narrow screen each row is a card and each cell names its column. The roles are written out, for a browser takes
 * them from a table that is laid out otherwise.
 */
export function tableHtml<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  as: Shown,
): Html {
  const seen = columns.filter(({ isHidden }) => isHidden !== true);
  return html`<table role="table"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${seen.map(({ title, is }) => html`<th role="columnheader" scope="col"${is === 'number' ? html` class="number"` : ''}>${title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${seen.map((column) => cellHtml(column, row, as))}</tr>`)}</tbody></table>`;
}

function cellHtml<Row>({ title, is, value, show }: Column<Row>, row: Row, as: Shown): Html {
  const plain = value(row);
  const inner =
    show !== undefined
      ? show(row, as)
      : plain instanceof Date
        ? as.time(plain)
        : plain === null
          ? '–'
          : plain;
  return html`<td role="cell" data-label="${title}"${is === 'number' ? html` class="number"` : ''}>${inner}</td>`;
}

/** Lines of CSV; with the header, the beginning of a file. */
export function csvOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  hasHeader: boolean,
): string {
  const head = hasHeader ? csvHead(columns.map(({ key }) => key)) : '';
  const lines = rows.map((row) => csvLine(columns.map(({ value }) => plainOf(value(row)))));
  return `${head}${lines.join('')}`;
}

function plainOf(value: Value): string | number | null {
  return value instanceof Date ? value.toISOString() : value;
}

export function jsonOf<Row>(
  columns: readonly Column<Row>[],
  row: Row,
): Record<string, string | number | null> {
  return Object.fromEntries(columns.map(({ key, value }) => [key, plainOf(value(row))]));
}

/** A row as JSON has it. */
export function schemaOf(columns: readonly Pick<Column<never>, 'key' | 'title' | 'is'>[]): z.ZodType {
  const types = { text: z.string(), number: z.number(), time: z.iso.datetime() };
  return z.object(
    Object.fromEntries(columns.map(({ key, title, is }) => [key, types[is].nullable().describe(title)])),
  );
}
