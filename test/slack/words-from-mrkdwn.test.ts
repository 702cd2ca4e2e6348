import { expect, test } from 'vitest';
import { wordsFromMrkdwn } from '../../src/slack/words-from-mrkdwn.ts';

test.each([
  ['plain words', 'plain words'],
  ['ask <@U0000003|tom>, <@U0000004> or <@U0000005>', 'ask @tom, @Olga Brandt or @U0000005'],
  ['see <#C0000001|access-requests>', 'see #access-requests'],
  ['<!here> <!channel|channel>', '@here @channel'],
  ['<https://acme.example/INC-1|INC-1>', 'INC-1'],
  ['<https://acme.example/a|the ticket>', 'the ticket (https://acme.example/a)'],
  ['<https://acme.example/a>', 'https://acme.example/a'],
  ['<mailto:ines@acme.example|ines@acme.example>', 'ines@acme.example'],
  ['<!subteam^S0000001|@oncall>', '@oncall'],
  ['<!date^1782000000^{date}|Sunday>', 'Sunday'],
  ['1 &lt; 2 &amp;&amp; 3 &gt; 2', '1 < 2 && 3 > 2'],
  ['&amp;lt;', '&lt;'],
  ['two\nlines ', 'two\nlines'],
])('%s', (text, words) => {
  expect(wordsFromMrkdwn(text, new Map([['U0000004', 'Olga Brandt']]))).toBe(words);
});
