import { sql } from 'kysely';
import type { Db, Tx } from './postgres/database.ts';

/** Advisory lock of the one sealer; the number has no meaning. */
export const SEALER_LOCK = 4_711_001;

/** Which PostgreSQL cluster this is: transaction ids mean something within one only. */
const CLUSTER = sql<string>`(select system_identifier::text from pg_control_system())`;

/** An audit entry as its seal covers it. */
export type SealableEntry = {
  id: string;
  at: Date;
  type: string;
  change_id: string | null;
  actor: unknown;
  data: unknown;
};

/** The last seal, and its entry's place in the order of commits. */
export type LastSeal = { seq: string; hash: Buffer; xid: string; id: string; isOurs: boolean };

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
    select s.seq, s.hash, a.xid, a.id,
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
): Promise<SealableEntry[]> {
  const from =
    last?.isOurs === false
      ? sql`(xid < pg_snapshot_xmin(pg_current_snapshot()) or xid >= pg_snapshot_xmax(pg_current_snapshot()))`
      : sql`(xid, id) > (${last?.xid ?? '0'}::xid8, ${last?.id ?? '0'}::bigint)
          and xid < pg_snapshot_xmin(pg_current_snapshot())`;
  const order =
    last?.isOurs === false ? sql`xid < pg_snapshot_xmax(pg_current_snapshot()), xid, id` : sql`xid, id`;
  const { rows } = await sql<SealableEntry>`
    select id, at, type, change_id, actor, data from audit
    where ${from} and not exists (select from audit_seals s where s.audit_id = audit.id)
    order by ${order} limit ${limit}`.execute(tx);
  return rows;
}

/** Writes seals numbered from `first` on; `hashes` are hexadecimal. */
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

/** The seals after a number, each with its entry, in order. */
export async function sealedAfter(
  db: Db,
  seq: bigint,
  limit: number,
): Promise<(SealableEntry & { seq: string; hash: Buffer })[]> {
  const { rows } = await sql<SealableEntry & { seq: string; hash: Buffer }>`
    select s.seq, s.hash, a.id, a.at, a.type, a.change_id, a.actor, a.data
    from audit_seals s left join audit a on a.id = s.audit_id
    where s.seq > ${seq} order by s.seq limit ${limit}`.execute(db);
  return rows;
}
