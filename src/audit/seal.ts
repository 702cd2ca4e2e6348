import { createHash } from 'node:crypto';
import {
  becomeSealer,
  lastSeal,
  type SealableEntry,
  sealedAfter,
  unsealedEntries,
  writeSeals,
} from '../store/audit-seals.ts';
import type { Db } from '../store/postgres/database.ts';

/** Entries sealed in one transaction. */
const SEAL_BATCH = 1_000;
/** Seals checked at a time. */
const CHECK_BATCH = 10_000;

/**
 * Numbers and chains audit entries in commit order. Only entries older than the oldest transaction still open are
 * taken. So no number is ever skipped or taken back. One sealer at a time; answers how many were sealed.
 */
export async function sealAudit(db: Db): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    if (!(await becomeSealer(tx))) return 0;
    const last = await lastSeal(tx);
    let seq = BigInt(last?.seq ?? 0);
    let hash = last?.hash ?? Buffer.alloc(32);
    const entries = await unsealedEntries(tx, last, SEAL_BATCH);
    if (entries.length === 0) return 0;
    const first = seq + 1n;
    const hashes = entries.map((entry) => {
      seq += 1n;
      hash = chain(hash, seq, entry);
      return hash.toString('hex');
    });
    await writeSeals(tx, first, { auditIds: entries.map((entry) => entry.id), hashes });
    return entries.length;
  });
}

/** Seals until nothing is left to seal now, or for about this long. */
export async function sealAll(db: Db, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while ((await sealAudit(db)) === SEAL_BATCH && performance.now() < end);
}

export type ChainCheck = { entries: number; head: string } | { brokenAt: number; why: string };

/** Recomputes the whole chain, page by page. */
export async function verifyAudit(db: Db): Promise<ChainCheck> {
  let seq = 0n;
  let hash: Buffer = Buffer.alloc(32);
  for (;;) {
    const rows = await sealedAfter(db, seq, CHECK_BATCH);
    if (rows.length === 0) return { entries: Number(seq), head: hash.toString('hex') };
    for (const row of rows) {
      seq += 1n;
      if (BigInt(row.seq) !== seq) return { brokenAt: Number(seq), why: 'an entry is missing' };
      hash = chain(hash, seq, row);
      if (!hash.equals(row.hash)) return { brokenAt: Number(seq), why: 'an entry does not match its seal' };
    }
  }
}

function chain(previous: Buffer, seq: bigint, entry: SealableEntry): Buffer {
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
