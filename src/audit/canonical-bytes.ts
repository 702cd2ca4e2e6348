/**
 * Canonical JSON (RFC 8785) out of what PostgreSQL writes of a jsonb, byte by byte, without parsing it. Most of it is
 * canonical already: only its blanks are left out, and the members of an object are put into their order. It is several
 * times as fast as parsing it and writing it anew. What it does not know for sure it declines, and writes nothing that
 * counts: then `canonicalEntry` (entry.ts) says what is canonical.
 */
export class CanonicalBytes {
  out = Buffer.allocUnsafe(8_192);
  /** Where the next byte goes. */
  at = 0;
  #from: Uint8Array = this.out;
  #read = 0;
  #depth = 0;
  /** Of the members of the objects that are open: where the key begins and ends, and where the member ends. */
  readonly #marks = new Int32Array(3 * MEMBERS_MAX);
  #marked = 0;
  readonly #order = new Int32Array(MEMBERS_MAX);
  #moved = Buffer.allocUnsafe(8_192);

  /** Begins anew, with room for what comes of so many bytes: a number may become longer, but not by so much. */
  begin(bytes: number): void {
    this.at = 0;
    const size = 2 * bytes + 512;
    if (this.out.length >= size) return;
    this.out = Buffer.allocUnsafe(size);
    this.#moved = Buffer.allocUnsafe(size);
  }

  /** ASCII. */
  text(text: string): void {
    const { out, at } = this;
    const count = text.length;
    for (let n = 0; n < count; n++) out[at + n] = text.charCodeAt(n);
    this.at = at + count;
  }

  /** Writes these bytes as a string; false: it has signs that have to be escaped. */
  plainString(from: Uint8Array, start: number, end: number): boolean {
    this.out[this.at++] = QUOTE;
    for (let n = start; n < end; n++) {
      const byte = from[n] as number;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return false;
      this.out[this.at++] = byte;
    }
    this.out[this.at++] = QUOTE;
    return true;
  }

  /** Writes the JSON that stands there, canonical. False: declined. */
  json(from: Uint8Array, start: number, end: number): boolean {
    this.#from = from;
    this.#read = start;
    this.#depth = 0;
    this.#marked = 0;
    return this.#value() && this.#read === end;
  }

