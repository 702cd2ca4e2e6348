import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../postgres/database.ts';

/** Rows fetched at a time: the memory that a list takes does not grow with its length. */
const FETCHED = 1_000;
let opened = 0;

/**
 * All that is read in it is of one moment, so that counts agree with lists. It only reads, so it holds up neither writers
 * nor the sealer. Long ones keep PostgreSQL from clearing away old rows meanwhile.
 */
export async function atOneMoment<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
}

/**
 * The rows of a query, by a cursor of PostgreSQL's. `isHashed`: it holds two long lists against each other. Of conditions
 * on documents the planner expects a few rows, and would go through one list for each row of the other.
 */
export async function* rowsOf<Row>(
  tx: Tx,
  query: RawBuilder<Row>,
  { isHashed = false }: { isHashed?: boolean } = {},
): AsyncGenerator<Row> {
  opened += 1;
  const name = sql.raw(`evidence_${opened}`);
  if (isHashed) await sql`set local enable_nestloop = off`.execute(tx);
  // It is planned when it is declared.
  await sql`declare ${name} no scroll cursor for ${query}`.execute(tx);
  if (isHashed) await sql`set local enable_nestloop = on`.execute(tx);
  for (;;) {
    const { rows } = await sql<Row>`fetch ${sql.lit(FETCHED)} from ${name}`.execute(tx);
    yield* rows;
    if (rows.length < FETCHED) break;
  }
  await sql`close ${name}`.execute(tx);
}

export async function countOf(tx: Tx, query: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from (${query}) counted`.execute(tx);
  return Number(rows[0]?.n ?? 0);
}

/** A query with its values put in, for people to read and run. */
export function shownQuery(db: Db | Tx, query: RawBuilder<unknown>): string {
  const { sql: text, parameters } = query.compile(db);
  return text
    .replaceAll(/\$(\d+)/g, (_, n: string) => literal(parameters[Number(n) - 1]))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]`;
  if (value instanceof Date) return `'${value.toISOString()}'`;
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
}
