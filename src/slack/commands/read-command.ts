import { nearest } from '../../core/nearest.ts';
import type { Word } from './word.ts';

/** What somebody who typed `/access` and these words wants. */
export type Wanted =
  | { is: 'form' }
  | { is: 'help' }
  | { is: 'word'; word: Word; rest: string }
  /** In their own words, what they need. */
  | { is: 'freeText'; text: string }
  /** Meant as a word that `/access` knows, and it knows none of that name. */
  | { is: 'unknown'; typed: string; meant: string | null };

/** Longer than this, words that begin like a mistyped one are a sentence. */
const MISTYPED_WORDS_MAX = 6;
/** Signs that people put around a word. */
const AROUND = /^[\s/"'“”‘’`*_]+|[\s"'“”‘’`*_.,;:!]+$/gu;
const TICKET = /^[a-z][a-z0-9]*-\d+$/i;

/**
 * Pure: what the words after `/access` are. A word that is meant as a command is never taken for the reason of a
 * request. A mistyped command is `unknown`, and so is a single word that names nothing in the catalogue. `isNamed`:
 * whether a word stands in the catalogue.
 */
export function readCommand(
  text: string,
  words: readonly Word[],
  isNamed: (word: string) => boolean,
): Wanted {
  const trimmed = text.trim();
  const [head = ''] = trimmed.split(/\s+/);
  const first = bare(head);
  const rest = trimmed.slice(head.length).trim();
  if (trimmed === '') return { is: 'form' };
  const follow = rest === '' ? 0 : rest.split(/\s+/).length;
  if (trimmed === '?' || (first === 'help' && follow <= 1)) return { is: 'help' };
  if (first === 'help') return { is: 'freeText', text: trimmed };
  const word = words.find((known) => known.word === first);
  if (word !== undefined) return { is: 'word', word, rest };
  const synonym = words.find(({ alsoSaid }) => alsoSaid?.includes(bare(trimmed)) === true);
  if (synonym !== undefined) return { is: 'unknown', typed: head, meant: synonym.word };
  if (follow === 0 && (isNamed(first) || TICKET.test(head))) return { is: 'freeText', text: trimmed };
  const near = nearest(first, ['help', ...words.map((known) => known.word)]);
  const isShort = follow < MISTYPED_WORDS_MAX;
  if (follow === 0 || (near !== null && isShort && !isNamed(first)))
    return { is: 'unknown', typed: head, meant: near };
  return { is: 'freeText', text: trimmed };
}

/** A word without the signs around it, in small letters. */
function bare(word: string): string {
  return word.replace(AROUND, '').toLowerCase();
}
