import { entryOf, type SealableRow, sealedOf, sealOf } from '../store/audit-seals.ts';
import { checkpointFrom, lastCheckpoint, type StoredCheckpoint } from '../store/audit-tree.ts';
import type { Db } from '../store/postgres/database.ts';
import { parseCheckpoint, parseProof, writeProof } from './checkpoint.ts';
import { canonicalEntry } from './entry.ts';
import { consistencyProof, hashLeaf, inclusionProof, isIncluded, type NodeReader } from './merkle.ts';
import { parseNote, signersOf, type Verifier } from './note.ts';
import { treeReader } from './tree.ts';

/**
 * What shows to anybody, without Latchkey, that an entry is in the audit. `entry` is the text whose bytes are the leaf
 * (canonical JSON), `proof` the text of a `.tlog-proof` (C2SP tlog-proof). `size`: entries that its checkpoint covers.
 */
export type EntryProof = { entry: string; proof: string; index: number; size: number };

/** Null: there is no such entry, or no checkpoint covers it yet; one does within seconds of its writing. */
export async function proofOfEntry(db: Db, auditId: string): Promise<EntryProof | null> {
  const [seq, entry] = await Promise.all([sealOf(db, { auditId }), entryOf(db, auditId)]);
  if (seq === null || entry === null) return null;
  const checkpoint = await checkpointFrom(db, seq, Number.MAX_SAFE_INTEGER);
  if (checkpoint === null) return null;
  return await proven(treeReader(db), entry, { seq, checkpoint });
}

/** A function that proves several entries by the newest checkpoint, all of them by the same; null: there is none. */
export async function createProver(db: Db): Promise<{
  checkpoint: StoredCheckpoint;
  /**
   * By their ids; those that the checkpoint does not cover are left out. `by`: the checkpoint to prove an entry by, from
   * its number.
   */
  prove(
    auditIds: readonly string[],
    by?: (seq: number) => Promise<StoredCheckpoint | null>,
  ): Promise<Map<string, EntryProof>>;
} | null> {
  const checkpoint = await lastCheckpoint(db);
  if (checkpoint === null) return null;
  return {
    checkpoint,
    async prove(auditIds, by = async () => checkpoint) {
      // A reader keeps what it has read, so each call has its own.
      const read = treeReader(db);
      const proofs = new Map<string, EntryProof>();
      for (const { seq, ...entry } of await sealedOf(db, auditIds)) {
        const covering = Number(seq) <= checkpoint.size ? await by(Number(seq)) : null;
        if (covering !== null)
          proofs.set(entry.id, await proven(read, entry, { seq: Number(seq), checkpoint: covering }));
      }
      return proofs;
    },
  };
}

async function proven(
  read: NodeReader,
  entry: SealableRow,
  { seq, checkpoint }: { seq: number; checkpoint: StoredCheckpoint },
): Promise<EntryProof> {
  const index = seq - 1;
  const path = await inclusionProof(read, index, checkpoint.size);
  return {
    entry: canonicalEntry(entry),
    proof: writeProof({ index, path, checkpoint: checkpoint.note }),
    index,
    size: checkpoint.size,
  };
}

/** What a proof is worth. `isSigned`: by one of these keys. */
export type ProofCheck = { isRight: true; seq: number; isSigned: boolean } | { isRight: false; why: string };

/** Whether this text is in the log, as the proof says. Nobody is asked for it. */
export function checkProof(entry: string, text: string, verifiers: readonly Verifier[]): ProofCheck {
  const proof = parseProof(text);
  const checkpoint = proof === null ? null : parseCheckpoint(proof.checkpoint);
  const note = proof === null ? null : parseNote(proof.checkpoint, true);
  if (proof === null || checkpoint === null || note === null) return { isRight: false, why: 'is no proof' };
  if (!isIncluded(hashLeaf(entry), proof.index, checkpoint, proof.path))
    return { isRight: false, why: 'does not lead from the entry to the root of its checkpoint' };
  const { signedBy, isForged } = signersOf(note, verifiers);
  if (isForged) return { isRight: false, why: 'has a checkpoint with a signature that its key did not make' };
  return { isRight: true, seq: proof.index + 1, isSigned: signedBy.length > 0 };
}

/** The proof that the tree of `size` entries goes on from that of `old`. Both are sealed, and `old` is from 1 to `size`. */
export async function proofOfGrowth(db: Db, old: number, size: number): Promise<Buffer[]> {
  return await consistencyProof(treeReader(db), old, size);
}
