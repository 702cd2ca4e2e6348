import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** Hashes of whole subtrees of 2^level leaves, from number `first` up to `first + count`, those that are there. */
export async function treeNodes(db: Db, level: number, first: number, count: number): Promise<Buffer[]> {
  const { rows } = await sql<{ hash: Buffer }>`
    select hash from audit_tree where level = ${level} and n >= ${first} and n < ${first + count} order by n`.execute(
    db,
  );
  return rows.map(({ hash }) => hash);
}

/** How many whole subtrees of this level there are. */
export async function treeNodeCount(db: Db, level: number): Promise<number> {
  const { rows } = await sql<{ count: string }>`
    select coalesce(max(n) + 1, 0) as count from audit_tree where level = ${level}`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/** Subtrees of one level, numbered from `first` on. */
export async function addTreeNodes(
  tx: Tx,
  level: number,
  first: number,
  hashes: readonly Buffer[],
): Promise<void> {
  await sql`
    insert into audit_tree (level, n, hash)
    select ${level}, ${first}::bigint + place - 1, decode(hash, 'hex')
    from unnest(${hashes.map((one) => one.toString('hex'))}::text[]) with ordinality as t (hash, place)`.execute(
    tx,
  );
}

/** A checkpoint as it was made. */
export type StoredCheckpoint = { size: number; root: Buffer; note: string; madeAt: Date };

type Row = { size: string; root: Buffer; note: string; madeAt: Date };

const stored = (rows: readonly Row[]): StoredCheckpoint[] =>
  rows.map((row) => ({ ...row, size: Number(row.size) }));

/** The newest checkpoint of the largest size. */
export async function lastCheckpoint(db: Db): Promise<StoredCheckpoint | null> {
  const { rows } = await sql<Row>`
    select size, root, note, made_at as "madeAt" from audit_checkpoints order by size desc, id desc limit 1`.execute(
    db,
  );
  return stored(rows)[0] ?? null;
}

/** Checkpoints from the largest down, after a size; a page. `before` null: from the largest. */
export async function checkpointsDown(
  db: Db,
  before: { size: number } | null,
  limit: number,
): Promise<StoredCheckpoint[]> {
  const { rows } = await sql<Row>`
    select size, root, note, made_at as "madeAt" from audit_checkpoints
    where size < ${before?.size ?? Number.MAX_SAFE_INTEGER} order by size desc, id desc limit ${limit}`.execute(
    db,
  );
  return stored(rows);
}

/** The smallest checkpoint that is at least so large; with `to`, the largest that is not larger than that. */
export async function checkpointFrom(db: Db, size: number, to?: number): Promise<StoredCheckpoint | null> {
  const rest =
    to === undefined ? sql`order by size, id desc` : sql`and size <= ${to} order by size desc, id desc`;
  const { rows } = await sql<Row>`
    select size, root, note, made_at as "madeAt" from audit_checkpoints
    where size >= ${size} ${rest} limit 1`.execute(db);
  return stored(rows)[0] ?? null;
}

export async function keepCheckpoint(tx: Tx, made: Omit<StoredCheckpoint, 'madeAt'>): Promise<void> {
  await sql`insert into audit_checkpoints (size, root, note) values (${made.size}, ${made.root}, ${made.note})`.execute(
    tx,
  );
}
