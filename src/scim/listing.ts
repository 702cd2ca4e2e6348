import { databaseNow } from '../store/postgres/clock.ts';
import type { Column } from '../store/scim/conditions.ts';
import {
  countSelection,
  type Found,
  type Position,
  readSelection,
  type Selection,
  selectionOf,
} from '../store/scim/listing.ts';
import type { Endpoint, ListQuery, Page, Scim } from './endpoint.ts';
import { parseFilter } from './filter.ts';
import { conditionOf, type Place, type Source } from './filter-condition.ts';
import type { Wanted } from './projection.ts';
import type { ResourceType } from './schema.ts';
import { invalidFilter, invalidPath } from './scim-error.ts';

/**
 * One page of what several endpoints have: filtered, sorted and cut in SQL (RFC 7644 section 3.4.2). Without a sort
 * the oldest come first, so that what is added meanwhile shows up on a later page. With a cursor (RFC 9865) a page
 * begins behind a resource and not at a number: what comes or goes meanwhile shifts nothing.
 * Throws 400 `invalidFilter`, `invalidPath`, `invalidCursor` or `expiredCursor`.
 */
export async function listResources(
  scim: Scim,
  endpoints: readonly Endpoint[],
  query: ListQuery,
  wantedOf: (type: ResourceType) => Wanted,
): Promise<Page> {
  const selection = select(scim, endpoints, query);
  const { found, ...cut } =
    query.cursor === null ? await byIndex(scim, selection, query) : await byCursor(scim, selection, query);
  const shown = await Promise.all(
    endpoints.map(async (endpoint) => {
      const ids = found.filter((one) => one.type === endpoint.type.name).map((one) => one.id);
      return ids.length === 0 ? null : await endpoint.show(ids, wantedOf(endpoint.type));
    }),
  );
  // Whoever was deleted between the two looks is left out.
  const resources = found
    .map(({ id }) => shown.find((some) => some?.has(id))?.get(id))
    .filter((one) => one !== undefined);
  return { ...cut, resources };
}

type Cut = Omit<Page, 'resources'> & { found: Found[] };

async function byIndex(scim: Scim, selection: Selection, query: ListQuery): Promise<Cut> {
  const { startIndex, count } = query;
  if (count === 0) return { total: await countSelection(scim.db, selection), found: [] };
  const found = await read(scim, selection, query, { offset: startIndex - 1 });
  // The last page tells how many there are; that saves the usual look-up by name a count.
  const isLast = found.length <= count && (found.length > 0 || startIndex === 1);
  const total = isLast ? startIndex - 1 + found.length : await countSelection(scim.db, selection);
  return { total, found: found.slice(0, count) };
}

async function byCursor(scim: Scim, selection: Selection, query: ListQuery): Promise<Cut> {
  const belongsTo = JSON.stringify([
    query.scope,
    query.filter ?? null,
    query.sortBy ?? null,
    query.sortOrder,
  ]);
  const now = await databaseNow(scim.db);
  const position = query.cursor === '' ? null : scim.cursors.open(query.cursor ?? '', belongsTo, now);
  const rows = await read(scim, selection, query, position === null ? { offset: 0 } : { position });
  const goesOn = rows.length > query.count;
  const isBackward = position?.direction === 'backward';
  const found = rows.slice(0, query.count);
  if (isBackward) found.reverse();
  const total = position === null && !goesOn ? rows.length : await countSelection(scim.db, selection);
  const seal = (from: Found | undefined, direction: Position['direction']) =>
    from === undefined
      ? undefined
      : scim.cursors.seal({ direction, key: from.key, createdAt: from.created, id: from.id }, belongsTo, now);
  return {
    total,
    found,
    nextCursor: goesOn || isBackward ? seal(found.at(-1), 'forward') : undefined,
    previousCursor: position !== null && (goesOn || !isBackward) ? seal(found[0], 'backward') : undefined,
  };
}

/** One row more than the page holds tells whether it goes on. */
async function read(
  scim: Scim,
  selection: Selection,
  query: ListQuery,
  from: { position: Position } | { offset: number },
): Promise<Found[]> {
  return await readSelection(scim.db, selection, {
    isDescending: query.sortOrder === 'descending',
    limit: query.count + 1,
    position: 'position' in from ? from.position : null,
    offset: 'offset' in from ? from.offset : 0,
  });
}

/** A source sees its own only. */
function select(scim: Scim, endpoints: readonly Endpoint[], query: ListQuery): Selection {
  const filter = query.filter === undefined ? null : parseFilter(query.filter);
  const keys = endpoints.map(({ source }) => (query.sortBy === undefined ? null : source(query.sortBy)));
  const columns = keys.map((place) => (place === null ? null : columnToSortBy(place)));
  const key = columns.find((column) => column !== null)?.type ?? null;
  if (query.sortBy !== undefined && key === null) throw invalidPath(`can’t sort by ${query.sortBy}`);
  const parts = endpoints.map(({ type, table, source }, n) => {
    const among = endpoints.length === 1 ? source : besideOthers(source, endpoints);
    const where = filter === null ? null : conditionOf(filter, among);
    return { type: type.name, table, where, sortBy: columns[n] ?? null };
  });
  return selectionOf(scim.source, parts, key);
}

function columnToSortBy(place: Place): Column | null {
  if (place.kind === 'one') return place.column;
  return place.kind === 'many' ? place.chosen : null;
}

/** In a query over several types, an attribute that one of them lacks has no value there. */
function besideOthers(source: Source, endpoints: readonly Endpoint[]): Source {
  return (path) => {
    const place = source(path);
    if (place !== null) return place;
    if (endpoints.every((other) => other.source(path) === null))
      throw invalidFilter(`${path} can’t be filtered on`);
    return { kind: 'absent' };
  };
}
