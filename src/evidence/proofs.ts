import { createProver } from '../audit/proof.ts';
import type { StoredCheckpoint } from '../store/audit-tree.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Folder } from './folder.ts';

/** The checkpoint that the proofs of a pack are of. */
const CHECKPOINT = 'checkpoint.txt';

/** Names of proofs by the entries' ids; those that no checkpoint covers are left out. */
type Written = Map<string, string>;

/** Writes entries of the audit into a pack, each with its proof beside it. */
export type Proofs = {
  /** Each entry as `<folder>/<number>.json`, and that it is in the audit as `<folder>/<number>.tlog-proof`. */
  write(into: string, auditIds: readonly string[]): Promise<Written>;
  /** Beside entries that are written: their proofs by other checkpoints, as `<number>.handover.tlog-proof`. */
  writeFirst(
    into: string,
    auditIds: readonly string[],
    by: (seq: number) => Promise<StoredCheckpoint | null>,
  ): Promise<Written>;
};

export async function openProofs(tx: Tx, folder: Folder): Promise<Proofs> {
  const prover = await createProver(tx);
  if (prover === null) return { write: async () => new Map(), writeFirst: async () => new Map() };
  await folder.write(CHECKPOINT, prover.checkpoint.note);
  // An entry that is of several cases stands in one folder once.
  const written = new Set<string>();
  return {
    async write(into, auditIds) {
      const files: Written = new Map();
      for (const [id, { entry, proof, index }] of await prover.prove(auditIds)) {
        const name = `${into}/${index + 1}`;
        files.set(id, `${name}.tlog-proof`);
        if (written.has(name)) continue;
        written.add(name);
        await folder.write(`${name}.json`, entry);
        await folder.write(`${name}.tlog-proof`, proof);
      }
      return files;
    },
    async writeFirst(into, auditIds, by) {
      const files: Written = new Map();
      for (const [id, { proof, index }] of await prover.prove(auditIds, by)) {
        const name = `${into}/${index + 1}.handover.tlog-proof`;
        await folder.write(name, proof);
        files.set(id, name);
      }
      return files;
    },
  };
}
