import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../store/database.ts';
import type { ListQuery } from './endpoint.ts';
import { parseFilter } from './filter.ts';
import { filterToSql, type Source } from './filter-sql.ts';
import { invalidPath } from './scim-error.ts';

/**
 * One page of a table: filtered, sorted and cut in SQL (RFC 7644 section 3.4.2). Without a sort the oldest come
 * first, so that what is added meanwhile shows up on a later page. Throws 400 `invalidFilter` or `invalidPath`.
 */
export async function pageOf<Row>(
  db: Db,
  table: 'scim_users' | 'scim_groups',
  source: Source,
  query: ListQuery,
): Promise<{ total: number; rows: Row[] }> {
  const from = sql.table(table);
  const where =
    query.filter === undefined ? sql<boolean>`true` : filterToSql(parseFilter(query.filter), source);
  const counted = await sql<{ n: string }>`select count(*) as n from ${from} where ${where}`.execute(db);
  const total = Number(counted.rows[0]?.n ?? 0);
  if (query.count === 0 || query.startIndex > total) return { total, rows: [] };
  const { rows } = await sql<Row>`
    select * from ${from} where ${where}
    order by ${sortedBy(query, source)}created_at, id
    limit ${query.count} offset ${query.startIndex - 1}`.execute(db);
  return { total, rows };
}

/** Resources without the attribute come last when ascending, first when descending: PostgreSQL's own order. */
function sortedBy(query: ListQuery, source: Source): RawBuilder<unknown> {
  if (query.sortBy === undefined) return sql``;
  const place = source(query.sortBy);
  if (place?.kind !== 'one') throw invalidPath(`can’t sort by ${query.sortBy}`);
  const { column } = place;
  const key =
    column.type !== 'text'
      ? column.sql
      : column.caseExact
        ? sql`${column.sql} collate "C"`
        : sql`lower(${column.sql}) collate "C"`;
  return query.sortOrder === 'descending' ? sql`${key} desc, ` : sql`${key}, `;
}
