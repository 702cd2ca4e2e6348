/**
 * Draws Block Kit. Blocks that are only read are drawn by `slack-blocks-to-jsx`. Elements that are clicked are drawn
 * here, with the data that the page's script needs.
 */
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { type Block as DrawnBlock, Message } from 'slack-blocks-to-jsx';
import { drawControl, drawField } from './controls.ts';
import { withDrawnEmoji } from './emoji.ts';
import { alreadyHtml, type Html, html } from './html.ts';
import { isPlainText, plainText } from './plain-text.ts';
import type { ShownBlock, Values } from './sources.ts';

const KEPT_DRAWINGS = 2_000;
const drawings = new Map<string, string>();

export type Drawing = {
  /** Before the ids of fields, where several forms are on one page. */
  idPrefix?: string;
  /** Name behind a Slack user id, and behind a channel id. */
  userName(id: string): string;
  channelName(id: string): string;
  values: Values;
  errors: Record<string, string>;
  people: { value: string; label: string }[];
  conversations: { value: string; label: string }[];
};

/** Stand for what the package must not read; nobody can write them, for texts with them in it lose them first. */
const [OPEN, CLOSE, APART] = ['\ue000', '\ue001', '\ue002'];
/** What Slack was told to link stands in angle brackets. */
const ADDRESS_SIGN = /<[^<>]*>|:\/\/|(?<=\bwww)\.|(?<=\w)@/gi;
/** An address that stands for itself. The package takes one with a port in it for an emoji. */
const BARE_LINK = /<(https?:\/\/[^<>|]+)>/g;
const PLACEHOLDER = /\ue000(\d+)\ue001/g;

/**
 * The package reads every text as markup, a `plain_text` too, and makes links of bare addresses. So it gets a sign in
 * the place of each plain text, and of what in a `verbatim` text looks like an address.
 */
function withPlaceholders(value: unknown, texts: string[]): unknown {
  if (typeof value === 'string') return value.replace(/[\ue000-\ue002]/g, '');
  if (Array.isArray(value)) return value.map((one) => withPlaceholders(one, texts));
  if (typeof value !== 'object' || value === null) return value;
  if (isPlainText(value))
    return { type: 'mrkdwn', text: `${OPEN}${texts.push(plainText(value)) - 1}${CLOSE}` };
  const { verbatim, ...rest } = value as Record<string, unknown>;
  const inner = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, withPlaceholders(v, texts)]));
  if (inner.type === 'mrkdwn' && typeof inner.text === 'string')
    inner.text = inner.text.replace(BARE_LINK, (_all, url: string) => {
      const shown = texts.push(url.replaceAll('&amp;', '&')) - 1;
      return `<${url}|${OPEN}${shown}${CLOSE}>`;
    });
  // Without `verbatim`: the package takes it for "no markup at all", Slack only for "no links of what looks like one".
  if (verbatim !== true || typeof inner.text !== 'string') return inner;
  const text = inner.text.replace(ADDRESS_SIGN, (one) => (one.startsWith('<') ? one : `${APART}${one}`));
  return { ...inner, text };
}

/** The part of a block that nobody clicks, as the package draws it. */
function drawStill(block: ShownBlock, drawing: Drawing): Html {
  const key = JSON.stringify(block);
  let drawn = drawings.get(key);
  if (drawn === undefined) {
    const texts: string[] = [];
    const blocks = [withPlaceholders(block, texts)] as DrawnBlock[];
    try {
      drawn = renderToStaticMarkup(
        createElement(Message, {
          blocks,
          logo: '',
          name: '',
          time: new Date(0),
          withoutWrapper: true,
          showBlockKitDebug: false,
        }),
      );
    } catch {
      drawn = `<p class="undrawn">(${block.type.replace(/[^a-z_]/g, '')})</p>`;
    }
    // The package names elements after blocks: the same block twice on a page would be the same id twice.
    drawn = withDrawnEmoji(drawn.replace(/ id="[^"]*"/g, ''))
      .replaceAll(APART, '')
      .replace(PLACEHOLDER, (_all, at: string) => html`${texts[Number(at)] ?? ''}`.text);
    if (drawings.size >= KEPT_DRAWINGS) drawings.clear();
    drawings.set(key, drawn);
  }
  return alreadyHtml(withNames(drawn, drawing));
}

/** The package can't know who `@U123` is. */
function withNames(drawn: string, drawing: Drawing): string {
  return drawn
    .replace(
      /<span class="slack_user" data-user-id="(\w+)">@\w+<\/span>/g,
      (_all, id: string) => html`<span class="slack_user">@${drawing.userName(id)}</span>`.text,
    )
    .replace(
      /<span class="slack_channel" data-channel-id="(\w+)">#\w+<\/span>/g,
      (_all, id: string) => html`<span class="slack_channel">#${drawing.channelName(id)}</span>`.text,
    );
}

function drawBlock(block: ShownBlock, drawing: Drawing): Html {
  const blockId = block.block_id ?? '';
  if (block.type === 'actions') {
    const elements = (block.elements as Record<string, unknown>[]).map((element) =>
      drawControl(element, blockId, drawing),
    );
    return html`<div class="bk-actions">${elements}</div>`;
  }
  if (block.type === 'input') return drawField(block, drawing);
  if (block.type === 'divider') return html`<hr class="bk-divider">`;
  const accessory = block.accessory as Record<string, unknown> | undefined;
  if (block.type === 'section' && accessory !== undefined && accessory.type !== 'image') {
    const { accessory: _clicked, ...still } = block;
    return html`<div class="bk-section">
      <div class="bk-grow">${drawStill(still as ShownBlock, drawing)}</div>
      <div class="bk-accessory">${drawControl(accessory, blockId, drawing)}</div>
    </div>`;
  }
  if (block.type === 'card' && Array.isArray(block.actions)) {
    const { actions, ...still } = block;
    return html`${drawStill(still as ShownBlock, drawing)}<div class="bk-actions">${(
      actions as Record<string, unknown>[]
    ).map((element) => drawControl(element, blockId, drawing))}</div>`;
  }
  return drawStill(block, drawing);
}

export function drawBlocks(blocks: readonly ShownBlock[], drawing: Drawing): Html {
  return html`${blocks.map((block) => drawBlock(block, drawing))}`;
}

/** A message without blocks: its text, marked up as Slack does. */
export function drawText(text: string, drawing: Drawing): Html {
  if (text === '') return html``;
  return drawStill({ type: 'section', text: { type: 'mrkdwn', text } }, drawing);
}
