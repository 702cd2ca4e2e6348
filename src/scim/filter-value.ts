import { nameKey } from '../core/name-key.ts';
import type { Comparison, Filter, FilterValue } from './filter.ts';
import type { Doc } from './resource.ts';
import { type Attribute, named } from './schema.ts';
import { invalidPath } from './scim-error.ts';

/**
 * Whether one element of a user's multi-valued attribute meets the filter of a PATCH path. Lists are filtered
 * by the database (filter-condition.ts); this is only for the few values inside one resource.
 * Throws 400 `invalidPath` for an attribute that does not exist.
 */
export function matches(filter: Filter, attribute: Attribute, element: Doc): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((part) => matches(part, attribute, element));
    case 'or':
      return filter.filters.some((part) => matches(part, attribute, element));
    case 'not':
      return !matches(filter.filter, attribute, element);
    case 'some':
      throw invalidPath(`${attribute.name}.${filter.path} is not multi-valued`);
    case 'pr': {
      const value = element[subAttribute(attribute, filter.path).name];
      return value !== undefined && value !== '';
    }
    default: {
      const sub = subAttribute(attribute, filter.path);
      return compare(filter.op, sub, element[sub.name], filter.value);
    }
  }
}

function subAttribute(attribute: Attribute, path: string): Attribute {
  const sub = named(attribute.subAttributes, path);
  if (sub === undefined) throw invalidPath(`${attribute.name} has no ${path}`);
  return sub;
}

function compare(op: Comparison, sub: Attribute, actual: unknown, wanted: FilterValue): boolean {
  if (wanted === null) return (actual === undefined) === (op === 'eq');
  if (actual === undefined) return op === 'ne';
  const plain = (value: unknown) => (sub.caseExact ? String(value) : nameKey(String(value)));
  const left = plain(actual);
  const right = plain(wanted);
  switch (op) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'co':
      return left.includes(right);
    case 'sw':
      return left.startsWith(right);
    case 'ew':
      return left.endsWith(right);
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    case 'le':
      return left <= right;
    default:
      return op satisfies never;
  }
}
