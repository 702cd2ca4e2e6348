import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStorable, oneLine, parseStorable, seenWords } from '../../src/core/storable.ts';

/** Anything at all, and every kind of character that hides, turns, joins or breaks something. */
const trickyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
      fc.constantFrom(
        ...[
          '\u202e',
          '\u2066',
          '\u2069',
          '\u200e',
          '\u200f',
          '\u061c',
          '\u200b',
          '\u200c',
          '\u200d',
          '\ufeff',
        ],
        ...[
          '\u00ad',
          '\u034f',
          '\u115f',
          '\u3164',
          '\uffa0',
          '\u2060',
          '\u2063',
          '\u180e',
          '\u2800',
          '\u00a0',
        ],
        ...['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f', '\t', '\u0000', '\u001b', '\u009b'],
        ...[
          '\ud800',
          '\udfff',
          '\ue000',
          '\u{f0000}',
          '\uffff',
          '\u{1fffe}',
          '\u{e0041}',
          '\u{e0100}',
          '\ufe0f',
        ],
        ...['\u0301', '\u0489', '👩', '❤', '葛', 'ی', 'क', '्', 'a', ' ', '1', '\u20e3'],
      ),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

describe('words of others', () => {
  test('whatever they are, what is left is seen, breaks lines in one way and does nothing; twice is as once', () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const seen = seenWords(text);
        expect(seen.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
        expect(seen.replace(/[\u200c\u200d]/g, '')).not.toMatch(/\p{Cf}/u);
        expect(seen).not.toMatch(/[a-z0-9][\u200b-\u200f]|[\u200b-\u200f][a-z0-9]/i);
        expect(seen).not.toMatch(/(?:\u200c|\u200d|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]){2}/u);
        expect(seen).not.toMatch(/\p{M}{7}|\n{3}/u);
        expect(seen.isWellFormed()).toBe(true);
        expect(seenWords(seen)).toBe(seen);
      }),
      { numRuns: 2_000 },
    );
  });

  test('what is one line is one line, with nothing around it', () => {
    fc.assert(
      fc.property(trickyText, (text) => {
        const name = oneLine(text);
        expect(name).not.toMatch(/[\n\r\u2028\u2029\u0085\t]|^\s|\s$|\s\s/);
        expect(oneLine(name)).toBe(name);
      }),
    );
  });

  test.each([
    ['a name from the right', 'Tom\u202eafokO moT', 'TomafokO moT'],
    ['isolates and marks', '\u2067\u200fTom\u2069\u200e', 'Tom'],
    ['a name of two people', 'Tom Okafor\nOlga Brandt', 'Tom Okafor Olga Brandt'],
    ['with a line separator', 'Tom\u2028Olga', 'Tom Olga'],
    ['letters that are there and not seen', 'ad\u200bmi\u00adn\ufeff', 'admin'],
    ['a name of nothing', '\u3164\u2800\u115f', ''],
    ['hidden words in tags', 'ok\u{e0061}\u{e0070}\u{e0070}', 'ok'],
    ['bytes in variation selectors', '😀\u{e0101}\u{e0102}\u{e0103}', '😀'],
    ['a terminal’s escapes', '\u001b[31mred\u009b0m', '[31mred0m'],
    ['private use', 'x\ue000\u{10fffd}y', 'xy'],
    ['half a pair', 'a\ud83d', 'a'],
    ['marks on top of each other', `a${'\u0301'.repeat(40)}b`, `a${'\u0301'.repeat(6)}b`],
    ['a mark for what stands before', '\u0336Denied', 'Denied'],
  ])('%s', (_what, text, seen) => {
    expect(oneLine(text)).toBe(seen);
  });

  test.each([
    ['a family', '👩‍👩‍👧'],
    ['a skin tone and a trade', '👨🏽‍💻'],
    ['a heart in colour', '❤️'],
    ['a keycap', '1️⃣'],
    ['a Persian verb', 'می‌خواهم'],
    ['a conjunct in Devanagari', 'क्‍ष'],
    ['a Sinhala word', 'ශ්‍රී'],
    ['a form of a Japanese name', '葛\u{e0100}城'],
    ['Hebrew', 'שלום עולם'],
    ['Vietnamese, decomposed', 'Nguye\u0302\u0303n'],
    ['Zoë’s O’Brien-Łukasz', 'Zoë O’Brien-Łukasz'],
  ])('%s stays as written', (_what, text) => {
    expect(oneLine(text)).toBe(text);
  });
});

test.each([
  ['plain words', true],
  ['👩🏽‍🚀', true],
  ['with a NUL \u0000', false],
  ['half a pair \ud83d', false],
  ['the other half \ude80', false],
])('%j can be stored as it is: %s', (text, can) => {
  expect(isStorable(text)).toBe(can);
});

test.each([
  ['a mark at the head of a line', 'a\n\u0301b', 'a\nb'],
  ['more empty lines than one', 'a\n\n\n\nb', 'a\n\nb'],
  ['one empty line', 'a\n\nb', 'a\n\nb'],
  ['seven marks on one letter', `a${'\u0301'.repeat(7)}b`, `a${'\u0301'.repeat(6)}b`],
])('%s', (_what, text, seen) => {
  expect(seenWords(text)).toBe(seen);
});

// What kestra-io/kestra#10653, hasura/graphql-engine#6782 and turbot/steampipe#292 were sent, which PostgreSQL does not take.
test.each([
  [String.raw`{"name":"a\u0000b"}`, { name: 'a\ufffdb' }],
  [String.raw`["half \ud83d","\uDE80",{"\uDC00":1}]`, ['half \ufffd', '\ufffd', { '\ufffd': 1 }]],
  [String.raw`"a whole \ud83d\ude80"`, 'a whole 🚀'],
  [String.raw`"a backslash before \\u0000"`, String.raw`a backslash before \u0000`],
  ['{"a":[1,null,true,1.5]}', { a: [1, null, true, 1.5] }],
])('of a vendor’s %s what can’t be stored is replaced', (json, value) => {
  expect(parseStorable(json)).toEqual(value);
});
