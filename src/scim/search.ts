import { DEFAULT_COUNT, type ListQuery, MAX_COUNT } from './endpoint.ts';
import { bodyObject, checkSchemas } from './resource.ts';
import { sameName } from './schema.ts';
import { invalidFilter, invalidValue, ScimError } from './scim-error.ts';

const SEARCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

/** Reads one parameter of a query; undefined when it is not given. Throws 400 `invalidValue`. */
export type Parameters = (name: string) => string | undefined;

/** The parameters in an address. Throws for one that comes twice. */
export function parametersOf(query: unknown): Parameters {
  const all = query as Record<string, string | string[] | undefined>;
  return (name) => {
    const value = all[name];
    if (Array.isArray(value)) throw invalidValue(`${name} comes more than once`);
    return value;
  };
}

/** The parameters of a `.search`, RFC 7644 section 3.4.3: lists of attributes are JSON arrays there. */
export function parametersInBody(sent: unknown): Parameters {
  const body = bodyObject(sent);
  checkSchemas(body, SEARCH_SCHEMA);
  return (name) => {
    const value = Object.entries(body).find(([key]) => sameName(key, name))?.[1];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(',');
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw invalidValue(`${name} is neither text nor a number`);
  };
}

/** What to list, and which part of it. `scope` tells queries at different addresses apart. Throws 400. */
export function readListQuery(scope: string, parameter: Parameters): ListQuery {
  const filter = parameter('filter');
  if (filter !== undefined && filter.trim() === '') throw invalidFilter('the filter is empty');
  const sortOrder = parameter('sortOrder')?.toLowerCase() ?? 'ascending';
  if (sortOrder !== 'ascending' && sortOrder !== 'descending')
    throw invalidValue('sortOrder is ascending or descending');
  const cursor = parameter('cursor') ?? null;
  return {
    scope,
    filter,
    sortBy: parameter('sortBy'),
    sortOrder,
    cursor,
    startIndex: cursor === null ? Math.max(1, integer(parameter, 'startIndex') ?? 1) : 1,
    count: cursor === null ? countOf(parameter) : countOfCursorPage(parameter),
  };
}

/** RFC 7644 section 3.4.2.4: a negative count is 0, a count beyond ours is ours. */
function countOf(parameter: Parameters): number {
  return Math.min(MAX_COUNT, Math.max(0, integer(parameter, 'count') ?? DEFAULT_COUNT));
}

/** RFC 9865 section 2.1: without at least one resource a page would lead nowhere. */
function countOfCursorPage(parameter: Parameters): number {
  const text = parameter('count');
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new ScimError(400, `count is a number from 1 to ${MAX_COUNT}`, 'invalidCount');
  return Math.min(MAX_COUNT, Number(text));
}

function integer(parameter: Parameters, name: string): number | undefined {
  const text = parameter(name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,9}$/.test(text)) throw invalidValue(`${name} is not an integer`);
  return Number(text);
}
