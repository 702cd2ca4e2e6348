import { createHash } from 'node:crypto';

/** A short hash of texts, for the key of a message that is posted once for each content. */
export function fingerprintOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
}
