import { leavesBetween, type SealableRow, sealedBetween } from '../store/audit-seals.ts';
import { addTreeNodes, treeNodeCount, treeNodes } from '../store/audit-tree.ts';
import type { Db, Tx } from '../store/postgres/database.ts';
import { CHAINED, leafOf } from './entry.ts';
import { BLOCK, type NodeReader, rootOfPerfect, STEP } from './merkle.ts';

const LEVELS = [8, 16, 24, 32] as const;
/** Blocks of leaves that one call adds, so that a tree that was never kept is made in portions. */
const BLOCKS_AT_ONCE = 64;

/**
 * Reads the tree of the sealed order. One reader looks at each block once: take a new one for each proof. A node that
 * is not whole yet is a fault of the caller.
 */
export function treeReader(db: Db): NodeReader {
  const blocks = new Map<string, Promise<Buffer[]>>();
  return async (level, index) => {
    const kept = Math.floor(level / STEP) * STEP;
    const count = 2 ** (level - kept);
    const first = index * count;
    const block = Math.floor(first / BLOCK);
    const key = `${kept} ${block}`;
    const known = blocks.get(key) ?? readBlock(db, kept, block);
    blocks.set(key, known);
    const nodes = (await known).slice(first - block * BLOCK, first - block * BLOCK + count);
    if (nodes.length !== count) throw new RangeError(`the tree has no node ${index} of level ${level}`);
    return rootOfPerfect(nodes);
  };
}

async function readBlock(db: Db, level: number, block: number, blocks = 1): Promise<Buffer[]> {
  const first = block * BLOCK;
  return level === 0
    ? await leavesFrom(db, first, blocks * BLOCK)
    : await treeNodes(db, level, first, blocks * BLOCK);
}

/** Leaves behind the first `first` ones, those that there are. An entry with a seal of the oldest kind is hashed now. */
export async function leavesFrom(db: Db, first: number, count: number): Promise<Buffer[]> {
  if (count === 0) return [];
  const leaves = await leavesBetween(db, first + 1, first + count);
  if (!leaves.includes(null)) return leaves as Buffer[];
  const rows = await sealedBetween(db, first + 1, first + count);
  return rows.map((row) => {
    if (row.format !== CHAINED) return row.hash;
    if (row.id === null) throw new RangeError(`entry ${row.seq} is gone`);
    return leafOf(row as SealableRow);
  });
}

/** Keeps the hashes of the subtrees that are whole at this size. Answers whether all of them are kept now. */
export async function growTree(tx: Tx, size: number): Promise<boolean> {
  for (const level of LEVELS) {
    const whole = Math.floor(size / 2 ** level);
    if (whole === 0) break;
    const from = await treeNodeCount(tx, level);
    const to = Math.min(whole, from + BLOCKS_AT_ONCE);
    if (to <= from) continue;
    const below = await readBlock(tx, level - STEP, from, to - from);
    if (below.length < (to - from) * BLOCK) return false;
    await addTreeNodes(tx, level, from, rootsOfBlocks(below));
    if (to < whole) return false;
  }
  return true;
}

/** Of hashes of one level, the roots over each whole block. */
function rootsOfBlocks(nodes: readonly Buffer[]): Buffer[] {
  return Array.from({ length: Math.floor(nodes.length / BLOCK) }, (_, n) =>
    rootOfPerfect(nodes.slice(n * BLOCK, (n + 1) * BLOCK)),
  );
}
