import { isStorable, seenWords } from '../../core/storable.ts';

/**
 * What somebody wrote into a form, or what is wrong with it. `ifEmpty` says that something has to be written; left out:
 * it may be empty.
 */
export function writtenIn(
  value: string | null | undefined,
  ifEmpty: string | null = null,
): { text: string; wrong: string | null } {
  const written = value ?? '';
  const text = seenWords(written).trim();
  const wrong = !isStorable(written)
    ? 'This text has characters that can’t be stored. Type it anew instead of pasting it.'
    : text === ''
      ? ifEmpty
      : null;
  return { text, wrong };
}
