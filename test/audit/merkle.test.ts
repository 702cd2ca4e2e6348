import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  consistencyProof,
  EMPTY_ROOT,
  hashLeaf,
  hashNode,
  inclusionProof,
  isConsistent,
  isIncluded,
  rootAt,
  rootOfPerfect,
  TreeEdge,
} from '../../src/audit/merkle.ts';

type Vectors = {
  inclusion: {
    leafIdx: number;
    treeSize: number;
    root: string;
    leafHash: string;
    proof: string[] | null;
    desc: string;
    wantErr: boolean;
  }[];
  consistency: {
    size1: number;
    size2: number;
    root1: string;
    root2: string;
    proof: string[] | null;
    desc: string;
    wantErr: boolean;
  }[];
};
/** Of transparency-dev/merkle, testdata: every proof of its tests, whole and spoiled in every way. */
const vectors = JSON.parse(
  readFileSync(new URL('./vectors/merkle.json', import.meta.url), 'utf8'),
) as Vectors;
const bytes = (text: string) => Buffer.from(text, 'base64');

/** Of transparency-dev/merkle, testonly/constants.go. */
const inputs = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A tree in memory, and how its subtrees are read. */
function treeOf(leaves: readonly Buffer[]) {
  return async (level: number, index: number) =>
    rootOfPerfect(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
}

describe('the published tree', () => {
  const leaves = inputs.map((one) => hashLeaf(Buffer.from(one, 'hex')));

  test.each(roots.map((root, size) => [size, root] as const))('of %i leaves', async (size, root) => {
    expect((await rootAt(treeOf(leaves), size)).toString('hex')).toBe(root);
    const edge = new TreeEdge();
    for (const leaf of leaves.slice(0, size)) edge.add(leaf);
    expect(edge.root().toString('hex')).toBe(root);
  });

  test.each(vectors.inclusion.map((one, n) => [`${n} ${one.desc}`, one] as const))(
    'inclusion: %s',
    (_name, one) => {
      const tree = { size: one.treeSize, root: bytes(one.root) };
      const isRight = isIncluded(bytes(one.leafHash), one.leafIdx, tree, (one.proof ?? []).map(bytes));
      expect(isRight).toBe(!one.wantErr);
    },
  );

  test.each(vectors.consistency.map((one, n) => [`${n} ${one.desc}`, one] as const))(
    'consistency: %s',
    (_name, one) => {
      const old = { size: one.size1, root: bytes(one.root1) };
      const now = { size: one.size2, root: bytes(one.root2) };
      expect(isConsistent(old, now, (one.proof ?? []).map(bytes))).toBe(!one.wantErr);
    },
  );

  test('our proofs are the published ones', async () => {
    for (const one of vectors.inclusion.filter(({ wantErr, treeSize }) => !wantErr && treeSize <= 8)) {
      if (!bytes(one.root).equals(await rootAt(treeOf(leaves), one.treeSize))) continue;
      const made = await inclusionProof(treeOf(leaves), one.leafIdx, one.treeSize);
      expect(made).toEqual((one.proof ?? []).map(bytes));
    }
    for (const one of vectors.consistency.filter(({ wantErr, size1 }) => !wantErr && size1 > 0)) {
      const made = await consistencyProof(treeOf(leaves), one.size1, one.size2);
      expect(made).toEqual((one.proof ?? []).map(bytes));
    }
  });
});

describe('every tree up to 70 leaves', () => {
  const leaves = Array.from({ length: 70 }, (_, n) => hashLeaf(`entry ${n}`));
  const read = treeOf(leaves);
  /** As RFC 6962 section 2.1 writes it down. */
  const mth = (of: readonly Buffer[]): Buffer => {
    if (of.length === 0) return EMPTY_ROOT;
    if (of.length === 1) return of[0] as Buffer;
    let k = 1;
    while (k * 2 < of.length) k *= 2;
    return hashNode(mth(of.slice(0, k)), mth(of.slice(k)));
  };

  test('has the root that the definition gives it, and each leaf a proof that no other leaf has', async () => {
    for (let size = 1; size <= 70; size++) {
      const root = mth(leaves.slice(0, size));
      expect(await rootAt(read, size)).toEqual(root);
      for (let index = 0; index < size; index++) {
        const proof = await inclusionProof(read, index, size);
        expect(isIncluded(leaves[index] as Buffer, index, { size, root }, proof)).toBe(true);
        expect(isIncluded(leaves[(index + 1) % 70] as Buffer, index, { size, root }, proof)).toBe(false);
      }
    }
  });

  test('is shown to go on from every smaller one, and from none that has another leaf', async () => {
    for (let size = 1; size <= 70; size++)
      for (let old = 1; old <= size; old++) {
        const proof = await consistencyProof(read, old, size);
        const now = { size, root: mth(leaves.slice(0, size)) };
        expect(isConsistent({ size: old, root: mth(leaves.slice(0, old)) }, now, proof)).toBe(true);
        const other = [...leaves.slice(0, old - 1), hashLeaf('another')];
        expect(isConsistent({ size: old, root: mth(other) }, now, proof)).toBe(false);
      }
  });
});

test('a leaf is hashed behind a zero byte, as bytes and as text', () => {
  const expected = createHash('sha256').update('\0né').digest();
  expect(hashLeaf('né')).toEqual(expected);
  expect(hashLeaf(Buffer.from('né'))).toEqual(expected);
});
