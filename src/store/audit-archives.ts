import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** A segment of the audit whose entries are in a file; the numbers of its seals, both included. */
export type ArchivedSegment = { first: number; last: number };

/**
 * The segments of which the audit itself says that they were archived. A record alone counts for nothing: with it
 * anybody who can change the database could call archived what they have deleted.
 */
export async function archivedSegments(db: Db): Promise<ArchivedSegment[]> {
  const { rows } = await sql<{ first: string; last: string }>`
    select distinct r.first, r.last from audit_archives r
    where exists (
      select from audit a where a.xid = r.xid and a.type = 'auditArchived' and a.data @>
        jsonb_build_object('first', r.first, 'last', r.last, 'sha256', r.sha256)
    ) order by r.first, r.last`.execute(db);
  return rows.map(({ first, last }) => ({ first: Number(first), last: Number(last) }));
}

/** The first number at or behind `from` whose entry is not older than `before`; null: there is none. */
export async function firstNotOlder(db: Db, from: number, before: Date): Promise<number | null> {
  const { rows } = await sql<{ seq: string }>`
    select s.seq from audit_seals s join audit a on a.id = s.audit_id
    where s.seq >= ${from} and a.at >= ${before} order by s.seq limit 1`.execute(db);
  return rows[0] === undefined ? null : Number(rows[0].seq);
}

/** The last number up to `to` whose seal is of the oldest kind, without a leaf; 0: there is none. */
export async function lastChained(db: Db, to: number): Promise<number> {
  const { rows } = await sql<{ seq: string | null }>`
    select max(seq) as seq from audit_seals where seq <= ${to} and format = 1`.execute(db);
  return Number(rows[0]?.seq ?? 0);
}

/**
 * Takes the entries of a segment out of the table, and answers how many of them have left or may stay. Only the owner
 * of the tables can, and only with the record that this makes. Entries that say what was archived stay.
 */
export async function removeArchived(
  tx: Tx,
  { first, last, sha256 }: ArchivedSegment & { sha256: string },
): Promise<number> {
  await sql`insert into audit_archives (first, last, sha256) values (${first}, ${last}, ${sha256})`.execute(
    tx,
  );
  const done = await sql`
    delete from audit a using audit_seals s
    where s.audit_id = a.id and s.seq between ${first} and ${last} and a.type <> 'auditArchived'`.execute(tx);
  const { rows } = await sql<{ stay: string }>`
    select count(*) as stay from audit_seals s join audit a on a.id = s.audit_id
    where s.seq between ${first} and ${last}`.execute(tx);
  return Number(done.numAffectedRows ?? 0) + Number(rows[0]?.stay ?? 0);
}
