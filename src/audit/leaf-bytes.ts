import { hash } from 'node:crypto';
import { ENTRY_PARTS, type EntryBytes } from '../store/audit-scan.ts';
import { CanonicalBytes } from './canonical-bytes.ts';
import { leafOf } from './entry.ts';

const { id, type, changeId, actor, data } = ENTRY_PARTS;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const HYPHEN = 0x2d;
const QUOTE = 0x22;
const UUID_BYTES = 16;

/**
 * Computes leaves out of rows as PostgreSQL sends them. They are the same as those of `leafOf` (entry.ts), which says
 * what is canonical, and which does what is not done here.
 */
export class LeafBytes {
  readonly #json = new CanonicalBytes();
  #second = Number.NaN;
  /** The second as ISO 8601 has it, up to its milliseconds. */
  #secondText = '';

  /** The leaf, a sign a byte; null: this is no entry that can be sealed. */
  leafOf(row: EntryBytes): string | null {
    const json = this.#json;
    json.begin(row.bytes.length);
    if (this.#write(row)) return hash('sha256', json.out.subarray(0, json.at), 'binary');
    try {
      return leafOf(row.entry()).toString('binary');
    } catch {
      return null;
    }
  }

  /** As `canonicalEntry` writes it, behind the byte that stands before a leaf. False: not sure of all of it. */
  #write(row: EntryBytes): boolean {
    const json = this.#json;
    json.out[json.at++] = 0;
    json.text('{"actor":');
    if (!this.#jsonb(row, actor)) return false;
    json.text(',"at":"');
    if (!this.#time(row.ms())) return false;
    json.text('","changeId":');
    if (row.isNull(changeId)) json.text('null');
    else if (!this.#uuid(row)) return false;
    json.text(',"data":');
    if (!this.#jsonb(row, data)) return false;
    json.text(`,"id":"${row.whole(id)}","type":`);
    if (!json.plainString(row.bytes, row.start(type), row.end(type))) return false;
    json.text('}');
    return true;
  }

  #jsonb(row: EntryBytes, part: number): boolean {
    const start = row.jsonStart(part);
    return start !== null && this.#json.json(row.bytes, start, row.end(part));
  }

  #time(ms: number): boolean {
    const second = Math.floor(ms / 1_000);
    if (second !== this.#second) {
      const date = new Date(second * 1_000);
      if (Number.isNaN(date.getTime())) return false;
      this.#second = second;
      this.#secondText = date.toISOString().slice(0, -4);
    }
    const json = this.#json;
    json.text(this.#secondText);
    json.text(String(ms - second * 1_000).padStart(3, '0'));
    json.text('Z');
    return true;
  }

  #uuid(row: EntryBytes): boolean {
    const start = row.start(changeId);
    if (row.end(changeId) - start !== UUID_BYTES) return false;
    const json = this.#json;
    const { out } = json;
    let { at } = json;
    out[at++] = QUOTE;
    for (let n = 0; n < UUID_BYTES; n++) {
      if (n === 4 || n === 6 || n === 8 || n === 10) out[at++] = HYPHEN;
      const byte = row.bytes[start + n] as number;
      out[at++] = HEX_DIGITS[byte >> 4] as number;
      out[at++] = HEX_DIGITS[byte & 15] as number;
    }
    out[at++] = QUOTE;
    json.at = at;
    return true;
  }
}
