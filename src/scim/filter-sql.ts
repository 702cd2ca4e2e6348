import { type RawBuilder, sql } from 'kysely';
import { nameKey } from '../core/name-key.ts';
import type { Comparison, Filter, FilterValue } from './filter.ts';
import { isUuid } from './resource.ts';
import { invalidFilter } from './scim-error.ts';

/** One value that can be compared, as SQL. */
export type Column = {
  sql: RawBuilder<unknown>;
  type: 'text' | 'boolean' | 'time' | 'uuid';
  /** Only for text: compare with regard to case. */
  caseExact: boolean;
  /** Only for a name with an index: its `nameKey`, by which it is unique, and so compared. */
  key?: RawBuilder<unknown>;
};

/** What an attribute's name stands for in SQL. */
export type Place =
  | { kind: 'one'; column: Column }
  /** A complex attribute without a sub-attribute named: only its presence can be asked. */
  | { kind: 'object'; present: RawBuilder<boolean> }
  /** An attribute that only other resource types have, in a query over several: it has no value here. */
  | { kind: 'absent' }
  /** A multi-valued attribute; `some` says that one element meets a condition. */
  | {
      kind: 'many';
      some: (condition: RawBuilder<boolean>) => RawBuilder<boolean>;
      element: Source;
      /** The sub-attribute named with the attribute, else `value`. */
      sub: string;
      /** The one value to sort by: of the primary element, else of the first. Null: no order among them. */
      chosen: Column | null;
    };

/** Finds an attribute by its name in any case; null when it can't be filtered on. */
export type Source = (path: string) => Place | null;

/** A filter as a condition, every value a parameter. Throws 400 `invalidFilter` for what does not exist. */
export function filterToSql(filter: Filter, source: Source): RawBuilder<boolean> {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((part) => sql`(${filterToSql(part, source)})`);
      return sql<boolean>`${sql.join(parts, filter.op === 'and' ? sql` and ` : sql` or `)}`;
    }
    case 'not':
      // A comparison with an absent attribute is null in SQL and false in SCIM.
      return sql<boolean>`not coalesce((${filterToSql(filter.filter, source)}), false)`;
    case 'some': {
      const place = placeOf(filter.path, source);
      if (place.kind === 'absent') return sql<boolean>`false`;
      if (place.kind !== 'many') throw invalidFilter(`${filter.path} is not multi-valued`);
      return place.some(filterToSql(filter.filter, place.element));
    }
    case 'pr': {
      const place = placeOf(filter.path, source);
      if (place.kind === 'absent') return sql<boolean>`false`;
      if (place.kind === 'object') return place.present;
      if (place.kind === 'one') return present(place.column);
      const value = place.element(place.sub);
      return place.some(value?.kind === 'one' ? present(value.column) : sql<boolean>`true`);
    }
    default:
      return comparison(filter.op, filter.path, filter.value, source);
  }
}

function placeOf(path: string, source: Source): Place {
  const place = source(path);
  if (place === null) throw invalidFilter(`${path} can’t be filtered on`);
  return place;
}

function comparison(op: Comparison, path: string, value: FilterValue, source: Source): RawBuilder<boolean> {
  const place = placeOf(path, source);
  if (value === null) {
    if (op !== 'eq' && op !== 'ne') throw invalidFilter(`null can’t be compared by ${op}`);
    const there = filterToSql({ op: 'pr', path }, source);
    return op === 'eq' ? sql<boolean>`not (${there})` : there;
  }
  // What is absent differs from every value, RFC 7644 section 3.4.2.2, and is neither before nor after one.
  if (place.kind === 'absent') return op === 'ne' ? sql<boolean>`true` : sql<boolean>`false`;
  if (place.kind === 'object') throw invalidFilter(`${path} needs a sub-attribute`);
  if (place.kind === 'one') return compare(op, path, place.column, value);
  const element = place.element(place.sub);
  if (element?.kind !== 'one') throw invalidFilter(`${path} needs a sub-attribute`);
  return place.some(compare(op, path, element.column, value));
}

function present(column: Column): RawBuilder<boolean> {
  return column.type === 'text'
    ? sql<boolean>`coalesce(${column.sql}, '') <> ''`
    : sql<boolean>`${column.sql} is not null`;
}

