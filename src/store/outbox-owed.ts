import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Forgets rows done long ago. The audit keeps what happened; this table only what is owed. */
export async function forgetDone(db: Db, olderThanHours: number): Promise<void> {
  await sql`delete from outbox where done_at < clock_timestamp() - ${olderThanHours} * interval '1 hour'`.execute(
    db,
  );
}

/** The rows that are owed, and of those the ones that failed at their last try, by fault. */
export async function owed(db: Db): Promise<{ open: number; failing: Record<string, number> }> {
  const { rows } = await sql<{ fault: string | null; n: string }>`
    select case when attempts > 0 then last_fault end as fault, count(*) as n
    from outbox where done_at is null group by 1 order by 1`.execute(db);
  return {
    open: rows.reduce((sum, row) => sum + Number(row.n), 0),
    failing: Object.fromEntries(
      rows.flatMap((row) => (row.fault === null ? [] : [[row.fault, Number(row.n)]])),
    ),
  };
}
