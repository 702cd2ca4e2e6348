import { expect, test } from 'vitest';
import { plainOf, reasonBecause } from '../../../src/slack/request/shortcuts.ts';

test.each([
  ['a &lt; b &amp;&amp; c &gt; d', 'a < b && c > d'],
  [
    'see <https://x.example/a|the logs> and <https://y.example>',
    'see the logs (https://x.example/a) and https://y.example',
  ],
  [
    '<@U123> in <#C1|orders>: <!channel> <!here> <!subteam^S1|@oncall>',
    'somebody in orders: @channel @here @oncall',
  ],
  ['&amp;lt;script&amp;gt;', '&lt;script&gt;'],
  ['  ', ''],
])('%j is read as %j', (raw, read) => {
  expect(plainOf(raw)).toBe(read);
});

test('the reason holds the link whole, however long the message is', () => {
  const link = 'https://acme.slack.com/archives/C1/p1';
  const reason = reasonBecause('x'.repeat(4_000), link);
  expect(reason).toHaveLength(1_000);
  expect(reason.endsWith(`\nBecause of this message: ${link}`)).toBe(true);
  expect(reasonBecause('', link)).toBe(`Because of this message: ${link}`);
  expect(reasonBecause('words', null)).toBe('words');
});
