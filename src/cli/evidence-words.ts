import type { CheckedPack } from '../evidence/verify-pack.ts';

/** What is wrong with a signature; empty: it is right. */
export function signatureInWords({
  manifest,
  signature,
}: Pick<CheckedPack, 'manifest' | 'signature'>): string[] {
  if (manifest === null) return [];
  switch (signature.is) {
    case 'right':
      return [];
    case 'unsigned':
      return [
        'NOT PROVEN: the pack is not signed. Whoever changed a file could have made the manifest anew.',
      ];
    case 'forged':
      return [`FORGED: ${signature.why}`];
    case 'unknown':
      return [
        `NOT PROVEN: it is signed by ${signature.signers.join(', ')}, whose verifier key is not known here: give it with --key`,
      ];
    default:
      return signature satisfies never;
  }
}
