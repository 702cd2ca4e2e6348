import {
  becomeSealer,
  lastSeal,
  type SealableRow,
  unsealedEntries,
  writeSeals,
} from '../store/audit-seals.ts';
import { lastCheckpoint } from '../store/audit-tree.ts';
import type { Db } from '../store/postgres/database.ts';
import { leafOf } from './entry.ts';
import { growTree } from './tree.ts';

/** Entries sealed in one transaction. */
const SEAL_BATCH = 1_000;

/**
 * Numbers audit entries in commit order and makes them leaves of the tree. Only entries older than the oldest
 * transaction still open are taken. So no number is ever skipped or taken back. One sealer at a time; answers how many
 * were sealed. Nothing is sealed while seals are missing that a checkpoint covers: what they covered would be numbered
 * anew, as if nothing had happened.
 */
export async function sealAudit(db: Db): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    if (!(await becomeSealer(tx))) return 0;
    const last = await lastSeal(tx);
    const sealed = Number(last?.seq ?? 0);
    if (sealed < ((await lastCheckpoint(tx))?.size ?? 0)) return 0;
    const entries = await unsealedEntries(tx, last, SEAL_BATCH);
    if (entries.length > 0)
      await writeSeals(tx, BigInt(sealed + 1), {
        auditIds: entries.map((entry) => entry.id),
        hashes: entries.map((entry) => leafOf(entry as SealableRow).toString('hex')),
      });
    await growTree(tx, sealed + entries.length);
    return entries.length;
  });
}

/** Seals until nothing is left to seal now, or for about this long. */
export async function sealAll(db: Db, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while ((await sealAudit(db)) === SEAL_BATCH && performance.now() < end);
}
