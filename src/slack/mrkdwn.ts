import type { MrkdwnElement, PlainTextElement } from '@slack/types';

/** Slack's three control characters; escaped, no text can become a mention, a link or a date. */
export function inert(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Section text holds 3000 characters, a field 2000, an option 75 (Block Kit reference). */
export const SECTION_TEXT_MAX = 3_000;
export const FIELD_TEXT_MAX = 2_000;
export const OPTION_TEXT_MAX = 75;

/**
 * Words of ours with escaped names in them. `verbatim`: Slack makes no links or mentions out of bare text.
 */
export function mrkdwn(text: string, max = SECTION_TEXT_MAX): MrkdwnElement {
  return { type: 'mrkdwn', text: clip(text, max, constructs), verbatim: true };
}

/** Words of others: shown as they are, never interpreted. */
export function plain(text: string, max = SECTION_TEXT_MAX): PlainTextElement {
  return { type: 'plain_text', text: clip(text === '' ? ' ' : text, max), emoji: false };
}

/** What means something else, or nothing, when it is cut in two: a character outside the basic plane. */
const characters = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;
/** And in mrkdwn an escaped character, a mention or a date: half a mention is an open bracket. */
const constructs = /&(?:amp|lt|gt);|<[^<>]*>|[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

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

/** A point in time, shown in each reader's own time zone. */
export function slackDate(at: Date): string {
  const iso = `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `<!date^${Math.floor(at.getTime() / 1_000)}^{date_short_pretty} {time}|${iso}>`;
}
