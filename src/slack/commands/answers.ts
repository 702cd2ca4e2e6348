import type { Button, KnownBlock } from '@slack/types';
import { type SlackContent, section } from '../blocks.ts';
import { escapeMrkdwn, mrkdwn, plain } from '../mrkdwn.ts';
import type { Wanted } from './read-command.ts';
import type { Word } from './word.ts';

/** Opens the form with the words that were typed. */
export const ASK_IN_WORDS = 'ask_in_words';
/** A button’s value holds 2000 characters (Block Kit reference). */
const VALUE_MAX = 2_000;

/** Pure: `/access help`, with every word that there is. */
export function helpText(words: readonly Word[]): string {
  return [
    '*/access* opens the form to ask for access.',
    '*/access* and a few words, e.g. *to read Orders API logs in prod until Friday for INC-4711*, fills the form in for you.',
    ...words.map(({ word, takes, says }) => `${written(word, takes)} ${says}.`),
    'Approvers decide on the card; every step is told in a direct message.',
  ].join('\n');
}

function written(word: string, takes: string): string {
  return `*/access ${word}${takes === '' ? '' : ` ${escapeMrkdwn(takes)}`}*`;
}

/** Pure: a word that `/access` does not know is answered with what there is. */
export function unknownWord(
  { typed, meant }: Extract<Wanted, { is: 'unknown' }>,
  whole: string,
  words: readonly Word[],
): SlackContent {
  const known = words.find(({ word }) => word === meant);
  const shown = escapeMrkdwn(typed);
  const next =
    meant === 'help'
      ? 'Did you mean */access help*?'
      : known === undefined
        ? `What there is: ${[...words.map(({ word }) => word), 'help'].map((word) => `*/access ${word}*`).join(', ')}.`
        : `Did you mean ${written(known.word, known.takes)}? It ${known.says}.`;
  const text = `*/access* knows no word *${shown}*. Nothing was asked for. ${next}`;
  const blocks: KnownBlock[] = [section(mrkdwn(text))];
  if (whole.trim().length <= VALUE_MAX) {
    const ask: Button = {
      type: 'button',
      action_id: ASK_IN_WORDS,
      text: { type: 'plain_text', text: 'Ask for access with these words' },
      value: whole.trim(),
    };
    blocks.push(
      { type: 'context', elements: [plain('If it says what you need, ask with it:')] },
      { type: 'actions', block_id: 'in_words', elements: [ask] },
    );
  }
  return { text, blocks };
}
