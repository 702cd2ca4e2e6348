import { sql } from 'kysely';
import type { Db } from './postgres/database.ts';

/** Takes up the tickets that grants end with, and forgets those that no grant ends with any more. */
export async function takeUpTickets(db: Db): Promise<void> {
  await sql`insert into watched_tickets (ticket, read_at, next_at)
    select distinct ticket, clock_timestamp(), clock_timestamp() from grants
    where ended_at is null and ticket is not null order by ticket
    on conflict (ticket) do nothing`.execute(db);
  await sql`delete from watched_tickets w where not exists (
    select 1 from grants g where g.ticket = w.ticket and g.ended_at is null)`.execute(db);
}

/** Tickets to be read now, in the order in which they fell due. */
export async function dueTickets(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ ticket: string }>`select ticket from watched_tickets
    where next_at <= clock_timestamp() order by next_at, ticket limit ${limit}`.execute(db);
  return rows.map(({ ticket }) => ticket);
}

/**
 * Notes an answer. It is read again after `settledMs` once it is sure, and before that after `confirmMs`. Answers how
 * often in a row it was this answer.
 */
export async function ticketRead(
  db: Db,
  ticket: string,
  seen: 'open' | 'closed' | 'absent',
  { openMs, otherwiseMs }: { openMs: number; otherwiseMs: number },
): Promise<number> {
  const { rows } = await sql<{ times: number }>`update watched_tickets set
      times = case when seen = ${seen} then times + 1 else 1 end, seen = ${seen},
      read_at = clock_timestamp(), fault = null,
      next_at = clock_timestamp() + ${seen === 'open' ? openMs : otherwiseMs}::float8 * interval '1 ms'
    where ticket = ${ticket} returning times`.execute(db);
  return rows[0]?.times ?? 0;
}

/** Notes that it could not be read, and when it is tried again; `all`: so long none is. */
export async function ticketNotRead(
  db: Db,
  ticket: string,
  { why, againMs, all }: { why: string; againMs: number; all: boolean },
): Promise<void> {
  await sql`update watched_tickets set
      fault = case when ticket = ${ticket} then ${why} else fault end,
      next_at = greatest(next_at, clock_timestamp() + ${againMs}::float8 * interval '1 ms')
    where ticket = ${ticket} or ${all}::boolean`.execute(db);
}

/** Since when the ticket can't be read that was read longest ago, and why; null: every one could be. */
export async function longestUnread(db: Db): Promise<{ since: Date; why: string } | null> {
  const { rows } = await sql<{ since: Date; why: string }>`select read_at as since, fault as why
    from watched_tickets where fault is not null order by read_at limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Changes whose grants end with this ticket and have not ended. */
export async function grantsWithTicket(db: Db, ticket: string): Promise<string[]> {
  const rows = await db
    .selectFrom('grants')
    .select('change_id')
    .where('ticket', '=', ticket)
    .where('ended_at', 'is', null)
    .orderBy('change_id')
    .execute();
  return rows.map((row) => row.change_id);
}
