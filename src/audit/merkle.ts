import { hash } from 'node:crypto';

/**
 * Merkle trees as RFC 6962 section 2.1 defines them, with SHA-256. Leaves are numbered from 0. Sizes and indexes are
 * whole numbers up to 2^53.
 */

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** Every 8 levels the hashes of whole subtrees are kept: one of them for 256 of the level below. */
export const STEP = 8;
export const BLOCK = 2 ** STEP;

export const EMPTY_ROOT = sha256(Buffer.alloc(0));

function sha256(data: Buffer | string): Buffer {
  return hash('sha256', data, 'buffer');
}

export function hashLeaf(entry: Buffer | string): Buffer {
  // A zero byte is the same in UTF-8.
  return typeof entry === 'string' ? sha256(`\0${entry}`) : sha256(Buffer.concat([LEAF, entry]));
}

export function hashNode(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** The root over neighbours that are a power of two, all of one level. */
export function rootOfPerfect(nodes: readonly Buffer[]): Buffer {
  let level = nodes;
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      hashNode(level[2 * i] as Buffer, level[2 * i + 1] as Buffer),
    );
  return level[0] ?? EMPTY_ROOT;
}

const HASH_BYTES = 32;

/** The root over `count` neighbours, a power of two, which stand one behind the other from the one numbered `first` on. */
export function rootOfPerfectBytes(hashes: Buffer, first: number, count: number): Buffer {
  const level = Buffer.from(hashes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES));
  const node = Buffer.alloc(1 + 2 * HASH_BYTES, NODE);
  for (let left = count; left > 1; left /= 2)
    for (let n = 0; n < left / 2; n++) {
      level.copy(node, 1, n * 2 * HASH_BYTES, (n + 1) * 2 * HASH_BYTES);
      // As text: making a Buffer for each takes longer than its hash.
      level.write(hash('sha256', node, 'binary'), n * HASH_BYTES, 'binary');
    }
  return level.subarray(0, HASH_BYTES);
}

/** Grows a tree at its right end by perfect subtrees. */
export class TreeEdge {
  readonly #parts: { level: number; hash: Buffer }[] = [];

  /** A subtree of 2^level leaves. It must begin where one of its size can. */
  add(hash: Buffer, level = 0): void {
    let added = { level, hash };
    for (let last = this.#parts.at(-1); last?.level === added.level; last = this.#parts.at(-1)) {
      this.#parts.pop();
      added = { level: added.level + 1, hash: hashNode(last.hash, added.hash) };
    }
    this.#parts.push(added);
  }

  root(): Buffer {
    return (
      this.#parts.reduceRight<Buffer | null>(
        (right, { hash: left }) => (right === null ? left : hashNode(left, right)),
        null,
      ) ?? EMPTY_ROOT
    );
  }
}

/** The hash of the subtree 2^level * index … 2^level * (index + 1). */
export type NodeReader = (level: number, index: number) => Promise<Buffer>;

/** The hash over the leaves from `from` up to `to`; `from` is where a subtree of that size begins. */
async function hashOfRange(read: NodeReader, [from, to]: Range): Promise<Buffer> {
  const parts = partsOfRange(from, to);
  // At once: what is read after each other waits for the database as often.
  const hashes = await Promise.all(parts.map(({ level, index }) => read(level, index)));
  const edge = new TreeEdge();
  for (const [n, { level }] of parts.entries()) edge.add(hashes[n] as Buffer, level);
  return edge.root();
}

/** The largest whole subtrees that make up the leaves from `from` up to `to`, in their order. */
export function partsOfRange(from: number, to: number): { level: number; index: number }[] {
  const parts: { level: number; index: number }[] = [];
  for (let at = from; at < to; ) {
    let level = Math.floor(Math.log2(to - at));
    while (at % 2 ** level !== 0 || at + 2 ** level > to) level -= 1;
    parts.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return parts;
}

type Range = readonly [from: number, to: number];

export async function rootAt(read: NodeReader, size: number): Promise<Buffer> {
  return await hashOfRange(read, [0, size]);
}

async function hashesOf(read: NodeReader, path: readonly Range[]): Promise<Buffer[]> {
  return await Promise.all(path.map((range) => hashOfRange(read, range)));
}

/** Proof that the leaf is in the tree (RFC 6962 section 2.1.1), from the leaf's sibling up. `index` is below `size`. */
export async function inclusionProof(read: NodeReader, index: number, size: number): Promise<Buffer[]> {
  const path: Range[] = [];
  for (let from = 0, to = size; to - from > 1; ) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.unshift([middle, to]);
      to = middle;
    } else {
      path.unshift([from, middle]);
      from = middle;
    }
  }
  return await hashesOf(read, path);
}

/** Proof that a tree has only grown since it had `old` leaves (RFC 6962 section 2.1.2). `old` is from 1 to `size`. */
export async function consistencyProof(read: NodeReader, old: number, size: number): Promise<Buffer[]> {
  const path: Range[] = [];
  let from = 0;
  let to = size;
  // The verifier knows the root of the old tree, where it is a subtree as it stands.
  let isWhole = true;
  while (old !== to) {
    const middle = from + splitOf(to - from);
    if (old <= middle) {
      path.unshift([middle, to]);
      to = middle;
    } else {
      path.unshift([from, middle]);
      from = middle;
      isWhole = false;
    }
  }
  return await hashesOf(read, isWhole ? path : [[from, to], ...path]);
}

/** The largest power of two below. */
function splitOf(count: number): number {
  const power = 2 ** Math.floor(Math.log2(count));
  return power === count ? power / 2 : power;
}

/** Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2). */
export function isIncluded(
  leaf: Buffer,
  index: number,
  tree: { size: number; root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (!isCount(index) || !isCount(tree.size) || index >= tree.size || [leaf, ...proof].some(isNoHash))
    return false;
  let at = index;
  let last = tree.size - 1;
  let found = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      found = hashNode(sibling, found);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else found = hashNode(found, sibling);
    at = half(at);
    last = half(last);
  }
  return last === 0 && found.equals(tree.root);
}

export type Tree = { size: number; root: Buffer };

/**
 * Whether the proof shows that the new tree has the old one as its beginning (RFC 9162 section 2.1.4.2). False of an
 * empty one, with which every tree agrees.
 */
export function isConsistent(old: Tree, now: Tree, proof: readonly Buffer[]): boolean {
  if (!isCount(old.size) || !isCount(now.size) || old.size > now.size) return false;
  if (old.size === 0) return false;
  if (old.size === now.size) return proof.length === 0 && old.root.equals(now.root);
  if (proof.some(isNoHash)) return false;
  const isPower = Number.isInteger(Math.log2(old.size)) && 2 ** Math.log2(old.size) === old.size;
  const [first, ...rest] = isPower ? [old.root, ...proof] : proof;
  if (first === undefined) return false;
  let at = old.size - 1;
  let last = now.size - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  let before = first;
  let after = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      before = hashNode(sibling, before);
      after = hashNode(sibling, after);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else after = hashNode(after, sibling);
    at = half(at);
    last = half(last);
  }
  return last === 0 && before.equals(old.root) && after.equals(now.root);
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isNoHash(part: Buffer): boolean {
  return part.length !== 32;
}
