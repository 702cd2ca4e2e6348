import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../postgres/database.ts';
import type { ScimSource } from '../schema/scim-tables.ts';
import { always, type Column, type Condition, comparable } from './conditions.ts';

/** Resources of one table, as a part of what is listed. */
export type Part = {
  /** Stands in what is found. */
  type: string;
  table: 'scim_users' | 'scim_groups';
  /** Null: all that the source has. */
  where: Condition | null;
  /** Null: these have nothing that is sorted by. */
  sortBy: Column | null;
};

type KeyType = Column['type'];

/** The resources that a query is about, as a table with a sort key. */
export type Selection = { from: RawBuilder<unknown>; key: KeyType | null };

export type Found = {
  type: string;
  id: string;
  /** Sort key and creation as PostgreSQL writes them: a JavaScript date would lose the microseconds. */
  key: string | null;
  created: string;
};

/** Between which two resources a page begins, and which way it goes from there. */
export type Position = {
  direction: 'forward' | 'backward';
  /** The sort key as PostgreSQL writes it; null: the resource has no such attribute, or nothing is sorted by. */
  key: string | null;
  createdAt: string;
  id: string;
};

/** A source sees its own only. `key`: the type of what is sorted by; null: nothing is. */
export function selectionOf(source: ScimSource, parts: readonly Part[], key: KeyType | null): Selection {
  const selects = parts.map(({ type, table, where, sortBy }) => {
    const sortKey = key === null ? sql`` : sql`, ${keyOf(sortBy, key)} as key`;
    return sql`select ${sql.lit(type)} as type, id, created_at${sortKey} from ${sql.table(table)}
      where source = ${source} and (${where ?? always})`;
  });
  return { from: sql.join(selects, sql` union all `), key };
}

/**
 * The resources of a selection in their order, from a position on or, without one, from `offset` on. Without a sort key
 * the oldest come first. Backward from a position they come in the opposite order.
 */
export async function readSelection(
  db: Db,
  { from, key }: Selection,
  page: { isDescending: boolean; position: Position | null; offset: number; limit: number },
): Promise<Found[]> {
  const { position } = page;
  const isBackward = position?.direction === 'backward';
  const isDescending = page.isDescending !== isBackward;
  const keyOrder = key === null ? sql`` : isDescending ? sql`${ordered(key)} desc, ` : sql`${ordered(key)}, `;
  const tieOrder = isBackward ? sql`created_at desc, id desc` : sql`created_at, id`;
  const where = position === null ? always : beyond(position, key, isDescending);
  const offset = position === null ? sql`offset ${page.offset}` : sql``;
  const { rows } = await sql<Found>`
    select type, id, ${key === null ? sql`null` : sql`key::text`} as key, created_at::text as created
    from (${from}) r where ${where}
    order by ${keyOrder}${tieOrder} limit ${page.limit} ${offset}`.execute(db);
  return rows;
}

export async function countSelection(db: Db, { from }: Selection): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from (${from}) r`.execute(db);
  return Number(rows[0]?.n ?? 0);
}

/**
 * What comes after a position in the order read. Resources without the attribute come last when ascending, first
 * when descending: PostgreSQL's own order, and so its exact reverse when going back.
 */
function beyond(position: Position, key: KeyType | null, isDescending: boolean): Condition {
  const { createdAt, id } = position;
  const than = position.direction === 'backward' ? sql`<` : sql`>`;
  const tie = sql<boolean>`(created_at, id) ${than} (${createdAt}::timestamptz, ${id}::uuid)`;
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

const sqlTypes = { text: 'text', boolean: 'boolean', time: 'timestamptz', uuid: 'uuid' } as const;

function keyOf(column: Column | null, key: KeyType): RawBuilder<unknown> {
  if (column === null) return sql`null::${sql.raw(sqlTypes[key])}`;
  return column.type === 'text' ? comparable(column) : column.sql;
}
