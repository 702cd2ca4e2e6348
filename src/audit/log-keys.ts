import { type GivenSecret, secretOf } from '../secrets/secret.ts';
import { readSigner, readVerifier, type Signer, type Verifier } from './note.ts';

/** The keys of this log. */
export type LogKeys = {
  /** Those that sign, the newest first; none: checkpoints are not signed. All have the log's name. */
  signers: Signer[];
  /** Those whose signatures count: of the signers, and of keys before them. */
  verifiers: Verifier[];
};

export const noKeys: LogKeys = { signers: [], verifiers: [] };

/**
 * The keys of the moment. While a changed secret overlaps, the key before signs as well, so that whoever knows only
 * that one can check what is new. `earlier`: verifier keys of those before.
 */
export function logKeysOf(signingKey: GivenSecret | null, earlier: readonly string[] = []): () => LogKeys {
  const others = earlier.flatMap((vkey) => readVerifier(vkey) ?? []);
  if (signingKey === null) return () => ({ signers: [], verifiers: others });
  const secret = secretOf(signingKey);
  return () => {
    const values = [secret.current()];
    // Every value that is good now is tried, whichever fits.
    secret.fits((value) => {
      if (!values.includes(value)) values.push(value);
      return false;
    });
    const all = values.flatMap((value) => readSigner(value) ?? []);
    const signers = all.filter(({ verifier }) => verifier.name === all[0]?.verifier.name);
    return { signers, verifiers: [...signers.map(({ verifier }) => verifier), ...others] };
  };
}
