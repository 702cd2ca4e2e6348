import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** Advisory lock of the one sealer; the number has no meaning. */
export const SEALER_LOCK = 4_711_001;

/** Which PostgreSQL cluster this is: transaction ids mean something within one only. */
const CLUSTER = sql<string>`(select system_identifier::text from pg_control_system())`;

/** An audit entry as its seal covers it; `actor` and `data` are JSON as PostgreSQL writes it. */
export type SealableRow = {
  id: string;
  at: Date;
  type: string;
  changeId: string | null;
  actor: string;
  data: string;
};

/** The last seal, and its entry's place in the order of commits. */
export type LastSeal = { seq: string; xid: string; id: string; isOurs: boolean };

/** Makes this transaction the one sealer until it ends; false when another is at it. */
export async function becomeSealer(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{
    taken: boolean;
  }>`select pg_try_advisory_xact_lock(${SEALER_LOCK}) as taken`.execute(tx);
  return rows[0]?.taken === true;
}

/** The last seal; `isOurs`: its entry's transaction id was given out by this cluster. Undefined: nothing is sealed. */
export async function lastSeal(tx: Tx): Promise<LastSeal | undefined> {
  const { rows } = await sql<LastSeal>`
    select s.seq, a.xid, a.id,
      s.cluster is not distinct from ${CLUSTER} and a.xid < pg_snapshot_xmax(pg_current_snapshot()) as "isOurs"
    from audit_seals s join audit a on a.id = s.audit_id
    order by s.seq desc limit 1`.execute(tx);
  return rows[0];
}

/**
 * The entries to seal next, in commit order: only those older than the oldest transaction still open. Normally all up
 * to the last seal is sealed, because what commits later has a later transaction id, so the look begins there. A dump
 * restored into another cluster breaks that: ids begin low again there, and the old cluster's entries keep theirs.
 * Until an entry with an id of this cluster is sealed, every entry without a seal is looked for. Ids that this cluster
 * has not given out come first. Afterwards old sealed entries may still stand between new ones, hence `not exists` in
 * both.
 */
export async function unsealedEntries(
  tx: Tx,
  last: Pick<LastSeal, 'xid' | 'id' | 'isOurs'> | undefined,
  limit: number,
): Promise<SealableRow[]> {
  const from =
    last?.isOurs === false
      ? sql`(xid < pg_snapshot_xmin(pg_current_snapshot()) or xid >= pg_snapshot_xmax(pg_current_snapshot()))`
      : sql`(xid, id) > (${last?.xid ?? '0'}::xid8, ${last?.id ?? '0'}::bigint)
          and xid < pg_snapshot_xmin(pg_current_snapshot())`;
  const order =
    last?.isOurs === false ? sql`xid < pg_snapshot_xmax(pg_current_snapshot()), xid, id` : sql`xid, id`;
  const { rows } = await sql<SealableRow>`
    select id, at, type, change_id as "changeId", actor::text, data::text from audit
    where ${from} and not exists (select from audit_seals s where s.audit_id = audit.id)
    order by ${order} limit ${limit}`.execute(tx);
  return rows;
}

/** Writes seals numbered from `first` on; `hashes` are hexadecimal, and of the leaves of the tree. */
export async function writeSeals(
  tx: Tx,
  first: bigint,
  seals: { auditIds: readonly string[]; hashes: readonly string[] },
): Promise<void> {
  await sql`
    insert into audit_seals (seq, audit_id, hash, cluster)
    select ${first}::bigint + place - 1, id, decode(hash, 'hex'), ${CLUSTER}
    from unnest(${seals.auditIds}::bigint[], ${seals.hashes}::text[]) with ordinality as s (id, hash, place)`.execute(
    tx,
  );
}