  #value(): boolean {
    switch (this.#from[this.#read]) {
      case QUOTE:
        return this.#string(false);
      case 0x7b:
        return this.#object();
      case 0x5b:
        return this.#array();
      case 0x74:
        return this.#word('true');
      case 0x66:
        return this.#word('false');
      case 0x6e:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #word(word: string): boolean {
    for (let n = 0; n < word.length; n++) if (this.#from[this.#read + n] !== word.charCodeAt(n)) return false;
    this.#read += word.length;
    this.text(word);
    return true;
  }

  /** PostgreSQL escapes what has to be escaped, and nothing else; of control characters the short forms are canonical. */
  #string(isKey: boolean): boolean {
    const from = this.#from;
    const out = this.out;
    let read = this.#read + 1;
    let at = this.at;
    out[at++] = QUOTE;
    for (;;) {
      const byte = from[read++] ?? 0;
      if (byte < 0x20) return false;
      // Keys are put in order by their bytes. With these characters UTF-16 may have another order.
      if (isKey && (byte === BACKSLASH || byte >= 0xee)) return false;
      out[at++] = byte;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) continue;
      const escaped = from[read++] ?? 0;
      if (!SHORT_ESCAPES.includes(escaped)) return false;
      out[at++] = escaped;
    }
    this.#read = read;
    this.at = at;
    return true;
  }

  #number(): boolean {
    const start = this.#read;
    let end = start;
    let isDigits = true;
    for (; ; end++) {
      const byte = this.#from[end] ?? 0;
      if (byte >= 0x30 && byte <= 0x39) continue;
      if (!NUMBER_SIGNS.includes(byte)) break;
      isDigits = false;
    }
    const digits = end - start;
    if (digits === 0) return false;
    this.#read = end;
    if (isDigits && digits <= SAFE_DIGITS && (digits === 1 || this.#from[start] !== ZERO)) {
      for (let n = start; n < end; n++) this.out[this.at++] = this.#from[n] as number;
      return true;
    }
    const text = Buffer.from(this.#from.subarray(start, end)).toString('latin1');
    if (!JSON_NUMBER.test(text) || !Number.isFinite(Number(text))) return false;
    this.text(JSON.stringify(Number(text)));
    return true;
  }

  #array(): boolean {
    if (this.#depth++ >= DEPTH_MAX) return false;
    this.out[this.at++] = 0x5b;
    if (this.#from[++this.#read] === 0x5d) this.#read++;
    else
      for (;;) {
        if (!this.#value()) return false;
        if (this.#from[this.#read] === 0x5d) {
          this.#read++;
          break;
        }
        if (!this.#next()) return false;
      }
    this.out[this.at++] = 0x5d;
    this.#depth--;
    return true;
  }

  #next(): boolean {
    if (this.#from[this.#read] !== COMMA || this.#from[this.#read + 1] !== BLANK) return false;
    this.#read += 2;
    this.out[this.at++] = COMMA;
    return true;
  }

  #object(): boolean {
    if (this.#depth++ >= DEPTH_MAX) return false;
    this.out[this.at++] = 0x7b;
    const base = this.#marked;
    const start = this.at;
    let isInOrder = true;
    if (this.#from[++this.#read] === 0x7d) this.#read++;
    else
      for (;;) {
        if (!this.#member()) return false;
        if (this.#marked - base > 3 && this.#compare(this.#marked - 6, this.#marked - 3) >= 0)
          isInOrder = false;
        if (this.#from[this.#read] === 0x7d) {
          this.#read++;
          break;
        }
        if (!this.#next()) return false;
      }
    if (!isInOrder && !this.#putInOrder(base, start)) return false;
    this.#marked = base;
    this.out[this.at++] = 0x7d;
    this.#depth--;
    return true;
  }

  #member(): boolean {
    const key = this.at;
    if (this.#marked + 3 > this.#marks.length || !this.#string(true)) return false;
    const keyEnd = this.at;
    if (this.#from[this.#read] !== 0x3a || this.#from[this.#read + 1] !== BLANK) return false;
    this.#read += 2;
    this.out[this.at++] = 0x3a;
    const mark = this.#marked;
    this.#marked += 3;
    this.#marks[mark] = key;
    // Without its quotes: a shorter key would be compared by its last one.
    this.#marks[mark + 1] = keyEnd - 1;
    if (!this.#value()) return false;
    this.#marks[mark + 2] = this.at;
    return true;
  }

  /** Compares two keys, which are marked there. */
  #compare(a: number, b: number): number {
    const out = this.out;
    const marks = this.#marks;
    let one = (marks[a] as number) + 1;
    let other = (marks[b] as number) + 1;
    const [oneEnd, otherEnd] = [marks[a + 1] as number, marks[b + 1] as number];
    while (one < oneEnd && other < otherEnd) {
      const apart = (out[one++] as number) - (out[other++] as number);
      if (apart !== 0) return apart;
    }
    return oneEnd - one - (otherEnd - other);
  }

  /** False: a key stands there twice, which a jsonb never has. */
  #putInOrder(base: number, start: number): boolean {
    const count = (this.#marked - base) / 3;
    if (count > SORTED_MAX) return false;
    const order = this.#order;
    const marks = this.#marks;
    for (let n = 0; n < count; n++) {
      const mark = base + 3 * n;
      let place = n;
      for (; place > 0; place--) {
        const apart = this.#compare(order[place - 1] as number, mark);
        if (apart === 0) return false;
        if (apart < 0) break;
        order[place] = order[place - 1] as number;
      }
      order[place] = mark;
    }
    const { out } = this;
    const before = this.#moved;
    out.copy(before, 0, start, this.at);
    let to = start;
    for (let n = 0; n < count; n++) {
      if (n > 0) out[to++] = COMMA;
      const mark = order[n] as number;
      const [from, end] = [(marks[mark] as number) - start, (marks[mark + 2] as number) - start];
      if (end - from > COPIED_MIN) to += before.copy(out, to, from, end);
      else for (let at = from; at < end; at++) out[to++] = before[at] as number;
    }
    return true;
  }
}

/** Beyond these it declines: PostgreSQL allows more. */
const DEPTH_MAX = 60;
const MEMBERS_MAX = 4_096;
/** Members that are put in order one by one. */
const SORTED_MAX = 64;
/** More bytes than these are copied faster at once. */
const COPIED_MIN = 48;
/** Of so many digits a whole number is exact. */
const SAFE_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BLANK = 0x20;
const ZERO = 0x30;
/** What may follow a backslash: " \ b f n r t. */
const SHORT_ESCAPES = [QUOTE, BACKSLASH, 0x62, 0x66, 0x6e, 0x72, 0x74];
/** What a number has besides digits: - + . e E. */
const NUMBER_SIGNS = [0x2d, 0x2b, 0x2e, 0x65, 0x45];
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;
