import type { MrkdwnElement, PlainTextElement, RichTextBlock } from '@slack/types';
import { oneLine, seenWords } from '../core/storable.ts';

/** Signs that read like those with which Slack formats, and do nothing. */
const lookalikes: Readonly<Record<string, string>> = {
  '*': '\u2217',
  '~': '\u223c',
  '`': '\u02cb',
  _: '\uff3f',
  ':': '\ua789',
  '>': '\u203a',
};
/**
 * Underscores format at the edge of a word only, colons around the name of an emoji, an angle at the head of a line.
 */
const FORMATTING = /[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=[\w+'-]+:)|(?<=:[\w+'-]+):|^\s*>/gu;

/**
 * Words of others inside ours: no mention, link, date, bold, code, emoji, quote or line of their own comes of them.
 * Slack's three control characters are escaped; signs that can't be are shown by their lookalikes.
 */
export function escapeMrkdwn(text: string): string {
  return seenWords(text)
    .replace(/\n+/g, ' ')
    .replace(FORMATTING, (sign) => sign.replace(/\S/u, (one) => lookalikes[one] ?? one))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** Section text holds 3000 characters, a field 2000, an option 75 (Block Kit reference). */
export const SECTION_TEXT_MAX = 3_000;
export const FIELD_TEXT_MAX = 2_000;
export const OPTION_TEXT_MAX = 75;
/** The text of a question whether one is sure, and a block's id. */
export const CONFIRM_TEXT_MAX = 300;
export const BLOCK_ID_MAX = 255;

/**
 * Words of ours with escaped names in them. `verbatim`: Slack makes no links or mentions out of bare text.
 */
export function mrkdwn(text: string, max = SECTION_TEXT_MAX): MrkdwnElement {
  return { type: 'mrkdwn', text: clip(text, max, constructs), verbatim: true };
}

/** One line of ours with words of others in it: shown as it is, never interpreted. */
export function plain(text: string, max = SECTION_TEXT_MAX): PlainTextElement {
  return plainLines([text], max);
}

/** Plain text of several lines. Each entry stays one line, so that a text of somebody else can't begin a new one. */
export function plainLines(lines: readonly string[], max = SECTION_TEXT_MAX): PlainTextElement {
  const text = lines.map(oneLine).join('\n');
  return { type: 'plain_text', text: clip(text === '' ? ' ' : text, max), emoji: false };
}

/**
 * A person's words, as a quotation. Slack draws a bar beside every line of it, also where a long line is broken. So
 * nothing in it can be taken for a line of ours. Rich text is never parsed: no mention, link or emoji comes of it.
 */
export function quote(words: string): RichTextBlock {
  const text = clip(seenWords(words).trim(), SECTION_TEXT_MAX);
  return {
    type: 'rich_text',
    elements: [{ type: 'rich_text_quote', elements: [{ type: 'text', text: text === '' ? ' ' : text }] }],
  };
}

/** Text that means something else, or nothing, when it is cut in two: a character outside the basic plane. */
const characters = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;
/** And in mrkdwn an escaped character, a mention or a date: half a mention is an open bracket. */
export const constructs = /&(?:amp|lt|gt);|<[^<>]*>|[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

/** At most `max` long, with a sign where it was cut; never in the middle of what is `whole`. */
export function clip(text: string, max: number, whole = characters): string {
  if (text.length <= max) return text;
  let end = max - 1;
  for (const { index, 0: part } of text.matchAll(whole)) {
    if (index >= end) break;
    if (index + part.length > end) end = index;
  }
  return `${text.slice(0, end)}…`;
}

/**
 * The text of a message as notifications and screen readers have it: without our emoji, bold and code, which they would
 * spell out. Mentions and dates stay, for Slack writes those out. Words of others are escaped already.
 */
export function spoken(text: string): string {
  return text
    .replace(/<[^<>]*>|:[a-z][a-z_]*:\s?|[*`]/g, (sign) => (sign.startsWith('<') ? sign : ''))
    .trim();
}

/** An address of ours, to be pressed: a `verbatim` text has no links but those that are marked. */
export function link(url: string): string {
  return `<${url.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('&', '&amp;')}>`;
}

const months = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** The month of something long ago, e.g. `January 2026`. Slack has no format for it, so it is the month in UTC. */
export function slackMonth(at: Date): string {
  return months.format(at);
}

/** A point in time, shown in each reader's own time zone. */
export function slackDate(at: Date): string {
  const iso = `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `<!date^${Math.floor(at.getTime() / 1_000)}^{date_short_pretty} {time}|${iso}>`;
}