/** Entries that bear no seal yet, and the age of the oldest in seconds. */
export async function unsealedAudit(db: Db): Promise<{ entries: number; oldestSeconds: number }> {
  const { rows } = await sql<{ entries: string; oldest: number | null }>`
    select count(*) as entries, extract(epoch from clock_timestamp() - min(at))::float8 as oldest
    from audit where not exists (select from audit_seals s where s.audit_id = audit.id)`.execute(db);
  return { entries: Number(rows[0]?.entries ?? 0), oldestSeconds: rows[0]?.oldest ?? 0 };
}

/** The number of the last seal; 0: nothing is sealed. */
export async function sealedCount(db: Db): Promise<number> {
  const { rows } = await sql<{ last: string }>`select coalesce(max(seq), 0) as last from audit_seals`.execute(
    db,
  );
  return Number(rows[0]?.last ?? 0);
}

/** A seal with its entry; of an entry that is gone, `id` is null, and so is all of it. */
export type SealedRow = { seq: string; auditId: string; hash: Buffer; format: number } & (
  | SealableRow
  | { [K in keyof SealableRow]: null }
);

/** The seals from a number to a number, both included, each with its entry, in order. */
export async function sealedBetween(db: Db, first: number, last: number): Promise<SealedRow[]> {
  const { rows } = await sql<SealedRow>`
    select s.seq, s.audit_id as "auditId", s.hash, s.format,
      a.id, a.at, a.type, a.change_id as "changeId", a.actor::text, a.data::text
    from audit_seals s left join audit a on a.id = s.audit_id
    where s.seq between ${first} and ${last} order by s.seq`.execute(db);
  return rows;
}

/** The hashes of seals between two numbers, both included; null: a seal of the oldest kind, whose hash is no leaf's. */
export async function leavesBetween(db: Db, first: number, last: number): Promise<(Buffer | null)[]> {
  const { rows } = await sql<{ hash: Buffer | null }>`
    select case when format = 2 then hash end as hash from audit_seals
    where seq between ${first} and ${last} order by seq`.execute(db);
  return rows.map(({ hash }) => hash);
}

/** The number of the seal that has this hash, or that is of this entry; null: none. */
export async function sealOf(db: Db, by: { hash: Buffer } | { auditId: string }): Promise<number | null> {
  const is = 'hash' in by ? sql`hash = ${by.hash}` : sql`audit_id = ${by.auditId}`;
  const { rows } = await sql<{ seq: string }>`select seq from audit_seals where ${is} limit 1`.execute(db);
  return rows[0] === undefined ? null : Number(rows[0].seq);
}

/** Those of these entries that are sealed, each with its number in the sealed order. */
export async function sealedOf(
  db: Db,
  auditIds: readonly string[],
): Promise<(SealableRow & { seq: string })[]> {
  const { rows } = await sql<SealableRow & { seq: string }>`
    select s.seq, a.id, a.at, a.type, a.change_id as "changeId", a.actor::text, a.data::text
    from audit_seals s join audit a on a.id = s.audit_id
    where s.audit_id = any(${[...auditIds]}::bigint[]) order by s.seq`.execute(db);
  return rows;
}

/** The first seal between two numbers whose entry was written before that of the seal before it; null: none. */
export async function firstOutOfOrder(db: Db, first: number, last: number): Promise<number | null> {
  const { rows } = await sql<{ seq: string }>`
    select seq from (
      select s.seq, row(a.xid, a.id) > lead(row(a.xid, a.id)) over (order by s.seq)
        and s.cluster is not distinct from lead(s.cluster) over (order by s.seq) as "isLater"
      from audit_seals s join audit a on a.id = s.audit_id where s.seq between ${first} and ${last}
        -- one that was put back has another transaction
        and not exists (select from audit_archives r where s.seq between r.first and r.last)
    ) t where "isLater" order by seq limit 1`.execute(db);
  return rows[0] === undefined ? null : Number(rows[0].seq);
}

export async function entryOf(db: Db, auditId: string): Promise<SealableRow | null> {
  const { rows } = await sql<SealableRow>`
    select id, at, type, change_id as "changeId", actor::text, data::text from audit where id = ${auditId}`.execute(
    db,
  );
  return rows[0] ?? null;
}
