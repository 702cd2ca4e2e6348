import { invalidFilter, invalidPath, type ScimError } from './scim-error.ts';

/** Longest filter and path we read, in characters. */
const MAX_FILTER_CHARS = 2_000;
/** Deepest nesting of brackets in a filter. */
const MAX_FILTER_DEPTH = 20;

const comparisons = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Comparison = (typeof comparisons)[number];
export type FilterValue = string | number | boolean | null;

export type Filter =
  | { op: 'and' | 'or'; filters: Filter[] }
  | { op: 'not'; filter: Filter }
  | { op: 'pr'; path: string }
  | { op: Comparison; path: string; value: FilterValue }
  /** One element of `path` meets the whole of `filter`. */
  | { op: 'some'; path: string; filter: Filter };

/** The target of a PATCH operation: `emails[type eq "work"].value`. */
export type Path = { path: string; filter: Filter | null; sub: string | null };

/** Reads a filter, RFC 7644 section 3.4.2.2. Throws 400 `invalidFilter` that says where it went wrong. */
export function parseFilter(text: string): Filter {
  const reader = new Reader(text, invalidFilter);
  const filter = reader.either(0);
  reader.end();
  return filter;
}

/** Reads a path, RFC 7644 section 3.5.2. Throws 400 `invalidPath` that says where it went wrong. */
export function parsePath(text: string): Path {
  const reader = new Reader(text, invalidPath);
  const path = reader.target();
  reader.end();
  return path;
}

/** `bare`: characters that can only be a value without its quotes. */
type Token = { kind: 'name' | 'string' | 'number' | 'bare' | 'mark' | 'end'; text: string; at: number };

// Each alternative starts with a character no other starts with, so reading never backtracks.
const token = /\s*(?:(?<string>"[^"\\]*(?:\\.[^"\\]*)*")|(?<mark>[()[\]])|(?<word>[^\s"()[\]]+))/sy;
const name = /^[A-Za-z$_][-\w$.:/%]*$/;
const number = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

function kindOf(word: string): Token['kind'] {
  if (name.test(word)) return 'name';
  return number.test(word) ? 'number' : 'bare';
}

class Reader {
  readonly #tokens: Token[];
  readonly #wrong: (detail: string) => ScimError;
  #next = 0;

  constructor(text: string, wrong: (detail: string) => ScimError) {
    this.#wrong = wrong;
    if (text.length > MAX_FILTER_CHARS) throw wrong(`longer than ${MAX_FILTER_CHARS} characters`);
    this.#tokens = this.#read(text);
  }

  #read(text: string): Token[] {
    const tokens: Token[] = [];
    let at = 0;
    while (text.slice(at).trim() !== '') {
      token.lastIndex = at;
      const found = token.exec(text)?.groups;
      if (found === undefined) throw this.#wrong(`can’t be read from character ${at + 1}`);
      const { string, mark, word } = found;
      if (word !== undefined) tokens.push({ kind: kindOf(word), text: word, at });
      else tokens.push({ kind: mark === undefined ? 'string' : 'mark', text: mark ?? string ?? '', at });
      // A sub-attribute after a value filter, `].value`, follows its bracket without a space.
      at = token.lastIndex;
      if (text[at - 1] === ']' && text[at] === '.') at += 1;
      else if (text[at - 1] === ']') tokens.push({ kind: 'mark', text: 'no sub', at });
    }
    tokens.push({ kind: 'end', text: 'the end', at: text.length });
    return tokens;
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const taken = this.#peek();
    if (taken.kind !== 'end') this.#next += 1;
    return taken;
  }

  #is(text: string): boolean {
    const next = this.#peek();
    return (next.kind === 'name' || next.kind === 'mark') && next.text.toLowerCase() === text;
  }

  #mustTake(text: string): void {
    const taken = this.#take();
    if (taken.kind !== 'mark' || taken.text !== text) throw this.#unexpected(taken, text);
  }

  #unexpected(found: Token, wanted: string): ScimError {
    return this.#wrong(`expected ${wanted} at character ${found.at + 1}, found ${found.text}`);
  }

  end(): void {
    const last = this.#peek();
    if (last.kind !== 'end') throw this.#unexpected(last, 'the end');
  }

  either(depth: number): Filter {
    if (depth > MAX_FILTER_DEPTH) throw this.#wrong(`nested deeper than ${MAX_FILTER_DEPTH}`);
    return this.#chain('or', () => this.#chain('and', () => this.#term(depth)));
  }

  #chain(op: 'and' | 'or', part: () => Filter): Filter {
    const first = part();
    const filters = [first];
    while (this.#is(op)) {
      this.#take();
      filters.push(part());
    }
    return filters.length === 1 ? first : { op, filters };
  }

  #term(depth: number): Filter {
    if (this.#is('not')) {
      this.#take();
      if (!this.#is('(')) throw this.#unexpected(this.#peek(), '(');
      return { op: 'not', filter: this.#term(depth) };
    }
    if (this.#is('(')) {
      this.#take();
      const filter = this.either(depth + 1);
      this.#mustTake(')');
      return filter;
    }
    const path = this.#name();
    if (!this.#is('[')) return this.#test(path);
    const { filter, sub } = this.#selection(depth);
    return {
      op: 'some',
      path,
      filter: sub === null ? filter : { op: 'and', filters: [filter, this.#test(sub)] },
    };
  }

  /** `[filter]` and the sub-attribute behind it, if there is one. */
  #selection(depth: number): { filter: Filter; sub: string | null } {
    this.#mustTake('[');
    const filter = this.either(depth + 1);
    this.#mustTake(']');
    if (this.#peek().text === 'no sub') {
      this.#take();
      return { filter, sub: null };
    }
    return { filter, sub: this.#name() };
  }

  target(): Path {
    const path = this.#name();
    return this.#is('[') ? { path, ...this.#selection(0) } : { path, filter: null, sub: null };
  }

  #name(): string {
    const taken = this.#take();
    if (taken.kind !== 'name') throw this.#unexpected(taken, 'an attribute');
    return taken.text;
  }

  #test(path: string): Filter {
    const operator = this.#take();
    const op = operator.text.toLowerCase();
    if (operator.kind === 'name' && op === 'pr') return { op, path };
    const comparison = comparisons.find((c) => c === op);
    if (operator.kind !== 'name' || comparison === undefined) throw this.#unexpected(operator, 'an operator');
    return { op: comparison, path, value: this.#value() };
  }

  #value(): FilterValue {
    const taken = this.#take();
    const word = taken.text.toLowerCase();
    if (taken.kind === 'number') return Number(taken.text);
    if (taken.kind === 'name' && (word === 'true' || word === 'false')) return word === 'true';
    if (taken.kind === 'name' && word === 'null') return null;
    // Microsoft's collection and older clients leave the quotes out; in other quotes it is not clear what is meant.
    const isUnquoted = taken.kind === 'name' || (taken.kind === 'bare' && !/^['`“‘]/.test(taken.text));
    if (taken.kind !== 'string' && !isUnquoted) throw this.#unexpected(taken, 'a value');
    const text = isUnquoted ? taken.text : readJsonString(taken.text);
    if (text === null || text.includes('\0') || !text.isWellFormed())
      throw this.#unexpected(taken, 'a JSON string');
    return text;
  }
}

function readJsonString(literal: string): string | null {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return null;
  }
}
