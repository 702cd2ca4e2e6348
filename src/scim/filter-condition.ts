import * as where from '../store/scim/conditions.ts';
import type { Comparison, Filter, FilterValue } from './filter.ts';
import { isUuid } from './resource.ts';
import { invalidFilter } from './scim-error.ts';

/** What an attribute's name stands for in the database. */
export type Place =
  | { kind: 'one'; column: where.Column }
  /** A complex attribute without a sub-attribute named: only its presence can be asked. */
  | { kind: 'object'; present: where.Condition }
  /** An attribute that only other resource types have, in a query over several: it has no value here. */
  | { kind: 'absent' }
  /** A multi-valued attribute; `some` says that one element meets a condition. */
  | {
      kind: 'many';
      some: (condition: where.Condition) => where.Condition;
      element: Source;
      /** The sub-attribute named with the attribute, else `value`. */
      sub: string;
      /** The one value to sort by: of the primary element, else of the first. Null: no order among them. */
      chosen: where.Column | null;
    };

/** Finds an attribute by its name in any case; null when it can't be filtered on. */
export type Source = (path: string) => Place | null;

/**
 * A filter as a condition on the database. Throws 400 `invalidFilter` for what does not exist or can't be compared so.
 */
export function conditionOf(filter: Filter, source: Source): where.Condition {
  switch (filter.op) {
    case 'and':
      return where.all(filter.filters.map((part) => conditionOf(part, source)));
    case 'or':
      return where.any(filter.filters.map((part) => conditionOf(part, source)));
    case 'not':
      return where.notTrue(conditionOf(filter.filter, source));
    case 'some': {
      const place = placeOf(filter.path, source);
      if (place.kind === 'absent') return where.never;
      if (place.kind !== 'many') throw invalidFilter(`${filter.path} is not multi-valued`);
      return place.some(conditionOf(filter.filter, place.element));
    }
    case 'pr':
      return presence(filter.path, source);
    default:
      return comparison(filter.op, filter.path, filter.value, source);
  }
}

function placeOf(path: string, source: Source): Place {
  const place = source(path);
  if (place === null) throw invalidFilter(`${path} can’t be filtered on`);
  return place;
}

function presence(path: string, source: Source): where.Condition {
  const place = placeOf(path, source);
  if (place.kind === 'absent') return where.never;
  if (place.kind === 'object') return place.present;
  if (place.kind === 'one') return where.hasValue(place.column);
  const value = place.element(place.sub);
  return place.some(value?.kind === 'one' ? where.hasValue(value.column) : where.always);
}

function comparison(op: Comparison, path: string, value: FilterValue, source: Source): where.Condition {
  const place = placeOf(path, source);
  if (value === null) {
    if (op !== 'eq' && op !== 'ne') throw invalidFilter(`null can’t be compared by ${op}`);
    const there = presence(path, source);
    return op === 'eq' ? where.not(there) : there;
  }
  // An absent value differs from every value (RFC 7644 section 3.4.2.2), and is neither before nor after one.
  if (place.kind === 'absent') return op === 'ne' ? where.always : where.never;
  if (place.kind === 'object') throw invalidFilter(`${path} needs a sub-attribute`);
  if (place.kind === 'one') return compare(op, path, place.column, value);
  const element = place.element(place.sub);
  if (element?.kind !== 'one') throw invalidFilter(`${path} needs a sub-attribute`);
  return place.some(compare(op, path, element.column, value));
}

function compare(
  op: Comparison,
  path: string,
  column: where.Column,
  value: string | number | boolean,
): where.Condition {
  switch (column.type) {
    case 'text':
      if (typeof value !== 'string') throw invalidFilter(`${path} is compared with a string`);
      return where.compareText(op, column, value);
    case 'boolean': {
      // Entra writes booleans as the strings "True" and "False".
      const word = String(value).toLowerCase();
      if (word !== 'true' && word !== 'false') throw invalidFilter(`${path} is compared with true or false`);
      if (op !== 'eq' && op !== 'ne') throw invalidFilter(`${path} can’t be compared by ${op}`);
      return where.compareBoolean(op, column, word === 'true');
    }
    case 'time': {
      const at = typeof value === 'string' ? timeIn(value) : null;
      if (at === null || Number.isNaN(at.getTime()))
        throw invalidFilter(`${path} is compared with a dateTime`);
      if (op === 'co' || op === 'sw' || op === 'ew')
        throw invalidFilter(`${path} can’t be compared by ${op}`);
      return where.compareTime(op, column, at);
    }
    case 'uuid':
      if (typeof value !== 'string') throw invalidFilter(`${path} is compared with a string`);
      if (op !== 'eq' && op !== 'ne') return where.compareText(op, where.asText(column), value);
      if (isUuid(value)) return where.compareId(op, column, value);
      return op === 'eq' ? where.never : where.always;
    default:
      return column.type satisfies never;
  }
}

/** A dateTime of RFC 7643 section 2.3.5; one that names no zone is in UTC. Null for anything else. */
function timeIn(text: string): Date | null {
  const [, local, zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[-+]\d\d:\d\d)?$/i.exec(text) ?? [];
  return local === undefined ? null : new Date(`${local}${zone ?? 'Z'}`);
}
