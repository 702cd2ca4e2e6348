import { createProver } from '../audit/proof.ts';
import type { Tx } from '../store/postgres/database.ts';
import type { Folder } from './folder.ts';

/** The checkpoint that all proofs of a pack are of. */
const CHECKPOINT = 'checkpoint.txt';

/** Writes entries of the audit into a pack, each with its proof beside it. */
export type Proofs = {
  /**
   * Each entry as `<folder>/<number>.json`, and that it is in the audit as `<folder>/<number>.tlog-proof`. Answers the
   * names of the proofs by the entries' ids; those that no checkpoint covers are left out.
   */
  write(into: string, auditIds: readonly string[]): Promise<Map<string, string>>;
};

export async function openProofs(tx: Tx, folder: Folder): Promise<Proofs> {
  const prover = await createProver(tx);
  if (prover === null) return { write: async () => new Map() };
  await folder.write(CHECKPOINT, prover.checkpoint.note);
  return {
    async write(into, auditIds) {
      const files = new Map<string, string>();
      for (const [id, { entry, proof, index }] of await prover.prove(auditIds)) {
        const name = `${into}/${index + 1}`;
        await folder.write(`${name}.json`, entry);
        await folder.write(`${name}.tlog-proof`, proof);
        files.set(id, `${name}.tlog-proof`);
      }
      return files;
    },
  };
}
