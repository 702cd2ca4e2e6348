import { type RawBuilder, sql } from 'kysely';
import { databaseNow } from '../store/postgres/clock.ts';
import type { Position } from './cursor.ts';
import type { Endpoint, ListQuery, Page, Scim } from './endpoint.ts';
import { parseFilter } from './filter.ts';
import { type Column, comparable, filterToSql, type Place, type Source } from './filter-sql.ts';
import type { Wanted } from './projection.ts';
import type { ResourceType } from './schema.ts';
import { invalidFilter, invalidPath } from './scim-error.ts';

type Found = {
  type: ResourceType['name'];
  id: string;
  /** Sort key and creation as PostgreSQL writes them: a JavaScript date would lose the microseconds. */
  key: string | null;
  created: string;
};

/** The resources that a query is about, as a table with a sort key. */
type Selection = { from: RawBuilder<unknown>; key: KeyType | null };
type KeyType = Column['type'];

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
  if (count === 0) return { total: await countOf(scim, selection), found: [] };
  const found = await read(scim, selection, query, null, sql`offset ${startIndex - 1}`);
  // The last page tells how many there are; that saves the usual look-up by name a count.
  const isLast = found.length <= count && (found.length > 0 || startIndex === 1);
  const total = isLast ? startIndex - 1 + found.length : await countOf(scim, selection);
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
  const rows = await read(scim, selection, query, position, sql``);
  const goesOn = rows.length > query.count;
  const isBackward = position?.direction === 'backward';
  const found = rows.slice(0, query.count);
  if (isBackward) found.reverse();
  const total = position === null && !goesOn ? rows.length : await countOf(scim, selection);
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
  { from, key }: Selection,
  query: ListQuery,
  position: Position | null,
  offset: RawBuilder<unknown>,
): Promise<Found[]> {
  const isBackward = position?.direction === 'backward';
  const isDescending = (query.sortOrder === 'descending') !== isBackward;
  const keyOrder = key === null ? sql`` : isDescending ? sql`${ordered(key)} desc, ` : sql`${ordered(key)}, `;
  const tieOrder = isBackward ? sql`created_at desc, id desc` : sql`created_at, id`;
  const where = position === null ? sql`true` : beyond(position, key, isDescending);
  const { rows } = await sql<Found>`
    select type, id, ${key === null ? sql`null` : sql`key::text`} as key, created_at::text as created
    from (${from}) r where ${where}
    order by ${keyOrder}${tieOrder} limit ${query.count + 1} ${offset}`.execute(scim.db);
  return rows;
}

/**
 * What comes after a position in the order read. Resources without the attribute come last when ascending, first
 * when descending: PostgreSQL's own order, and so its exact reverse when going back.
 */
function beyond(position: Position, key: KeyType | null, isDescending: boolean): RawBuilder<unknown> {
  const { createdAt, id } = position;
  const than = position.direction === 'backward' ? sql`<` : sql`>`;
  const tie = sql`(created_at, id) ${than} (${createdAt}::timestamptz, ${id}::uuid)`;
  if (key === null) return tie;
  if (position.key === null)
    return isDescending ? sql`(key is not null or ${tie})` : sql`(key is null and ${tie})`;
  const at = sql`${position.key}::${sql.raw(sqlTypes[key])}`;
  const left = ordered(key);
  return isDescending
    ? sql`(${left} < ${at} or (${left} = ${at} and ${tie}))`
    : sql`(${left} > ${at} or key is null or (${left} = ${at} and ${tie}))`;
}

/** The order of a text must not depend on the database's locale. */
function ordered(key: KeyType): RawBuilder<unknown> {
  return key === 'text' ? sql`key collate "C"` : sql`key`;
}

async function countOf(scim: Scim, { from }: Selection): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from (${from}) r`.execute(scim.db);
  return Number(rows[0]?.n ?? 0);
}

const sqlTypes = { text: 'text', boolean: 'boolean', time: 'timestamptz', uuid: 'uuid' } as const;

/** A source sees its own only. */
function select(scim: Scim, endpoints: readonly Endpoint[], query: ListQuery): Selection {
  const filter = query.filter === undefined ? null : parseFilter(query.filter);
  const keys = endpoints.map(({ source }) => (query.sortBy === undefined ? null : source(query.sortBy)));
  const columns = keys.map((place) => (place === null ? null : columnToSortBy(place)));
  const key = columns.find((column) => column !== null)?.type ?? null;
  if (query.sortBy !== undefined && key === null) throw invalidPath(`can’t sort by ${query.sortBy}`);
  const parts = endpoints.map(({ type, table, source }, n) => {
    const among = endpoints.length === 1 ? source : besideOthers(source, endpoints);
    const where = filter === null ? sql`true` : filterToSql(filter, among);
    const column = columns[n] ?? null;
    const sortKey = key === null ? sql`` : sql`, ${keyOf(column, key)} as key`;
    return sql`select ${sql.lit(type.name)} as type, id, created_at${sortKey} from ${sql.table(table)}
      where source = ${scim.source} and (${where})`;
  });
  return { from: sql.join(parts, sql` union all `), key };
}

function columnToSortBy(place: Place): Column | null {
  if (place.kind === 'one') return place.column;
  return place.kind === 'many' ? place.chosen : null;
}

function keyOf(column: Column | null, key: KeyType): RawBuilder<unknown> {
  if (column === null) return sql`null::${sql.raw(sqlTypes[key])}`;
  return column.type === 'text' ? comparable(column) : column.sql;
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
