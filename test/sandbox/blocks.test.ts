import { describe, expect, test } from 'vitest';
import { drawBlocks } from '../../src/sandbox/page/blocks.ts';
import type { ShownBlock } from '../../src/sandbox/page/sources.ts';
import { blockComplaints } from '../../src/sandbox/slack/block-kit.ts';
import { isMentioned } from '../../src/sandbox/slack/mentions.ts';

const drawing = {
  userName: () => 'Tom Okafor',
  channelName: () => 'general',
  values: {},
  errors: {},
  people: [],
  conversations: [],
};

/** The HTML, without the package's frames around it. */
function drawn(...blocks: unknown[]): string {
  return drawBlocks(blocks as ShownBlock[], drawing).text.replace(/<\/?div\b[^>]*>/g, '');
}
/** What somebody reads. */
const read = (html: string) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

const MARKUP =
  '<@U0000003> <!channel> <https://evil.example|Approve> *bold* _it_ `code` https://bare.example';

describe('plain text is drawn letter by letter, as Slack does', () => {
  const plain = (text: string, rest = {}) => ({ type: 'plain_text', text, ...rest });
  test.each([
    ['a section', { type: 'section', text: plain(MARKUP) }],
    ['a field', { type: 'section', fields: [plain(MARKUP), plain('x')] }],
    ['a context', { type: 'context', elements: [plain(MARKUP)] }],
    ['a header', { type: 'header', text: plain(MARKUP) }],
    ['a button', { type: 'actions', elements: [{ type: 'button', action_id: 'a', text: plain(MARKUP) }] }],
    [
      'a label and an option',
      {
        type: 'input',
        block_id: 'b',
        label: plain(MARKUP),
        element: { type: 'static_select', action_id: 'a', options: [{ text: plain(MARKUP), value: '1' }] },
      },
    ],
  ])('in %s', (_where, block) => {
    const html = drawn(block);
    expect(read(html)).toContain(MARKUP);
    expect(html).not.toMatch(/<a |<strong|<em|<code|slack_user|slack_broadcast/);
  });

  test('an emoji by its name is one, unless that is switched off; the three entities are read', () => {
    expect(read(drawn({ type: 'section', text: plain(':lock: R&amp;D &lt;3 &copy;') }))).toBe(
      '🔒 R&D <3 &copy;',
    );
    expect(read(drawn({ type: 'section', text: plain(':lock: x', { emoji: false }) }))).toBe(':lock: x');
  });
});

describe('rich text', () => {
  test('is drawn as it is written, with a bar beside a quotation', () => {
    const quote = (text: string) => ({
      type: 'rich_text',
      elements: [{ type: 'rich_text_quote', elements: [{ type: 'text', text }] }],
    });
    const html = drawn(quote(`${MARKUP}\nApproved by Tom`));
    expect(html).toMatch(/^<blockquote.*<\/blockquote>$/s);
    expect(read(html)).toBe(`${MARKUP}\nApproved by Tom`);
    expect(html).not.toMatch(/<a |<strong|slack_user/);
  });

  test.each([
    [{ type: 'rich_text', elements: [{ type: 'quote', elements: [] }] }, 'unsupported type: quote'],
    [
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_quote', elements: [{ type: 'mrkdwn', text: 'x' }] }],
      },
      'unsupported type: mrkdwn',
    ],
    [
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '' }] }],
      },
      'must be more than 0 characters',
    ],
    [{ type: 'section', text: { type: 'plain_text', text: 'x', verbatim: true } }, 'verbatim'],
    [{ type: 'section', text: { type: 'plain_text', text: 'x', emoji: 'no' } }, 'must provide a boolean'],
    [
      {
        type: 'actions',
        elements: [
          {
            type: 'static_select',
            action_id: 'a',
            options: [{ text: { type: 'mrkdwn', text: '*x*' }, value: '1' }],
          },
        ],
      },
      'unsupported type: mrkdwn',
    ],
  ])('%j is refused, as by Slack', (block, complaint) => {
    expect(blockComplaints([block]).join()).toContain(complaint);
  });
});

describe('mrkdwn', () => {
  const section = (text: string, rest = {}) => ({ type: 'section', text: { type: 'mrkdwn', text, ...rest } });

  test('is markup: a mention, a link, bold', () => {
    const html = drawn(section('*bold* <@U0000003> <https://x.example|there>'));
    expect(html).toContain('<strong>');
    expect(html).toContain('@Tom Okafor');
    expect(html).toContain('<a href="https://x.example"');
  });

  test('makes links of bare addresses, unless it is verbatim', () => {
    const text = 'see https://bare.example, www.bare.example, a@bare.example <https://x.example|there>';
    expect(drawn(section(text)).match(/<a /g)?.length).toBeGreaterThan(1);
    const verbatim = drawn(section(text, { verbatim: true }));
    expect(verbatim.match(/<a /g)).toHaveLength(1);
    expect(read(verbatim)).toBe(text.replace('<https://x.example|there>', 'there'));
  });
});

test('only markup mentions somebody', () => {
  const id = 'U0000003';
  const words = `<@${id}>`;
  const of = (...blocks: unknown[]) => isMentioned({ text: '', blocks }, id);
  expect(of({ type: 'section', text: { type: 'mrkdwn', text: words } })).toBe(true);
  expect(of({ type: 'section', text: { type: 'plain_text', text: words } })).toBe(false);
  const quoted = (element: unknown) => ({
    type: 'rich_text',
    elements: [{ type: 'rich_text_quote', elements: [element] }],
  });
  expect(of(quoted({ type: 'text', text: words }))).toBe(false);
  expect(of(quoted({ type: 'user', user_id: id }))).toBe(true);
});

test('a link that stands for itself is a link with a port in it too', () => {
  const url = 'http://127.0.0.1:4471/anypoint/login?a=1&b=2';
  const text = {
    type: 'mrkdwn',
    text: `:warning: Sign in at <${url.replaceAll('&', '&amp;')}>: soon`,
    verbatim: true,
  };
  const html = drawn({ type: 'section', text });
  expect(read(html)).toContain(`Sign in at ${url}: soon`);
  expect(html).toMatch(/<a href="http:\/\/127\.0\.0\.1:4471\/anypoint\/login\?a=1&amp;b=2"/);
});
