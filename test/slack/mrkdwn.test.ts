import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seenWords } from '../../src/core/storable.ts';
import { clip, escapeMrkdwn, mrkdwn, plain, SECTION_TEXT_MAX, slackDate } from '../../src/slack/mrkdwn.ts';
import { oddText, unmeantMarkup } from './odd-text.ts';

/** As somebody reads it: lookalikes are what they look like, a line break is a blank, what is not seen is nothing. */
const asRead = (text: string) =>
  seenWords(text)
    .replace(/\n+/g, ' ')
    .replace(/[∗∼ˋ＿꞉›]/gu, (c) => '*~`_:>'['∗∼ˋ＿꞉›'.indexOf(c)] ?? c);

test('escaped text reads the same and does nothing', () => {
  fc.assert(
    fc.property(oddText(500), (text) => {
      const shown = escapeMrkdwn(text);
      expect(unmeantMarkup(shown)).toEqual([]);
      expect(shown).not.toMatch(/[*~`\n\r]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:[\w+'-]+:|^\s*&gt;/u);
      expect(asRead(shown.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))).toBe(
        asRead(text),
      );
    }),
  );
});

test.each([
  ['*bold*', '∗bold∗'],
  ['_italic_ snake_case', '＿italic＿ snake_case'],
  [':white_check_mark: at 10:30', '꞉white_check_mark꞉ at 10:30'],
  ['> quote', '› quote'],
  ['a\n*b*', 'a ∗b∗'],
  ['\u202eevil\u202c', 'evil'],
])('%j is shown as %s', (text, shown) => {
  expect(escapeMrkdwn(text)).toBe(shown);
});

describe('what is too long', () => {
  test('is cut to fit, with a sign that it was', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdefg', 6)).toBe('abcde…');
  });

  test('is never cut in the middle of an entity, a mention, a date or a character', () => {
    const part = fc.oneof(
      oddText(40).map(escapeMrkdwn),
      fc.constantFrom('<@U0000001>', slackDate(new Date(0)), '&amp;', '&lt;', '𝒳', ' or '),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 80 }), fc.integer({ min: 2, max: 300 }), (parts, max) => {
        const text = mrkdwn(parts.join(''), max).text;
        expect(text.length).toBeLessThanOrEqual(max);
        expect(unmeantMarkup(text)).toEqual([]);
        expect(text.isWellFormed() || !parts.join('').isWellFormed()).toBe(true);
      }),
    );
  });

  test('our own words hold what a section holds', () => {
    expect(mrkdwn('x'.repeat(9_000)).text.length).toBe(SECTION_TEXT_MAX);
  });
});

test('words of others are never interpreted, not even emoji, and never empty', () => {
  expect(plain('<!channel> :boom:')).toEqual({ type: 'plain_text', text: '<!channel> :boom:', emoji: false });
  expect(plain('').text).not.toBe('');
});

test('a date stands in each reader’s own time zone, with UTC for those who can’t', () => {
  expect(slackDate(new Date('2026-03-02T09:30:45Z'))).toBe(
    '<!date^1772443845^{date_short_pretty} {time}|2026-03-02 09:30 UTC>',
  );
});
