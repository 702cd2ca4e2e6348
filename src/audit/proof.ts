import { entryOf, sealOf } from '../store/audit-seals.ts';
import { checkpointFrom } from '../store/audit-tree.ts';
import type { Db } from '../store/postgres/database.ts';
import { writeProof } from './checkpoint.ts';
import { canonicalEntry } from './entry.ts';
import { consistencyProof, inclusionProof } from './merkle.ts';
import { treeReader } from './tree.ts';

/**
 * What shows to anybody, without Latchkey, that an entry is in the audit. `entry` is the text whose bytes are the leaf
 * (canonical JSON), `proof` the text of a `.tlog-proof` (C2SP tlog-proof). `size`: entries that its checkpoint covers.
 */
export type EntryProof = { entry: string; proof: string; index: number; size: number };

/** Null: there is no such entry, or no checkpoint covers it yet; one does within seconds of its writing. */
export async function proofOfEntry(db: Db, auditId: string): Promise<EntryProof | null> {
  const [seq, entry] = [await sealOf(db, { auditId }), await entryOf(db, auditId)];
  if (seq === null || entry === null) return null;
  const checkpoint = await checkpointFrom(db, seq, Number.MAX_SAFE_INTEGER);
  if (checkpoint === null) return null;
  const index = seq - 1;
  const path = await inclusionProof(treeReader(db), index, checkpoint.size);
  return {
    entry: canonicalEntry(entry),
    proof: writeProof({ index, path, checkpoint: checkpoint.note }),
    index,
    size: checkpoint.size,
  };
}

/** The proof that the tree of `size` entries goes on from that of `old`. Both are sealed, and `old` is from 1 to `size`. */
export async function proofOfGrowth(db: Db, old: number, size: number): Promise<Buffer[]> {
  return await consistencyProof(treeReader(db), old, size);
}
