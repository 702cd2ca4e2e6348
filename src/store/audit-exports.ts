import { sql } from 'kysely';
import type { ChangeAbout, ExportedEntry } from '../ports/audit-destination.ts';
import type { Db } from './postgres/database.ts';

/** How far a destination of the audit has got. */
export type ExportState = {
  /** The number of the last entry that has arrived. */
  seq: number;
  /** When it may be tried again, in milliseconds from now; 0: now. */
  waitMs: number;
  /** What is wrong; null: nothing that is known. */
  trouble: string | null;
  /** How often in a row it was tried in vain. */
  tries: number;
};

/** Null: nothing was ever sent there. */
export async function exportState(db: Db, destination: string): Promise<ExportState | null> {
  const { rows } = await sql<Omit<ExportState, 'seq'> & { seq: string }>`
    select seq, trouble, tries,
      greatest(0, coalesce(extract(epoch from next_try_at - clock_timestamp()), 0) * 1000)::float8 as "waitMs"
    from audit_exports where destination = ${destination}`.execute(db);
  return rows[0] === undefined ? null : { ...rows[0], seq: Number(rows[0].seq) };
}

/** A destination that is new begins behind this number. */
export async function beginExport(db: Db, destination: string, seq: number): Promise<void> {
  await sql`
    insert into audit_exports (destination, seq) values (${destination}, ${seq}) on conflict do nothing`.execute(
    db,
  );
}

/** Everything up to `to` has arrived; false: somebody has set the cursor elsewhere meanwhile, and there it stays. */
export async function moveExport(db: Db, destination: string, from: number, to: number): Promise<boolean> {
  const { rows } = await sql`
    update audit_exports set seq = ${to}, sent_at = clock_timestamp(), trouble = null, trouble_since = null, tries = 0,
      next_try_at = null
    where destination = ${destination} and seq = ${from} returning seq`.execute(db);
  return rows.length > 0;
}

/** Sent again from behind this number on; false: nothing was ever sent there. */
export async function restartExport(db: Db, destination: string, seq: number): Promise<boolean> {
  const { rows } = await sql`
    update audit_exports set seq = ${seq}, tries = 0, next_try_at = null
    where destination = ${destination} returning seq`.execute(db);
  return rows.length > 0;
}

/** Nothing arrived: why, and that it is tried again only after a while. */
export async function noteExportTrouble(
  db: Db,
  destination: string,
  { trouble, waitMs }: { trouble: string; waitMs: number },
): Promise<void> {
  await sql`
    update audit_exports set trouble = ${trouble}, trouble_since = coalesce(trouble_since, clock_timestamp()),
      tries = tries + 1, next_try_at = clock_timestamp() + ${waitMs} * interval '1 millisecond'
    where destination = ${destination}`.execute(db);
}

/** How far behind the sealed audit a destination is. */
export type ExportLag = {
  destination: string;
  seq: number;
  /** Sealed entries that have not arrived. */
  entries: number;
  /** Age of the oldest of them, in seconds. */
  seconds: number;
  sentAt: Date | null;
  trouble: string | null;
  troubleSince: Date | null;
};

export async function exportLags(db: Db): Promise<ExportLag[]> {
  const { rows } = await sql<ExportLag>`
    select e.destination, e.seq::float8 as seq, greatest(0, last.seq - e.seq)::float8 as entries,
      coalesce(extract(epoch from clock_timestamp() - a.at), 0)::float8 as seconds,
      e.sent_at as "sentAt", e.trouble, e.trouble_since as "troubleSince"
    from audit_exports e cross join (select coalesce(max(seq), 0) as seq from audit_seals) last
      left join audit_seals s on s.seq = e.seq + 1 left join audit a on a.id = s.audit_id
    order by e.destination`.execute(db);
  return rows;
}

type Row = Omit<ExportedEntry, 'seq' | 'id' | 'about'> & {
  seq: string;
  id: string | null;
  entitlement: string | null;
  target: ChangeAbout['target'];
  personId: string | null;
  name: string;
  email: string;
};

/** The entries behind a number in the sealed order. `id` null: its row is gone. */
export async function entriesBehind(
  db: Db,
  seq: number,
  { limit, upTo }: { limit: number; upTo?: number },
): Promise<(ExportedEntry | { seq: number; id: null })[]> {
  const { rows } = await sql<Row>`
    select s.seq, a.id, a.at, a.type, a.change_id as "changeId", a.actor::text, a.data::text,
      c.entitlement_key as entitlement, c.doc->'target' as target, p.id as "personId", p.name, p.email
    from audit_seals s left join audit a on a.id = s.audit_id
      left join changes c on c.id = a.change_id left join people p on p.id = c.person_id
    where s.seq > ${seq} and s.seq <= ${upTo ?? Number.MAX_SAFE_INTEGER} order by s.seq limit ${limit}`.execute(
    db,
  );
  return rows.map(entryOf);
}

function entryOf(row: Row): ExportedEntry | { seq: number; id: null } {
  const { entitlement, target, personId, name, email, id, ...entry } = row;
  const seq = Number(row.seq);
  if (id === null) return { seq, id };
  const person = personId === null ? null : { id: personId, name, email };
  return { ...entry, seq, id, about: entitlement === null ? null : { entitlement, person, target } };
}

/** The number of the last entry that was sealed of what was written before a time; 0: none was. */
export async function sealedBefore(db: Db, time: Date): Promise<number> {
  const { rows } = await sql<{ seq: string }>`
    select coalesce(min(s.seq) - 1, (select max(seq) from audit_seals), 0) as seq
    from audit_seals s join audit a on a.id = s.audit_id where a.at >= ${time}`.execute(db);
  return Number(rows[0]?.seq ?? 0);
}

/** The number of the last entry that was sealed and written before a time; 0: none was. */
export async function sealedUntil(db: Db, time: Date): Promise<number> {
  const { rows } = await sql<{ seq: string }>`
    select coalesce(max(s.seq), 0) as seq from audit_seals s join audit a on a.id = s.audit_id where a.at < ${time}`.execute(
    db,
  );
  return Number(rows[0]?.seq ?? 0);
}
