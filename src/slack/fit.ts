import type { KnownBlock } from '@slack/types';
import { type SlackContent, section } from './blocks.ts';
import { clip, constructs, mrkdwn, spoken } from './mrkdwn.ts';

/**
 * All texts of a message’s blocks together. Slack has no published limit. It refuses from about 12,000 characters on
 * (`msg_blocks_too_long`; slackapi/bolt-js #2509 and #2867, where 11,341 were too many).
 */
const ALL_TEXTS_MAX = 9_000;
/** A block costs something besides its texts. */
const PER_BLOCK = 30;
/** Slack advises 4,000 and has been seen to refuse more (`msg_too_long`). */
const FALLBACK_MAX = 3_000;
/** Tried one after the other, the longest first: how much of each text is kept. */
const kept = [3_000, 2_000, 1_500, 1_000, 700, 500, 300, 200, 120, 80];

type Text = { type: string; text: string };

/**
 * A message as Slack takes it. The longest texts are cut where all together are too long: a message that is refused
 * tells nobody anything. A sign shows where a text is cut. The whole text stands behind *Details*, or in the form.
 */
export function fitted({ text, blocks }: SlackContent): SlackContent {
  const said = clip(spoken(text), FALLBACK_MAX, constructs);
  const most = kept.find((max) => lengthOf(blocks, max) <= ALL_TEXTS_MAX) ?? 80;
  return {
    text: said === '' ? ' ' : said,
    blocks: most === kept[0] ? blocks : (cut(blocks, most) as KnownBlock[]),
  };
}

/** The rest that is left when Slack takes no more than that: the outcome, in a paragraph, and the buttons. */
export function shortened({ text, blocks }: SlackContent): SlackContent {
  const said = clip(spoken(text), 500, constructs);
  const buttons = blocks.filter(({ type }) => type === 'actions');
  return { text: said === '' ? ' ' : said, blocks: [section(mrkdwn(said === '' ? ' ' : said)), ...buttons] };
}

/** What the texts come to when none is longer than that. */
export function lengthOf(blocks: readonly KnownBlock[], max = Number.POSITIVE_INFINITY): number {
  return textsIn(blocks).reduce(
    (sum, { text }) => sum + Math.min(text.length, max),
    blocks.length * PER_BLOCK,
  );
}

function textsIn(value: unknown): Text[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== 'object' || value === null) return [];
  return isText(value) ? [value] : Object.values(value).flatMap(textsIn);
}

function isText(value: object): value is Text {
  const { type, text } = value as { type?: unknown; text?: unknown };
  return typeof text === 'string' && (type === 'mrkdwn' || type === 'plain_text' || type === 'text');
}

function cut(value: unknown, max: number): unknown {
  if (Array.isArray(value)) return value.map((one) => cut(one, max));
  if (typeof value !== 'object' || value === null) return value;
  if (isText(value))
    return {
      ...value,
      text: value.type === 'mrkdwn' ? clip(value.text, max, constructs) : clip(value.text, max),
    };
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner, max)]));
}
