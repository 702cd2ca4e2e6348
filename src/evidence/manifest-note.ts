import { parseNote, type Signer, signersOf, signNote, type Verifier } from '../audit/note.ts';

/** The file with the signature of a manifest: a signed note, as the checkpoints of the audit are. */
export const MANIFEST_NOTE = 'manifest.note';
/** No checkpoint begins so, nor has such a second line: a signature on the one is none on the other. */
const HEAD = 'latchkey evidence manifest';

export function manifestNote(sha256: string, signers: readonly Signer[]): string {
  return signNote(textOf(sha256), signers);
}

function textOf(sha256: string): string {
  return `${HEAD}\nsha256 ${sha256}\n`;
}

/**
 * What the signature of a manifest is worth.
 * - `right`: a known key signed this manifest
 * - `unsigned`: nobody signed it
 * - `forged`: it is a signature of another manifest, or one that its key did not make
 * - `unknown`: it is signed, with keys that are not known here
 */
export type SignatureCheck =
  | { is: 'right'; signedBy: string[] }
  | { is: 'unsigned' }
  | { is: 'forged'; why: string }
  | { is: 'unknown'; signers: string[] };

/** `note` null: the pack has no such file. */
export function checkManifestNote(
  note: string | null,
  sha256: string,
  verifiers: readonly Verifier[],
): SignatureCheck {
  if (note === null) return { is: 'unsigned' };
  const parsed = parseNote(note);
  if (parsed === null) return { is: 'forged', why: `${MANIFEST_NOTE} is no signed note` };
  if (parsed.text !== textOf(sha256))
    return { is: 'forged', why: `${MANIFEST_NOTE} is the signature of another manifest` };
  const { signedBy, isForged } = signersOf(parsed, verifiers);
  if (isForged) return { is: 'forged', why: `${MANIFEST_NOTE} has a signature that its key did not make` };
  return signedBy.length > 0
    ? { is: 'right', signedBy: signedBy.map(({ vkey }) => vkey) }
    : { is: 'unknown', signers: parsed.signatures.map(({ name, id }) => `${name}+${id}`) };
}
