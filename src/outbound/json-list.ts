import { hash } from 'node:crypto';
import { parseStorable } from '../core/storable.ts';

/** What a caller who reads many lists remembers of an element by the print of its text. */
export type Recall<Met> = (print: string) => Met | undefined;

/**
 * A list of which only the new elements were read.
 * - `elements`: parsed, in their order, and `prints` of their texts; no prints where the texts could not be told apart
 * - `met`: what is remembered of all the others
 */
export type ReadList<Met> = { elements: unknown; prints: readonly string[]; met: readonly Met[] };

const COMMA = Buffer.from(',');

/**
 * Reads a JSON list, but for the elements whose very text the caller has met before: to parse a long list costs several
 * times what telling its elements apart does. `opening` is how each element begins, as `{"id":"`. No text within a JSON
 * string looks so, because its quotes are escaped. Should the same stand deeper within an element, its parts are no
 * JSON by themselves, and the list is read as a whole. `prints` are SHA-256 of the texts, a character a byte.
 * @throws SyntaxError: it is no JSON
 */
export function readList<Met>(list: Buffer, opening: string, recall: Recall<Met>): ReadList<Met> {
  const elements: unknown[] = [];
  const prints: string[] = [];
  const met: Met[] = [];
  try {
    for (const text of textsIn(list, opening)) {
      const print = hash('sha256', text, 'binary');
      const known = recall(print);
      if (known !== undefined) met.push(known);
      else {
        elements.push(parseStorable(text.toString()));
        prints.push(print);
      }
    }
    return { elements, prints, met };
  } catch {
    return { elements: parseStorable(list.toString()), prints: [], met: [] };
  }
}

/** The texts of the elements; of something else than a list whose elements begin so, no JSON. */
function* textsIn(list: Buffer, opening: string): Generator<Buffer> {
  const end = list.length - 1;
  const isList = list.toString('latin1', 0, 1 + opening.length) === `[${opening}` && list[end] === CLOSING;
  if (!isList) throw new SyntaxError(`no list of ${opening}…`);
  const between = Buffer.concat([COMMA, Buffer.from(opening)]);
  let from = 1;
  for (let at = list.indexOf(between, from); at !== -1; at = list.indexOf(between, from)) {
    yield list.subarray(from, at);
    from = at + COMMA.length;
  }
  yield list.subarray(from, end);
}

const CLOSING = ']'.charCodeAt(0);
