import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockComplaints } from '../../src/sandbox/slack/block-kit.ts';
import { quoteSaid, withMentions } from '../../src/slack/said.ts';
import { seedOfRun } from '../seed-of-run.ts';
import { oddText, unmeantMarkup } from './odd-text.ts';

const people = new Map([
  ['olga@acme.example', { name: 'Olga Brandt', accountId: 'U0000004' }],
  ['max@acme.example', { name: 'Max <b>', accountId: null }],
]);

test('people stand by mention where Slack has them, else by name; the rest is as it was', () => {
  const words = 'No. Ask one of them: olga@acme.example, max@acme.example.';
  expect(withMentions({ words, people })).toBe('No. Ask one of them: <@U0000004>, Max &lt;b&gt;.');
  expect(quoteSaid({ words, people }).elements[0]).toMatchObject({
    elements: [
      { type: 'text', text: 'No. Ask one of them: ' },
      { type: 'user', user_id: 'U0000004' },
      { type: 'text', text: ', ' },
      { type: 'text', text: 'Max <b>' },
      { type: 'text', text: '.' },
    ],
  });
  expect(withMentions({ words: 'mail eve@evil.example', people })).toBe('mail eve@evil.example');
});

test('whatever stands around them, nothing else is interpreted, and Slack takes it', () => {
  fc.assert(
    fc.property(oddText(500), oddText(500), (before, after) => {
      const said = { words: `${before} olga@acme.example ${after}`, people };
      expect(unmeantMarkup(withMentions(said))).toEqual([]);
      expect(blockComplaints([quoteSaid(said)])).toEqual([]);
    }),
    { seed: seedOfRun('words with people in them'), numRuns: 1_000 },
  );
});
