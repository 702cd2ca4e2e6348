import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Db, Tx } from '../store/postgres/database.ts';

/** Entries sealed in one transaction. */
const SEAL_BATCH = 1_000;
/** Advisory lock of the one sealer; the number has no meaning. */
const SEALER_LOCK = 4_711_001;

/** Which PostgreSQL cluster this is: transaction ids mean something within one only. */
const CLUSTER = sql<string>`(select system_identifier::text from pg_control_system())`;

type Entry = { id: string; at: Date; type: string; change_id: string | null; actor: unknown; data: unknown };

/**
 * Numbers and chains audit entries in commit order: only entries older than the oldest transaction still open,
 * so no number is ever skipped or taken back. One sealer at a time; answers how many were sealed.
 */
export async function sealAudit(db: Db): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const lock = await sql<{
      taken: boolean;
    }>`select pg_try_advisory_xact_lock(${SEALER_LOCK}) as taken`.execute(tx);
    if (lock.rows[0]?.taken !== true) return 0;
    const head = await sql<Head & { seq: string; hash: Buffer }>`
      select s.seq, s.hash, a.xid, a.id,
        s.cluster is not distinct from ${CLUSTER} and a.xid < pg_snapshot_xmax(pg_current_snapshot()) as "isOurs"
      from audit_seals s join audit a on a.id = s.audit_id
      order by s.seq desc limit 1`.execute(tx);
    const last = head.rows[0];
    let seq = BigInt(last?.seq ?? 0);
    let hash = last?.hash ?? Buffer.alloc(32);
    const rows = await unsealed(tx, last);
    if (rows.length === 0) return 0;
    const first = seq + 1n;
    const hashes = rows.map((entry) => {
      seq += 1n;
      hash = chain(hash, seq, entry);
      return hash.toString('hex');
    });
    await sql`
      insert into audit_seals (seq, audit_id, hash, cluster)
      select ${first}::bigint + place - 1, id, decode(hash, 'hex'), ${CLUSTER}
      from unnest(${rows.map((entry) => entry.id)}::bigint[], ${hashes}::text[]) with ordinality as s (id, hash, place)`.execute(
      tx,
    );
    return rows.length;
  });
}

/** Seals until nothing is left to seal now, or for about this long. */
export async function sealAll(db: Db, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while ((await sealAudit(db)) === SEAL_BATCH && performance.now() < end);
}

type Head = { xid: string; id: string; isOurs: boolean };

/**
 * What is to be sealed next. Normally all up to the last seal is sealed, because what commits later has a later
 * transaction id, so the look begins there. A dump restored into another cluster breaks that: ids begin low again
 * there, and the old cluster's entries keep theirs. Until an entry with an id of this cluster is sealed, every entry
 * without a seal is looked for, first those with ids that this cluster has not given out. Afterwards old sealed
 * entries may still stand between new ones, hence `not exists` in both.
 */
async function unsealed(tx: Tx, head: Head | undefined): Promise<Entry[]> {
  const from =
    head?.isOurs === false
      ? sql`(xid < pg_snapshot_xmin(pg_current_snapshot()) or xid >= pg_snapshot_xmax(pg_current_snapshot()))`
      : sql`(xid, id) > (${head?.xid ?? '0'}::xid8, ${head?.id ?? '0'}::bigint)
          and xid < pg_snapshot_xmin(pg_current_snapshot())`;
  const order =
    head?.isOurs === false ? sql`xid < pg_snapshot_xmax(pg_current_snapshot()), xid, id` : sql`xid, id`;
  const { rows } = await sql<Entry>`
    select id, at, type, change_id, actor, data from audit
    where ${from} and not exists (select from audit_seals s where s.audit_id = audit.id)
    order by ${order} limit ${SEAL_BATCH}`.execute(tx);
  return rows;
}

/** Entries that bear no seal yet, and the age of the oldest in seconds. */
export async function unsealedAudit(db: Db): Promise<{ entries: number; oldestSeconds: number }> {
  const { rows } = await sql<{ entries: string; oldest: number | null }>`
    select count(*) as entries, extract(epoch from clock_timestamp() - min(at))::float8 as oldest
    from audit where not exists (select from audit_seals s where s.audit_id = audit.id)`.execute(db);
  return { entries: Number(rows[0]?.entries ?? 0), oldestSeconds: rows[0]?.oldest ?? 0 };
}

export type ChainCheck = { entries: number; head: string } | { brokenAt: number; why: string };

/** Recomputes the whole chain, page by page. */
export async function verifyAudit(db: Db): Promise<ChainCheck> {
  let seq = 0n;
  let hash: Buffer = Buffer.alloc(32);
  for (;;) {
    const { rows } = await sql<Entry & { seq: string; hash: Buffer }>`
      select s.seq, s.hash, a.id, a.at, a.type, a.change_id, a.actor, a.data
      from audit_seals s left join audit a on a.id = s.audit_id
      where s.seq > ${seq} order by s.seq limit 10000`.execute(db);
    if (rows.length === 0) return { entries: Number(seq), head: hash.toString('hex') };
    for (const row of rows) {
      seq += 1n;
      if (BigInt(row.seq) !== seq) return { brokenAt: Number(seq), why: 'an entry is missing' };
      hash = chain(hash, seq, row);
      if (!hash.equals(row.hash)) return { brokenAt: Number(seq), why: 'an entry does not match its seal' };
    }
  }
}

function chain(previous: Buffer, seq: bigint, entry: Entry): Buffer {
  const content = JSON.stringify([
    seq.toString(),
    entry.id,
    entry.at?.toISOString(),
    entry.type,
    entry.change_id,
    canonical(entry.actor),
    canonical(entry.data),
  ]);
  return createHash('sha256').update(previous).update(content).digest();
}

/** Keys in order: jsonb gives them back in an order of its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
}
