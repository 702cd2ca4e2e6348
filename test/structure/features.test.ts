import { expect, test } from 'vitest';
import { readPage } from './documents.ts';
import { expectNone } from './source.ts';

/** Rows of every table of the page, as their cells. */
const rows = readPage('docs/features.md')
  .text.split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const isShown = (cell: string) => /`(?:test\/[\w./-]+\.test\.ts|npm run (?:demo|bench)[\w -]*)`/.test(cell);

test('every feature that is said to be there names what shows it; every other says what is missing', () => {
  const marked = rows.flatMap((cells) => {
    const at = cells.findIndex((cell) => /^\*\*[YPN]\*\*$/.test(cell));
    return at < 0 ? [] : [{ feature: cells[0], mark: cells[at], words: cells[at + 1] ?? '' }];
  });
  expect(marked.length).toBeGreaterThanOrEqual(30);
  expectNone(
    marked
      .filter(({ mark, words }) => (mark === '**Y**' ? !isShown(words) : words.length < 10))
      .map(({ feature, mark }) => `${feature}: ${mark}`),
    'Whoever compares products checks what they read. Name the test or the demo, or what is missing.',
  );
});

test('everything that users ask for is answered, and what is built names what shows it', () => {
  const answered = rows.filter((cells) => ['built', 'in part', 'not built'].includes(cells[2] ?? ''));
  expect(answered.map(([n]) => n).filter(Boolean)).toEqual(Array.from({ length: 21 }, (_, i) => `${i + 1}`));
  expectNone(
    answered
      .filter(([, , answer, words = '']) => (answer === 'not built' ? words.length < 10 : !isShown(words)))
      .map(([, asked, answer]) => `${asked}: ${answer}`),
    'An answer that nobody can check is none.',
  );
});
