import type { RichTextBlock } from '@slack/types';
import { seenWords } from '../core/storable.ts';
import type { Said } from '../ports/messenger.ts';
import { clip, escapeMrkdwn, SECTION_TEXT_MAX } from './mrkdwn.ts';

type Part = { text: string } | { accountId: string };

/** The words, cut where a person is named who is in Slack; who is not stands by their name. */
function partsOf({ words, people }: Said): Part[] {
  let parts: Part[] = [{ text: words }];
  for (const [email, { name, accountId }] of people)
    parts = parts.flatMap((part): Part[] => {
      if (!('text' in part)) return [part];
      return part.text
        .split(email)
        .flatMap((text, n): Part[] =>
          n === 0 ? [{ text }] : [accountId === null ? { text: name } : { accountId }, { text }],
        );
    });
  return parts;
}

/** Pure: words with the people in them by mention; nothing else in them is interpreted. */
export function withMentions(said: Said): string {
  return partsOf(said)
    .map((part) => ('accountId' in part ? `<@${part.accountId}>` : spaced(part.text)))
    .join('');
}

/** `escapeMrkdwn` looks at words as a whole; a part of them keeps the spaces at its ends. */
function spaced(text: string): string {
  const [, before = '', inner = '', after = ''] = /^(\s*)(.*?)(\s*)$/su.exec(text) ?? [];
  return `${before === '' ? '' : ' '}${escapeMrkdwn(inner)}${after === '' ? '' : ' '}`;
}

/** Pure: the words as a quotation, with the people in them by mention; nothing else in them is interpreted. */
export function quoteSaid({ words, people }: Said): RichTextBlock {
  const whole = { words: clip(seenWords(words).trim(), SECTION_TEXT_MAX), people };
  const elements = partsOf(whole)
    .filter((part) => !('text' in part) || part.text !== '')
    .map((part) =>
      'accountId' in part
        ? ({ type: 'user', user_id: part.accountId } as const)
        : ({ type: 'text', text: part.text } as const),
    );
  return {
    type: 'rich_text',
    elements: [
      {
        type: 'rich_text_quote',
        elements: elements.length === 0 ? [{ type: 'text', text: ' ' }] : elements,
      },
    ],
  };
}
