import { type RawBuilder, sql } from 'kysely';
import type { Sight } from '../../core/page/reader.ts';
import type { Db } from '../postgres/database.ts';

/** What is asked for of a list: so many rows, after the last one of the page before. */
export type Portion = { limit: number; after: Cursor | null };

/** The place of a row in a list that is ordered by time and id. `at`: as PostgreSQL writes it, to the microsecond. */
export type Cursor = { at: string; id: string };

/** A portion of a list. `next`: where it goes on; null: that was all. */
export type Listed<Row> = { rows: Row[]; next: Cursor | null };

/** The first rows of one more than were asked for, and where the list goes on. */
export function listed<Row extends { cursor: Cursor }>(rows: Row[], { limit }: Portion): Listed<Row> {
  const shown = rows.slice(0, limit);
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.cursor ?? null) : null };
}

export function allOf(conditions: readonly (RawBuilder<boolean> | null)[]): RawBuilder<boolean> {
  const given = conditions.filter((one) => one !== null);
  return given.length === 0 ? sql<boolean>`true` : sql<boolean>`(${sql.join(given, sql` and `)})`;
}

/** Older than the last row that was shown. */
export function older(
  at: RawBuilder<unknown>,
  id: RawBuilder<unknown>,
  { after }: Portion,
): RawBuilder<boolean> | null {
  return after === null ? null : sql<boolean>`(${at}, ${id}) < (${after.at}::timestamptz, ${after.id}::uuid)`;
}

/** From the beginning of a day to the end of another, in UTC. */
export function within(
  at: RawBuilder<unknown>,
  { from, to }: { from?: string | undefined; to?: string | undefined },
): RawBuilder<boolean> | null {
  if (from === undefined && to === undefined) return null;
  return allOf([
    from === undefined ? null : sql<boolean>`${at} >= ${from}::date::timestamp at time zone 'utc'`,
    to === undefined ? null : sql<boolean>`${at} < (${to}::date + 1)::timestamp at time zone 'utc'`,
  ]);
}

/**
 * Changes in sight. Whoever owns nothing finds theirs by the indexes of the person and of the requester; an owner has
 * many, which are met soon where the list is read from the newest on.
 */
export function changesInSight(sight: Sight): RawBuilder<boolean> | null {
  if (sight === 'all') return null;
  const { personId, owns } = sight;
  if (owns.length === 0)
    return sql<boolean>`c.id in (
      select id from changes where person_id = ${personId} union select id from changes where requester_id = ${personId})`;
  return sql<boolean>`(c.person_id = ${personId} or c.requester_id = ${personId} or c.entitlement_key = any(${[...owns]}::text[]))`;
}

/** What is held, in sight. */
export function heldInSight(
  sight: Sight,
  { person, entitlement }: { person: RawBuilder<unknown>; entitlement: RawBuilder<unknown> },
): RawBuilder<boolean> | null {
  return sight === 'all'
    ? null
    : sql<boolean>`(${person} = ${sight.personId} or ${entitlement} = any(${[...sight.owns]}::text[]))`;
}

/** Names that are typed match this many people at most. */
export const NAMED_MAX = 100;

/** So many letters side by side are found by an index. */
const LETTERS = 3;
/** People of a name that are put in order. */
const IN_ORDER_MAX = 1_000;

/**
 * Ids of the people whose name or address has these letters, by name; of many only some. A whole address is found by
 * its index, and a part by that of three letters side by side. Fewer than three letters are the beginning of a word.
 */
export async function peopleLike(db: Db, text: string): Promise<string[]> {
  const { rows: exact } = await sql<{ id: string }>`
    select id from people where lower(email) = lower(${text}) order by id limit ${NAMED_MAX}`.execute(db);
  if (exact.length > 0) return exact.map(({ id }) => id);
  const letters = text.replace(/[\\%_]/g, '\\$&');
  const isShort = [...text].length < LETTERS;
  const patterns = isShort ? [`${letters}%`, `% ${letters}%`] : [`%${letters}%`];
  const fits = patterns.map((pattern) => sql`name ilike ${pattern} or email ilike ${pattern}`);
  // The order must not lead to an index of names, through which the last of the alphabet are reached last.
  const { rows } = await sql<{ id: string }>`
    select id from (select id, name from people where ${sql.join(fits, sql` or `)} limit ${IN_ORDER_MAX}) p
    order by name, id limit ${NAMED_MAX}`.execute(db);
  return rows.map(({ id }) => id);
}
