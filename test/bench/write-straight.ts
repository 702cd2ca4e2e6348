import type pg from 'pg';
import { SEALER_LOCK } from '../../src/store/audit-seals.ts';

/** The end of a statement whose part `written` has put entries into the audit: a seal for each, after the last there is. */
export const SEALS_OF_WRITTEN = `, last as (select seq, hash, cluster from audit_seals order by seq desc limit 1)
  insert into audit_seals (seq, audit_id, hash, cluster)
  select last.seq + row_number() over (order by id), id, hash, cluster from written, last`;

/** Writes straight into Latchkey's tables, and leaves them as PostgreSQL's own upkeep would. */
export async function writeStraight(db: pg.Pool, statements: readonly string[]): Promise<void> {
  const client = await db.connect();
  try {
    // Foreign keys that are right by construction are not checked one by one.
    await client.query('set session_replication_role = replica');
    // The sealer waits until the connection ends: the seals that are filled in go on where it stopped.
    await client.query(`select pg_advisory_lock(${SEALER_LOCK})`);
    for (const text of statements) await client.query(text);
    await client.query('reset session_replication_role');
    await client.query('vacuum analyze');
  } finally {
    client.release(true);
  }
}
