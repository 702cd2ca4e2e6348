import type pg from 'pg';
import type { ArchivedSegment } from '../store/audit-archives.ts';
import { readSealed, SEALED_PARTS, type SealedBytes, sealHash } from '../store/audit-scan.ts';
import type { SealableRow } from '../store/audit-seals.ts';
import { CHAINED, chain } from './entry.ts';
import { LeafBytes } from './leaf-bytes.ts';
import { BLOCK, rootOfPerfectBytes } from './merkle.ts';

const HASH_BYTES = 32;
const NOT_READ = 0;
const SOUND = 1;
const GONE = 2;
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

/** Seals of the oldest kind are computed from the seal before: they wait until all are read. */
type Chained = { hash: Buffer; entry: SealableRow };

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
  await readSealed(pool, first, last, (row) => stretch.take(row));
  if (stretch.chained.size > 0)
    stretch.takeChained((await sealHash(pool, first - 1)) ?? Buffer.alloc(HASH_BYTES));
  return stretch.done();
}

class Stretch {
  readonly first: number;
  readonly count: number;
  readonly chained = new Map<number, Chained>();
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

  take(row: SealedBytes): void {
    const place = row.whole(SEALED_PARTS.seq) - this.first;
    const [start, end] = [row.start(SEALED_PARTS.hash), row.end(SEALED_PARTS.hash)];
    if (this.#state[place] !== NOT_READ || end - start !== HASH_BYTES) {
      // A number that is there twice, or no hash.
      this.#state[place] = CHANGED;
      return;
    }
    row.bytes.copy(this.#seals, place * HASH_BYTES, start, end);
    if (row.isNull(SEALED_PARTS.id)) {
      const isKept = row.short(SEALED_PARTS.format) !== CHAINED && this.#isArchived(this.first + place);
      if (isKept) row.bytes.copy(this.#leaves, place * HASH_BYTES, start, end);
      this.#archived += isKept ? 1 : 0;
      this.#state[place] = isKept ? SOUND : GONE;
      return;
    }
    const leaf = this.#bytes.leafOf(row);
    if (leaf === null) {
      this.#state[place] = CHANGED;
      return;
    }
    this.#leaves.write(leaf, place * HASH_BYTES, 'binary');
    this.#state[place] = SOUND;
    if (row.short(SEALED_PARTS.format) === CHAINED)
      this.chained.set(place, { hash: this.#sealAt(place), entry: row.entry() as SealableRow });
    else if (!this.#isAt(place, leaf)) this.#state[place] = CHANGED;
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
    for (const [place, { hash, entry }] of this.chained) {
      const previous = place === 0 ? before : this.#sealAt(place - 1);
      if (!chain(previous, String(this.first + place), entry).equals(hash)) this.#state[place] = CHANGED;
    }
  }

  #sealAt(place: number): Buffer {
    return this.#seals.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
  }

  done(): Scanned {
    const { first, count } = this;
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
