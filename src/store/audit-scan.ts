import type pg from 'pg';
import type { SealableRow } from './audit-seals.ts';
import { copyOut } from './postgres/copy-out.ts';

/** The parts of a row of `readSealed`, in their order. */
export const SEALED_PARTS = {
  seq: 0,
  hash: 1,
  format: 2,
  id: 3,
  at: 4,
  type: 5,
  changeId: 6,
  actor: 7,
  data: 8,
} as const;
const PARTS = Object.keys(SEALED_PARTS).length;
/** PostgreSQL counts microseconds from 2000 on. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const JSONB_VERSION = 1;
/** Entries of neighbours have ids in one range, unless a backup of another cluster was read in. */
const IDS_APART_MAX = 4;

/** A seal and its entry as PostgreSQL sends them. It is good until the next row comes. */
export class SealedBytes {
  bytes: Buffer = Buffer.alloc(0);
  readonly #starts = new Int32Array(PARTS);
  readonly #ends = new Int32Array(PARTS);

  take(row: Buffer): void {
    this.bytes = row;
    let at = 2;
    for (let n = 0; n < PARTS; n++) {
      const length = row.readInt32BE(at);
      at += 4;
      this.#starts[n] = at;
      // A null ends before it begins.
      this.#ends[n] = at + length;
      at += Math.max(0, length);
    }
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
    const at = this.start(part);
    return this.bytes.readInt32BE(at) * 4_294_967_296 + this.bytes.readUInt32BE(at + 4);
  }

  short(part: number): number {
    return this.bytes.readInt16BE(this.start(part));
  }

  /** When the entry was written, in milliseconds since 1970. */
  ms(): number {
    return Math.floor(this.whole(SEALED_PARTS.at) / 1_000) + EPOCH_MS;
  }

  /** Where the text of a jsonb begins; null: it is none. */
  jsonStart(part: number): number | null {
    const at = this.start(part);
    return this.bytes[at] === JSONB_VERSION ? at + 1 : null;
  }

  /** The entry as it is read elsewhere; null: it is gone. */
  entry(): SealableRow | null {
    if (this.isNull(SEALED_PARTS.id)) return null;
    return {
      id: String(this.whole(SEALED_PARTS.id)),
      at: new Date(this.ms()),
      type: this.#text(SEALED_PARTS.type),
      changeId: this.isNull(SEALED_PARTS.changeId) ? null : this.#uuid(),
      actor: this.#json(SEALED_PARTS.actor),
      data: this.#json(SEALED_PARTS.data),
    };
  }

  #text(part: number): string {
    return this.bytes.toString('utf8', this.start(part), this.end(part));
  }

  #json(part: number): string {
    return this.bytes.toString('utf8', this.jsonStart(part) ?? this.start(part), this.end(part));
  }

  #uuid(): string {
    const { changeId } = SEALED_PARTS;
    return this.bytes
      .toString('hex', this.start(changeId), this.end(changeId))
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

/**
 * Reads the seals from a number to a number, both included, each with its entry, in any order. `onRow` is called for
 * each as it comes.
 */
export async function readSealed(
  pool: pg.Pool,
  first: number,
  last: number,
  onRow: (row: SealedBytes) => void,
): Promise<void> {
  const { rows } = await pool.query<{ from: string | null; to: string | null }>(
    'select min(audit_id) as from, max(audit_id) as to from audit_seals where seq between $1 and $2',
    [first, last],
  );
  const [from, to] = [Number(rows[0]?.from ?? 0), Number(rows[0]?.to ?? 0)];
  // With their range PostgreSQL reads the entries side by side. Without it each is looked up, or all are read.
  const ids = to - from < IDS_APART_MAX * (last - first + 1) ? `and a.id between ${from} and ${to}` : '';
  const row = new SealedBytes();
  await copyOut(
    pool,
    `select s.seq, s.hash, s.format, a.id, a.at, a.type, a.change_id, a.actor, a.data
     from audit_seals s left join audit a on a.id = s.audit_id ${ids}
     where s.seq between ${first} and ${last}`,
    (bytes) => {
      row.take(bytes);
      onRow(row);
    },
  );
}

/** The hash of a seal; null: there is none of this number. */
export async function sealHash(pool: pg.Pool, seq: number): Promise<Buffer | null> {
  const { rows } = await pool.query<{ hash: Buffer }>('select hash from audit_seals where seq = $1', [seq]);
  return rows[0]?.hash ?? null;
}
