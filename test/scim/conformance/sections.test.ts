import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.test.ts') && name !== 'sections.test.ts')
  .map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }));

const titlesIn = (text: string) =>
  [...text.matchAll(/^\s*(?:it(?:\.each\([^`]*?\))?|\]\))\(\s*'((?:[^'\\]|\\.)*)'/gm)].map(
    (m) => m[1] as string,
  );

/** The sections that a server can be held to; section 6 of RFC 7644, several tenants, is not offered. */
const sections = {
  'RFC 7643':
    '2.1 2.2 2.3.1 2.3.2 2.3.5 2.3.7 2.3.8 2.4 2.5 3 3.1 3.3 4.1 4.1.1 4.2 4.3 5 6 7 8.1 8.2 8.3 8.4',
  'RFC 7644':
    '2 3.2 3.3 3.4.1 3.4.2 3.4.2.1 3.4.2.2 3.4.2.3 3.4.2.4 3.4.3 3.5.1 3.5.2 3.5.2.1 3.5.2.2 3.5.2.3 3.6 ' +
    '3.7 3.7.1 3.7.2 3.7.3 3.7.4 3.8 3.9 3.10 3.11 3.12 3.13 3.14 4 5',
  'RFC 9865': '2 2.1 3 4',
};

test.each(files)('every test in $name begins with the section that it is about', ({ text }) => {
  const titles = titlesIn(text);
  expect(titles).toHaveLength((text.match(/^\s*(it|test)(\.each)?[(`]/gm) ?? []).length);
  expect(titles.filter((title) => !/^RFC (7643|7644|9865) §\d[\d.]*/.test(title))).toEqual([]);
});

test.each(Object.entries(sections))('every section of %s has a test', (rfc, wanted) => {
  const named = new Set(
    files
      .flatMap(({ text }) => titlesIn(text))
      .flatMap((title) => {
        let of = '';
        return [...title.matchAll(/(RFC \d{4}) |§([\d.]*\d)/g)].flatMap(([, number, section]) => {
          if (number !== undefined) of = number;
          return section !== undefined && of === rfc ? [section] : [];
        });
      }),
  );
  expect(wanted.split(' ').filter((section) => !named.has(section))).toEqual([]);
});
