import { sql } from 'kysely';
import type { JobName } from '../core/jobs/reactions.ts';
import type { Db } from './postgres/database.ts';
import { pendingChange } from './states.ts';

/** Open work of one kind, and of one identity provider where it names one: how much, since when the oldest is due, and since when it is owed; ages in seconds. */
export type OpenWork = {
  job: JobName;
  idp: string | null;
  open: number;
  overdueSeconds: number;
  oldestSeconds: number;
};

export async function openWork(db: Db): Promise<OpenWork[]> {
  const { rows } = await sql<OpenWork>`
    select job, payload->>'idp' as idp, count(*)::int as open,
      greatest(0, extract(epoch from clock_timestamp() - min(next_at) filter (where not leased)))::float8 as "overdueSeconds",
      greatest(0, extract(epoch from clock_timestamp() - min(created_at)))::float8 as "oldestSeconds"
    from outbox where done_at is null group by 1, 2`.execute(db);
  return rows.map((row) => ({ ...row, overdueSeconds: row.overdueSeconds ?? 0 }));
}

/** Requests that wait for somebody's decision: how many, and the age of the oldest in seconds. */
export async function pendingRequests(db: Db): Promise<{ pending: number; oldestSeconds: number }> {
  const { rows } = await sql<{ pending: number; oldestSeconds: number }>`
    select count(*)::int as pending,
      coalesce(greatest(0, extract(epoch from clock_timestamp() - min(requested_at))), 0)::float8 as "oldestSeconds"
    from changes where state in ${pendingChange}`.execute(db);
  return rows[0] ?? { pending: 0, oldestSeconds: 0 };
}

/** How many requests this person's copilot has filed within the last hour. */
export async function filedByCopilot(db: Db, personId: string): Promise<number> {
  const { rows } = await sql<{ filed: number }>`
    select count(*)::int as filed from changes
    where requester_id = ${personId} and doc->>'via' = 'mcp'
      and requested_at > clock_timestamp() - interval '1 hour'`.execute(db);
  return rows[0]?.filed ?? 0;
}

/** What people were alarmed of and is not over. */
export type Alarms = {
  late: number;
  canary: number;
  policy: number;
  queue: number;
  provisioning: number;
  delivery: number;
};

export async function openAlarms(db: Db): Promise<Alarms> {
  const { rows } = await sql<Alarms>`
    select (select count(*) from changes where state = 'late')::int as late,
      (select count(*) from canary_alarms where cleared_at is null)::int as canary,
      (select count(*) from policy_troubles where mended_at is null)::int as policy,
      (select count(*) from queue_troubles where back_at is null)::int as queue,
      (select count(*) from provisioning_troubles where back_at is null)::int as provisioning,
      (select count(*) from delivery_troubles where told_at is not null and mended_at is null)::int as delivery`.execute(
    db,
  );
  return rows[0] ?? { late: 0, canary: 0, policy: 0, queue: 0, provisioning: 0, delivery: 0 };
}
