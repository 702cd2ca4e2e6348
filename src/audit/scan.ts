import type pg from 'pg';
import { sealedText } from '../store/audit-scan.ts';
import { CHAINED, chain, leafOf } from './entry.ts';
import { rootsOfBlocks } from './tree.ts';

/** What the rows of a stretch of the trail say. `first` is where a block of the tree begins. */
export type Scanned = {
  first: number;
  count: number;
  /** The roots over the whole blocks, one behind the other. */
  blocks: Uint8Array;
  /** The first number whose entry is not as it was sealed. */
  broken: { seq: number; is: 'deleted' | 'changed'; leaf: Uint8Array | null } | null;
};

/**
 * Computes every leaf from its entry, and compares it with its seal. Seals of the oldest kind are computed from the
 * seal before. `last` is the last number of the stretch, and of a seal that there is.
 */
export async function scan(client: pg.ClientBase | pg.Pool, first: number, last: number): Promise<Scanned> {
  const { rows, before } = await sealedText(client, first, last);
  const leaves: Buffer[] = [];
  let previous = before;
  const stretch = { first, count: last - first + 1 };
  const brokenAt = (seq: number, is: 'deleted' | 'changed', leaf: Buffer | null): Scanned => ({
    ...stretch,
    blocks: new Uint8Array(),
    broken: { seq, is, leaf },
  });
  for (let n = 0; n < stretch.count; n++) {
    const row = rows[n];
    const seq = first + n;
    if (row === undefined || row.seq !== seq || row.entry === null) return brokenAt(seq, 'deleted', null);
    const leaf = leafOf(row.entry);
    const hash = row.format === CHAINED ? chain(previous, String(seq), row.entry) : leaf;
    if (!hash.equals(row.hash)) return brokenAt(seq, 'changed', leaf);
    previous = row.hash;
    leaves.push(leaf);
  }
  return { ...stretch, blocks: Buffer.concat(rootsOfBlocks(leaves)), broken: null };
}
