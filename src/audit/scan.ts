import type pg from 'pg';
import type { ArchivedSegment } from '../store/audit-archives.ts';
import {
  ENTRY_PARTS,
  type EntryBytes,
  readEntries,
  readSeals,
  type Seals,
  sealHash,
} from '../store/audit-scan.ts';
import type { SealableRow } from '../store/audit-seals.ts';
import { CHAINED, chain } from './entry.ts';
import { LeafBytes } from './leaf-bytes.ts';
import { BLOCK, rootOfPerfectBytes } from './merkle.ts';

const HASH_BYTES = 32;
const NO_SEAL = 0;
const NO_ENTRY = 1;
const SOUND = 2;
const CHANGED = 3;

/** What the rows of a stretch of the trail say. `first` is where a block of the tree begins. */
export type Scanned = {
  /** Entries that are not in the table, as they are archived. */
  archived: number;
  first: number;
  count: number;
  /** The roots over the whole blocks, one behind the other. */
  blocks: Uint8Array;
  /** The first number whose entry is not as it was sealed. */
  broken: { seq: number; is: 'deleted' | 'changed'; leaf: Uint8Array | null } | null;
};

/**
 * Computes every leaf from its entry, and compares it with its seal. Seals of the oldest kind are computed from the
 * seal before. Of an entry that is archived the kept leaf is taken: the tree says whether it is right. `last` is the
 * last number of the stretch, and of a seal that there is.
 */
export async function scan(
  pool: pg.Pool,
  [first, last]: [number, number],
  archives: readonly ArchivedSegment[] = [],
): Promise<Scanned> {
  const inside = archives.filter((one) => one.first <= last && one.last >= first);
  const stretch = new Stretch(first, last - first + 1, inside);
  const seals = await readSeals(pool, first, last);
  stretch.takeSeals(seals);
  await readEntries(pool, seals, (entry) => stretch.take(entry));
  if (stretch.chained.size > 0)
    stretch.takeChained((await sealHash(pool, first - 1)) ?? Buffer.alloc(HASH_BYTES));
  return stretch.done();
}

class Stretch {
  readonly first: number;
  readonly count: number;
  /** Entries with a seal of the oldest kind, which is computed from the seal before: they wait until all are read. */
  readonly chained = new Map<number, SealableRow>();
  /** Where the seal of an entry is. */
  readonly #places = new Map<number, number>();
  readonly #isChained = new Set<number>();
  readonly #archives: readonly ArchivedSegment[];
  #archived = 0;
  readonly #state: Uint8Array;
  readonly #leaves: Buffer;
  readonly #seals: Buffer;
  readonly #bytes = new LeafBytes();

  constructor(first: number, count: number, archives: ArchivedSegment[]) {
    this.#archives = archives;
    this.first = first;
    this.count = count;
    this.#state = new Uint8Array(count);
    this.#leaves = Buffer.alloc(count * HASH_BYTES);
    this.#seals = Buffer.alloc(count * HASH_BYTES);
  }

  takeSeals(seals: Seals): void {
    for (let n = 0; n < seals.count; n++) {
      const place = (seals.seqs[n] as number) - this.first;
      // A number that is there twice.
      this.#state[place] = this.#state[place] === NO_SEAL ? NO_ENTRY : CHANGED;
      for (let from = n * HASH_BYTES, to = place * HASH_BYTES, i = 0; i < HASH_BYTES; i++)
        this.#seals[to + i] = seals.hashes[from + i] as number;
      this.#places.set(seals.entryIds[n] as number, place);
      if (seals.format(n) === CHAINED) this.#isChained.add(place);
    }
  }

  /** Its seal is taken already; an entry of no seal here is not looked at. */
  take(entry: EntryBytes): void {
    const place = this.#places.get(entry.whole(ENTRY_PARTS.id));
    if (place === undefined) return;
    const leaf = this.#state[place] === NO_ENTRY ? this.#bytes.leafOf(entry) : null;
    if (leaf === null) {
      // No entry that can be sealed, or one that is there twice.
      this.#state[place] = CHANGED;
      return;
    }
    this.#leaves.write(leaf, place * HASH_BYTES, 'binary');
    this.#state[place] = SOUND;
    if (this.#isChained.has(place)) this.chained.set(place, entry.entry());
    else if (!this.#isAt(place, leaf)) this.#state[place] = CHANGED;
  }

  /** Of what is archived the kept leaf counts; the oldest seals have none. */
  #takeArchived(): void {
    if (this.#archives.length === 0) return;
    for (let place = 0; place < this.count; place++) {
      if (this.#state[place] !== NO_ENTRY || this.#isChained.has(place)) continue;
      if (!this.#isArchived(this.first + place)) continue;
      this.#sealAt(place).copy(this.#leaves, place * HASH_BYTES);
      this.#state[place] = SOUND;
      this.#archived += 1;
    }
  }

  #isArchived(seq: number): boolean {
    return this.#archives.some(({ first, last }) => first <= seq && seq <= last);
  }

  #isAt(place: number, leaf: string): boolean {
    const start = place * HASH_BYTES;
    for (let n = 0; n < HASH_BYTES; n++) if (this.#seals[start + n] !== leaf.charCodeAt(n)) return false;
    return true;
  }

  takeChained(before: Buffer): void {
    for (const [place, entry] of this.chained) {
      const previous = place === 0 ? before : this.#sealAt(place - 1);
      const hash = chain(previous, String(this.first + place), entry);
      if (!hash.equals(this.#sealAt(place))) this.#state[place] = CHANGED;
    }
  }

  #sealAt(place: number): Buffer {
    return this.#seals.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
  }

  done(): Scanned {
    const { first, count } = this;
    this.#takeArchived();
    const wrong = this.#state.findIndex((state) => state !== SOUND);
    if (wrong >= 0) {
      const isChanged = this.#state[wrong] === CHANGED;
      const leaf = isChanged ? this.#leaves.subarray(wrong * HASH_BYTES, (wrong + 1) * HASH_BYTES) : null;
      const broken = {
        seq: first + wrong,
        is: isChanged ? ('changed' as const) : ('deleted' as const),
        leaf,
      };
      return { first, count, archived: 0, blocks: new Uint8Array(), broken };
    }
    const blocks = Buffer.alloc(Math.floor(count / BLOCK) * HASH_BYTES);
    for (let n = 0; n < blocks.length / HASH_BYTES; n++)
      rootOfPerfectBytes(this.#leaves, n * BLOCK, BLOCK).copy(blocks, n * HASH_BYTES);
    return { first, count, archived: this.#archived, blocks, broken: null };
  }
}
