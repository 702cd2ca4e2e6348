import { createHash } from 'node:crypto';

/** The same for the same texts: for keys of messages that are to be posted once for each of what they tell. */
export function fingerprintOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 16);
}
