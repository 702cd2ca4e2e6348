import { type RawBuilder, sql } from 'kysely';

/**
 * An array as a parameter whose length PostgreSQL does not look at when it plans. Else one id looks cheaper than the few
 * that its general plan is made for. Then a prepared statement is planned anew at each use, which takes longer than to
 * carry it out. For statements that find each element by an index, so that the length makes no other plan better.
 */
export function uuidsOfAnyLength(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`(select ${[...values]}::uuid[])::uuid[]`;
}

export function textsOfAnyLength(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`(select ${[...values]}::text[])::text[]`;
}
