import type pg from 'pg';
import { invariant } from '../core/fault.ts';
import type { SealableRow } from './audit-seals.ts';
import { copyOut } from './postgres/copy-out.ts';

/** The parts of a row of `readEntries`, in their order. */
export const ENTRY_PARTS = { id: 0, at: 1, type: 2, changeId: 3, actor: 4, data: 5 } as const;
const PARTS = Object.keys(ENTRY_PARTS).length;
/** PostgreSQL counts microseconds from 2000 on. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const JSONB_VERSION = 1;
/** Entries of neighbours have ids in one range, unless a backup of another cluster was read in. */
const IDS_APART_MAX = 4;
const HASH_BYTES = 32;

/** An entry as PostgreSQL sends it. It is good until the next row comes. */
export class EntryBytes {
  bytes: Buffer = Buffer.alloc(0);
  readonly #starts = new Int32Array(PARTS);
  readonly #ends = new Int32Array(PARTS);

  take(row: Buffer): void {
    this.bytes = row;
    placeParts(row, this.#starts, this.#ends);
  }

  isNull(part: number): boolean {
    return this.end(part) < this.start(part);
  }

  start(part: number): number {
    return this.#starts[part] as number;
  }

  end(part: number): number {
    return this.#ends[part] as number;
  }

  /** A bigint that is a whole number in JavaScript too; ours are. */
  whole(part: number): number {
    return wholeAt(this.bytes, this.start(part));
  }

  /** When the entry was written, in milliseconds since 1970. */
  ms(): number {
    return Math.floor(this.whole(ENTRY_PARTS.at) / 1_000) + EPOCH_MS;
  }

  /** Where the text of a jsonb begins; null: it is none. */
  jsonStart(part: number): number | null {
    const at = this.start(part);
    return this.bytes[at] === JSONB_VERSION ? at + 1 : null;
  }

  /** The entry as it is read elsewhere. */
  entry(): SealableRow {
    return {
      id: String(this.whole(ENTRY_PARTS.id)),
      at: new Date(this.ms()),
      type: this.#text(ENTRY_PARTS.type),
      changeId: this.isNull(ENTRY_PARTS.changeId) ? null : this.#uuid(),
      actor: this.#json(ENTRY_PARTS.actor),
      data: this.#json(ENTRY_PARTS.data),
    };
  }

  #text(part: number): string {
    return this.bytes.toString('utf8', this.start(part), this.end(part));
  }

  #json(part: number): string {
    return this.bytes.toString('utf8', this.jsonStart(part) ?? this.start(part), this.end(part));
  }

  #uuid(): string {
    const { changeId } = ENTRY_PARTS;
    return this.bytes
      .toString('hex', this.start(changeId), this.end(changeId))
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

/** Seals as PostgreSQL sends many of them at once. The n-th of each part belong together. */
export class Seals {
  readonly count: number;
  readonly seqs: Float64Array;
  readonly entryIds: Float64Array;
  /** One behind the other. */
  readonly hashes: Buffer;
  readonly #formats: Buffer;

  constructor(row: Buffer) {
    const [starts, ends] = [new Int32Array(4), new Int32Array(4)];
    placeParts(row, starts, ends);
    // Where there are no seals all is null.
    const part = (n: number) =>
      Buffer.from(row.subarray(starts[n], Math.max(starts[n] as number, ends[n] as number)));
    const [seqs, entryIds] = [part(0), part(1)];
    this.#formats = part(2);
    this.hashes = part(3);
    this.count = seqs.length / 8;
    this.seqs = new Float64Array(this.count);
    this.entryIds = new Float64Array(this.count);
    for (let n = 0; n < this.count; n++) {
      this.seqs[n] = wholeAt(seqs, 8 * n);
      this.entryIds[n] = wholeAt(entryIds, 8 * n);
    }
  }

  format(n: number): number {
    return this.#formats.readInt16BE(2 * n);
  }
}

/** Where the parts of a row begin and end. */
function placeParts(row: Buffer, starts: Int32Array, ends: Int32Array): void {
  let at = 2;
  for (let n = 0; n < starts.length; n++) {
    const length = row.readInt32BE(at);
    at += 4;
    starts[n] = at;
    // A null ends before it begins.
    ends[n] = at + length;
    at += Math.max(0, length);
  }
}

/** A bigint that is a whole number in JavaScript too; ours are. */
function wholeAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
}

/**
 * The seals from a number to a number, both included, in any order. They are sent as one row, for that takes a fifth of
 * what a row for each would take. A hash that is none is sent as zeros, which no entry has.
 */
export async function readSeals(pool: pg.Pool, first: number, last: number): Promise<Seals> {
  let seals: Seals | null = null;
  await copyOut(
    pool,
    `select string_agg(int8send(seq), ''), string_agg(int8send(audit_id), ''), string_agg(int2send(format), ''),
       string_agg(case octet_length(hash) when ${HASH_BYTES} then hash else '\\x${'00'.repeat(HASH_BYTES)}' end, '')
     from audit_seals where seq between ${first} and ${last}`,
    (row) => {
      seals = new Seals(row);
    },
  );
  invariant(seals !== null, 'an aggregate has a row');
  return seals;
}

/**
 * Reads the entries of these seals, in any order. `onEntry` is called for each as it comes, and perhaps for others
 * between them.
 */
export async function readEntries(
  pool: pg.Pool,
  seals: Seals,
  onEntry: (entry: EntryBytes) => void,
): Promise<void> {
  if (seals.count === 0) return;
  const ids = seals.entryIds;
  const [from, to] = [ids.reduce((a, b) => Math.min(a, b)), ids.reduce((a, b) => Math.max(a, b))];
  // By their range PostgreSQL reads them side by side. Where others stand between them each is looked up.
  const which =
    to - from < IDS_APART_MAX * ids.length
      ? `id between ${from} and ${to}`
      : `id = any('{${ids}}'::bigint[])`;
  const entry = new EntryBytes();
  await copyOut(pool, `select id, at, type, change_id, actor, data from audit where ${which}`, (bytes) => {
    entry.take(bytes);
    onEntry(entry);
  });
}

/** The hash of a seal; null: there is none of this number. */
export async function sealHash(pool: pg.Pool, seq: number): Promise<Buffer | null> {
  const { rows } = await pool.query<{ hash: Buffer }>('select hash from audit_seals where seq = $1', [seq]);
  return rows[0]?.hash ?? null;
}
