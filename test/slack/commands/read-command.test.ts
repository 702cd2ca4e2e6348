import fc from 'fast-check';
import { expect, test } from 'vitest';
import { words } from '../../../src/slack/app/words.ts';
import { ASK_IN_WORDS, helpText, unknownWord } from '../../../src/slack/commands/answers.ts';
import { readCommand } from '../../../src/slack/commands/read-command.ts';
import { seedOfRun } from '../../seed-of-run.ts';
import { interpretedTexts, oddText, unmeantMarkup } from '../odd-text.ts';

const inCatalogue = ['orders', 'payments', 'logs', 'api', 'read'];
const read = (text: string) => readCommand(text, words, (word) => inCatalogue.includes(word));

test.each([
  ['mine', 'mine', ''],
  ['  MINE  ', 'mine', ''],
  ['mine.', 'mine', ''],
  ['`mine`', 'mine', ''],
  ['/mine', 'mine', ''],
  ['mine please', 'mine', 'please'],
  ['why', 'why', ''],
  ['why 1f2e3d4c', 'why', '1f2e3d4c'],
  ['why can I not read Orders logs', 'why', 'can I not read Orders logs'],
  ['offboard <@U1>', 'offboard', '<@U1>'],
  ['offboard   cancel <@U1>', 'offboard', 'cancel <@U1>'],
])('%j is the word %s with %j', (text, word, rest) => {
  expect(read(text)).toMatchObject({ is: 'word', word: { word }, rest });
});

test.each([
  ['mnie', 'mine'],
  ['mien', 'mine'],
  ['mine?', 'mine'],
  ['Mines', 'mine'],
  ['wyh', 'why'],
  ['whyy 1f2e3d4c', 'why'],
  ['ofboard <@U1>', 'offboard'],
  ['offbaord cancel <@U1>', 'offboard'],
  ['hlep', 'help'],
  ['my access', 'mine'],
  ['list', 'mine'],
  ['rename', null],
  ['xyzzy', null],
])('%j is meant as a word, most likely %s: it never becomes a reason', (text, meant) => {
  expect(read(text)).toEqual({ is: 'unknown', typed: text.split(' ')[0], meant });
});

test.each([
  'to read Orders API logs in prod until Friday for INC-4711',
  'read orders logs',
  'orders',
  'INC-4711',
  'I need the logs of orders',
  'payments logs for Nadia',
  'my team lead said I need orders logs',
  'help-desk access to payments',
  'help me read the logs of orders',
  'way into orders logs because of INC-4711 please',
])('%j says what somebody needs', (text) => {
  expect(read(text)).toEqual({ is: 'freeText', text });
});

test('nothing opens the form, and help is asked for in several ways', () => {
  expect(read('   ')).toEqual({ is: 'form' });
  for (const text of ['help', 'Help', 'help me', '?']) expect(read(text)).toEqual({ is: 'help' });
});

test('the help has every word, with what it takes', () => {
  for (const { word } of words) expect(helpText(words)).toMatch(new RegExp(`\\*/access ${word}[ *].*`));
  for (const { says } of words) expect(says).not.toMatch(/[.]$/);
});

test('an unknown word is answered with the nearest one and a way on, and the words can still be asked with', () => {
  const answered = (text: string) => {
    const wanted = read(text);
    if (wanted.is !== 'unknown') throw new Error(`${text} is ${wanted.is}`);
    return unknownWord(wanted, text, words);
  };
  expect(answered('mnie').text).toBe(
    '*/access* knows no word *mnie*. Nothing was asked for. Did you mean */access mine*? It shows what you have, until when, and what you asked for.',
  );
  expect(answered('xyzzy').text).toMatch(/What there is: \*\/access mine\*, .*\*\/access help\*\.$/);
  expect(JSON.stringify(answered('mnie orders').blocks)).toContain(
    `"action_id":"${ASK_IN_WORDS}","text":{"type":"plain_text","text":"Ask for access with these words"},"value":"mnie orders"`,
  );
});

test('what is typed is never interpreted in the answer, however odd it is', () => {
  fc.assert(
    fc.property(oddText(200), (odd) => {
      const answer = unknownWord({ is: 'unknown', typed: odd, meant: null }, odd, words);
      expect(interpretedTexts(answer).flatMap(unmeantMarkup)).toEqual([]);
    }),
    { seed: seedOfRun('odd words'), numRuns: 500 },
  );
});
