import { parseNote, readVerifier, signersOf, type Verifier } from '../../audit/note.ts';
import { proofOfGrowth } from '../../audit/proof.ts';
import { witnessRequest } from '../../audit/witness.ts';
import { keepCheckpoint, lastCheckpoint } from '../../store/audit-tree.ts';
import type { Data, Runtime } from '../kernel/context.ts';
import { createTroubleNotes } from './troubles.ts';

/** A witness has to answer within this, in milliseconds. */
const WITHIN_MS = 10_000;

/** A witness, and the address before `/add-checkpoint`. */
export type Witness = { verifier: Verifier; url: string };

/** `<verifier key>=<address>`; null: this is none. */
export function readWitness(text: string): Witness | null {
  const at = text.search(/=https?:\/\//);
  const verifier = at < 0 ? null : readVerifier(text.slice(0, at));
  const url = text.slice(at + 1);
  return verifier === null || !URL.canParse(url) ? null : { verifier, url: url.replace(/\/+$/, '') };
}

/**
 * Has the newest checkpoint signed by each witness, and keeps it with their signatures. What a witness refuses is said
 * in the log: it has seen another history than this one.
 */
export function createWitnessing(
  { db, log }: Pick<Data & Runtime, 'db' | 'log'>,
  witnesses: readonly Witness[],
): (until: AbortSignal) => Promise<void> {
  const tell = createTroubleNotes(db);
  /** How much each has seen, as far as it said. */
  const sizes = new Map<string, number>();

  async function ask(
    note: string,
    size: number,
    { verifier, url }: Witness,
    until: AbortSignal,
  ): Promise<string> {
    for (let isRepeated = false; ; isRepeated = true) {
      const old = sizes.get(verifier.vkey) ?? 0;
      if (old > size) throw new Error(`it has seen ${old} entries, and there are ${size}`);
      const proof = old === 0 ? [] : await proofOfGrowth(db, old, size);
      const answer = await fetch(`${url}/add-checkpoint`, {
        method: 'POST',
        body: witnessRequest(old, proof, note),
        signal: AbortSignal.any([until, AbortSignal.timeout(WITHIN_MS)]),
      });
      const text = await answer.text();
      if (answer.status === 409 && !isRepeated && /^\d+\n$/.test(text)) {
        sizes.set(verifier.vkey, Number(text));
        continue;
      }
      if (!answer.ok) throw new Error(`it answers ${answer.status}: ${text.trim()}`);
      sizes.set(verifier.vkey, size);
      return text;
    }
  }

  return async (until) => {
    const last = await lastCheckpoint(db);
    const parsed = last === null ? null : parseNote(last.note);
    if (last === null || parsed === null) return;
    let note = last.note;
    for (const witness of witnesses) {
      const { verifier } = witness;
      if (signersOf(parsed, [verifier]).signedBy.length > 0) continue;
      try {
        const lines = await ask(last.note, last.size, witness, until);
        const signed = parseNote(note + lines);
        if (signed === null || signersOf(signed, [verifier]).signedBy.length === 0)
          throw new Error('its signature does not fit');
        note += lines;
        await tell(`witness ${verifier.name}`, null);
      } catch (error) {
        if (until.aborted) return;
        const why = (error as Error).message;
        log.error({ witness: verifier.name, why }, 'a witness does not sign the audit');
        await tell(
          `witness ${verifier.name}`,
          `it does not sign the newest checkpoint (${why}): see that it runs, and ask whoever runs it what it has seen`,
        );
      }
    }
    if (note === last.note) return;
    await db.transaction().execute((tx) => keepCheckpoint(tx, { size: last.size, root: last.root, note }));
  };
}
