import { DEFAULT_COUNT, type ListQuery, MAX_COUNT } from './endpoint.ts';
import { bodyObject, checkSchemas } from './resource.ts';
import { sameName } from './schema.ts';
import { invalidFilter, invalidValue, ScimError } from './scim-error.ts';

const SEARCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

/** Reads one parameter of a query; undefined when it is not given. Throws 400 `invalidValue`. */
export type Parameters = (name: string) => string | undefined;

const none: Parameters = () => undefined;

/**
 * The parameters in an address. A plus is a plus there (RFC 3986): `filter=userName%20eq%20"ines+test@acme.example"`.
 * Only where a value has pluses and no encoded blank, they are the blanks of a form: no filter is without any.
 * Throws for one that comes twice.
 */
export function parametersOf(address: string): Parameters {
  if (!address.includes('?')) return none;
  const all = new Map<string, string[]>();
  const [, query = ''] = /\?([^#]*)/.exec(address) ?? [];
  for (const pair of query.split('&')) {
    const [, name = '', sent = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const value = decoded(/%20/.test(sent) ? sent : sent.replaceAll('+', '%20'));
    const key = decoded(name).toLowerCase();
    all.set(key, [...(all.get(key) ?? []), value]);
  }
  return (name) => {
    const [value, ...others] = all.get(name.toLowerCase()) ?? [];
    if (others.length > 0) throw invalidValue(`${name} comes more than once`);
    return value;
  };
}

/** What can't be decoded was not encoded: somebody's `100%` stays that. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  }
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
    if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : String(value);
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

/** RFC 7644 section 3.4.2.4: a negative count is 0, a count beyond ours is ours, however large. */
function countOf(parameter: Parameters): number {
  return Math.min(MAX_COUNT, Math.max(0, integer(parameter, 'count') ?? DEFAULT_COUNT));
}

/** RFC 9865 section 2.1: without at least one resource a page would lead nowhere. */
function countOfCursorPage(parameter: Parameters): number {
  const text = parameter('count');
  if (text === undefined) return DEFAULT_COUNT;
  if (!/^\d+$/.test(text) || Number(text) < 1)
    throw new ScimError(400, `count is a number from 1 to ${MAX_COUNT}`, 'invalidCount');
  return Math.min(MAX_COUNT, Number(text));
}

/** An integer of any length, cut where a number stops to be exact. */
function integer(parameter: Parameters, name: string): number | undefined {
  const text = parameter(name);
  if (text === undefined) return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw invalidValue(`${name} is not an integer`);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(text)));
}
