import type pg from 'pg';

export type Value = string | number | boolean | Date | null | readonly (string | null)[];

/** SQL with the values of its parameters. Each connection prepares it at its first use under this name; '': not. */
export type Bound = { name: string; text: string; values: readonly unknown[] };

/**
 * For the few statements that run at every request: PostgreSQL parses and plans them once. The text must never vary,
 * and its results must name their columns: a prepared `*` breaks when a migration adds one.
 */
export function statement(name: string, text: string): (...values: Value[]) => Bound {
  return (...values) => ({ name, text, values });
}

/** Most ids, and `true` and `false`: nothing in them has a meaning in an array. An unquoted `null` would be no text. */
const PLAIN = /^(?!null$)[\w@.:+-]+$/i;

/** An array in PostgreSQL's text format. A long one is made faster so than by pg, which quotes each element. */
export function arrayText(elements: readonly (string | null)[]): string {
  return `{${elements.map(elementText).join(',')}}`;
}

function elementText(one: string | null): string {
  if (one === null) return 'null';
  return PLAIN.test(one) ? one : `"${one.replace(/[\\"]/g, '\\$&')}"`;
}

/** What PostgreSQL has answered, as pg gives it. */
export function resultOf({
  command,
  rows,
}: {
  command: string;
  rows: Record<string, unknown>[];
}): Pick<pg.QueryResult, 'command' | 'rowCount' | 'rows'> {
  const [verb = '', ...counts] = command.split(' ');
  const count = counts.at(-1);
  return { command: verb, rowCount: count === undefined ? null : Number(count), rows };
}
