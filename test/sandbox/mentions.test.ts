import { expect, test } from 'vitest';
import { people } from '../../src/sandbox/seed.ts';
import { withMentions } from '../../src/sandbox/slack/mentions.ts';

test.each([
  ['offboard @erik', 'offboard <@U0000002|erik>'],
  ['offboard cancel @Erik Lind now', 'offboard cancel <@U0000002|erik> now'],
  ['@Ines Moreau and @tom', '<@U0000001|ines> and <@U0000003|tom>'],
  ['ask tom@acme.example', 'ask tom@acme.example'],
  ['@nobody but @tom', '@nobody but <@U0000003|tom>'],
  ['@tomato', '@tomato'],
  ['<@U0000003|tom> again', '<@U0000003|tom> again'],
])('%s is sent as %s', (typed, sent) => {
  expect(withMentions(typed, people)).toBe(sent);
});