function compare(
  op: Comparison,
  path: string,
  column: Column,
  value: string | number | boolean,
): RawBuilder<boolean> {
  switch (column.type) {
    case 'text':
      if (typeof value !== 'string') throw invalidFilter(`${path} is compared with a string`);
      return compareText(op, column, value);
    case 'boolean':
      return compareBoolean(op, path, column, value);
    case 'time':
      return compareTime(op, path, column, value);
    case 'uuid':
      if (typeof value !== 'string') throw invalidFilter(`${path} is compared with a string`);
      return compareId(op, column, value);
    default:
      return column.type satisfies never;
  }
}

function compareText(op: Comparison, column: Column, value: string): RawBuilder<boolean> {
  const left = comparable(column);
  const right = comparable({
    sql: sql`${value}::text`,
    caseExact: column.caseExact,
    ...(column.key === undefined ? {} : { key: sql`${nameKey(value)}::text` }),
  });
  switch (op) {
    case 'eq':
      return sql<boolean>`${left} = ${right}`;
    case 'ne':
      return sql<boolean>`${left} is distinct from ${right}`;
    case 'co':
      return sql<boolean>`strpos(${left}, ${right}) > 0`;
    case 'sw':
      return sql<boolean>`starts_with(${left}, ${right})`;
    case 'ew':
      return sql<boolean>`right(${left}, length(${right})) = ${right}`;
    default:
      return sql<boolean>`${left} collate "C" ${order[op]} ${right} collate "C"`;
  }
}

/** A text as it is compared and sorted: as it is, by its key, or composed (NFC) and in small letters. */
export function comparable({ sql: text, caseExact, key }: Omit<Column, 'type'>): RawBuilder<unknown> {
  if (caseExact) return text;
  return key ?? sql`lower(normalize(${text}, NFC))`;
}

const order = { gt: sql`>`, ge: sql`>=`, lt: sql`<`, le: sql`<=` } as const;

function compareBoolean(
  op: Comparison,
  path: string,
  column: Column,
  value: string | number | boolean,
): RawBuilder<boolean> {
  // Entra writes booleans as the strings "True" and "False".
  const word = String(value).toLowerCase();
  if (word !== 'true' && word !== 'false') throw invalidFilter(`${path} is compared with true or false`);
  if (op !== 'eq' && op !== 'ne') throw invalidFilter(`${path} can’t be compared by ${op}`);
  const truth = word === 'true';
  return op === 'eq'
    ? sql<boolean>`${column.sql} = ${truth}`
    : sql<boolean>`${column.sql} is distinct from ${truth}`;
}

function compareTime(
  op: Comparison,
  path: string,
  column: Column,
  value: string | number | boolean,
): RawBuilder<boolean> {
  const at = typeof value === 'string' ? timeIn(value) : null;
  if (at === null || Number.isNaN(at.getTime())) throw invalidFilter(`${path} is compared with a dateTime`);
  // We show milliseconds, so we compare by them.
  const left = sql`date_trunc('milliseconds', ${column.sql})`;
  if (op === 'eq') return sql<boolean>`${left} = ${at}`;
  if (op === 'ne') return sql<boolean>`${left} <> ${at}`;
  if (op === 'co' || op === 'sw' || op === 'ew') throw invalidFilter(`${path} can’t be compared by ${op}`);
  return sql<boolean>`${left} ${order[op]} ${at}`;
}

/** A dateTime of RFC 7643 section 2.3.5; one that names no zone is in UTC. Null for anything else. */
function timeIn(text: string): Date | null {
  const [, local, zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[-+]\d\d:\d\d)?$/i.exec(text) ?? [];
  return local === undefined ? null : new Date(`${local}${zone ?? 'Z'}`);
}

function compareId(op: Comparison, column: Column, value: string): RawBuilder<boolean> {
  if (op !== 'eq' && op !== 'ne')
    return compareText(op, { sql: sql`${column.sql}::text`, type: 'text', caseExact: true }, value);
  if (!isUuid(value)) return op === 'eq' ? sql<boolean>`false` : sql<boolean>`true`;
  return op === 'eq'
    ? sql<boolean>`${column.sql} = ${value}::uuid`
    : sql<boolean>`${column.sql} <> ${value}::uuid`;
}
