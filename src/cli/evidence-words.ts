import { utc } from '../core/evidence/words.ts';
import type { CheckedPack } from '../evidence/verify-pack.ts';

/** What is wrong with a signature; empty: it is right. */
export function signatureInWords(
  pack: Pick<CheckedPack, 'manifest' | 'signature' | 'known' | 'named'>,
): string[] {
  const { manifest, signature } = pack;
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
      return unknownInWords(signature.signers, pack);
    default:
      return signature satisfies never;
  }
}

/** A key is changed from time to time: whoever knows another is told how to come to the right one. */
function unknownInWords(
  signers: readonly string[],
  { known, named }: Pick<CheckedPack, 'known' | 'named'>,
): string[] {
  const by = signers.join(', ');
  if (known.length === 0)
    return [`NOT PROVEN: it is signed by ${by}, whose verifier key is not known here: give it with --key`];
  const follows = named.find(({ keys }) => keys.some((vkey) => signers.includes(shortOf(vkey))));
  return [
    `NOT PROVEN: it is signed by ${by}, whose verifier key is not known here; known is ${known.join(', ')}.`,
    'A key of an audit is changed from time to time. Ask who keeps it for the key history (`latchkey audit keys`), and compare that with the signatures of GET /audit/checkpoint, of an anchor that you have, or with what the witness says: not with what the pack says.',
    ...(follows === undefined
      ? []
      : [
          `Under a key that is known here, the audit says at ${utc(new Date(follows.at))} that ${by} signs too (${follows.proof}). Whoever had that key has named it: ask whether it was changed then.`,
        ]),
  ];
}

function shortOf(vkey: string): string {
  return vkey.split('+').slice(0, 2).join('+');
}
