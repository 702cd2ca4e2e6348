import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { environment } from '../../src/config/environment.ts';
import { idpVendors } from '../../src/idp/vendors.ts';
import { anchorsOf, linksOf, pages, prose, readPage } from './documents.ts';
import { expectNone, filesIn, root } from './source.ts';

const README_BYTES_MAX = 10_000;
/** Readers of another mother tongue lose a longer sentence before its end. */
const SENTENCE_WORDS_MAX = 30;

const readme = readPage('README.md');
const operations = readPage('docs/operations.md');

/** Every hit in every page, with its place. */
function hits(pattern: RegExp): { at: string; found: string[] }[] {
  return pages.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) =>
        [...line.matchAll(pattern)].map((match) => ({ at: `${path}:${i + 1}`, found: match.slice(1) })),
      ),
  );
}

function isThere(path: string): boolean {
  return [path, `src/${path}`].some((file) => existsSync(join(root, file)));
}

describe('the README is a way in', () => {
  test('it is short enough to be read', () => {
    expect(
      Buffer.byteLength(readme.text),
      'A README that is also the manual is read by nobody. Put it into a page of docs/ and link it.',
    ).toBeLessThanOrEqual(README_BYTES_MAX);
  });

  test('its picture of the folders is what is there', () => {
    const picture = /```\nsrc\/\n([\s\S]*?)```/.exec(readme.text)?.[1] ?? '';
    const inSrc = picture.split(/^\S/m)[0] ?? '';
    const drawn = new Set(
      [...inSrc.matchAll(/(?:^|\s{2,})([a-z][\w-]*(?:\/|\.ts))(?=\s)/g)].map((m) => m[1] as string),
    );
    const there = readdirSync(join(root, 'src'), { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `${entry.name}/` : entry.name,
    );
    expect(
      [...drawn].sort(),
      'A newcomer guesses the folder from the picture. Draw what you added, take out what you took.',
    ).toEqual(there.sort());
  });

  test('every page of docs/ can be reached from it', () => {
    const reached = new Set(['README.md']);
    for (const path of reached)
      for (const { target } of linksOf(pages.find((page) => page.path === path) ?? readme)) {
        const to = posix.join(posix.dirname(path), target.split('#')[0] || posix.basename(path));
        if (pages.some((page) => page.path === to)) reached.add(to);
      }
    expectNone(
      pages.map(({ path }) => path).filter((path) => !reached.has(path)),
      'A page that nothing links to is found by nobody.',
    );
  });
});

describe('the README and docs/ are true', () => {
  test('every link leads somewhere', () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, ...link })));
    expect(links.length).toBeGreaterThan(50);
    expectNone(
      links.flatMap(({ page, target, line }) => {
        const [file, anchor] = target.split('#');
        const to = file === '' ? page.path : posix.join(posix.dirname(page.path), file as string);
        const at = `${page.path}:${line}: ${target}`;
        if (!existsSync(join(root, to))) return [`${at}: there is no ${to}`];
        if (anchor === undefined || !to.endsWith('.md')) return [];
        return anchorsOf(readPage(to)).has(anchor) ? [] : [`${at}: ${to} has no heading of that name`];
      }),
      'A link that leads nowhere costs trust in all others. Headings become anchors as GitHub makes them.',
    );
  });

  test('every file they name exists', () => {
    const named = hits(
      /`((?:src|test|policy|prompts|migrations|docs|flow|core|slack|scim|store|web|queue)\/[\w./-]*[\w/])`/g,
    );
    expect(named.length).toBeGreaterThan(50);
    expectNone(
      named
        .filter(({ found: [file] }) => !isThere(file as string))
        .map(({ at, found: [file] }) => `${at}: ${file}`),
      'A path that leads nowhere costs trust in all others. Say where it is now.',
    );
  });

  test('what they say is in a file is in that file', () => {
    const claims = hits(/`(\w+)`,? (?:in|\()\s?`(src\/[\w./-]+\.ts)`/g);
    expect(claims.length).toBeGreaterThan(5);
    expectNone(
      claims.flatMap(({ at, found: [name, file] }) => {
        const where = join(root, file as string);
        const holds =
          existsSync(where) &&
          new RegExp(
            `(export (async )?(function|const|type|interface|class) ${name}\\b)|(\\| {2}type: '${name}')`,
          ).test(readFileSync(where, 'utf8'));
        return holds ? [] : [`${at}: ${name} is not in ${file}`];
      }),
      'Say where it is now.',
    );
  });

  test('every variable of the configuration is in the table of settings and in .env.example, and no other', () => {
    const ofIdps = idpVendors.flatMap(({ settings }) => Object.keys(settings));
    const read = [...Object.keys(environment.shape), ...ofIdps].sort();
    expect(read.length).toBeGreaterThan(20);
    const table = /\| variable \|[\s\S]*?\n\n/.exec(operations.text)?.[0] ?? '';
    const listed = [...table.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell]) =>
      [...(cell as string).matchAll(/`([A-Z_]+)`/g)].map((m) => m[1] as string),
    );
    expect([...new Set(listed)].sort(), 'The table is where people look a variable up.').toEqual(read);
    const example = join(root, '.env.example');
    expect(existsSync(example), 'the README tells people to copy .env.example').toBe(true);
    const inExample = [...readFileSync(example, 'utf8').matchAll(/^#?\s*([A-Z][A-Z_]+)=/gm)].map(
      (m) => m[1] as string,
    );
    expect([...new Set(inExample)].sort()).toEqual(read);
    // A reader who connects one party after the other has the others as they stand there.
    const set = Object.fromEntries(
      [...readFileSync(example, 'utf8').matchAll(/^([A-Z][A-Z_]+)=(.*)$/gm)].map((m) => [m[1], m[2]]),
    );
    const token = 'f3a91c07d2e8b6450f1e7c93a8d4b26e';
    expect(readConfig({ ...set, SCIM_TOKEN: token }).outside?.scimToken).toBe(token);
    expectNone(
      hits(
        /`((?:SLACK|OKTA|ENTRA|ANYPOINT|GRAPH|SET|SCIM|OPENAI|MODEL|DATABASE|REDIS|SECRETS|PUBLIC|POLICY|LOG|READ|TRUST)_[A-Z_]+)[`=]/g,
      )
        .filter(({ found: [name] }) => !read.includes(name as string))
        .map(({ at, found: [name] }) => `${at}: ${name}`),
      'A page that names a variable which Latchkey does not read sends people astray.',
    );
  });

  test('every script they name is there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = hits(/npm run (?:-s )?([\w:-]+)/g);
    expect(named.length).toBeGreaterThan(20);
    expectNone(
      named
        .filter(({ found: [name] }) => scripts[name as string] === undefined)
        .map(({ at, found: [name] }) => `${at}: ${name}`),
      'Commands are copied as they stand.',
    );
  });

  test('every command of the operator is in the table of commands, and no other is named', () => {
    const declared = filesIn('src').flatMap(({ code }) =>
      [...code.matchAll(/\.command\('([\w-]+)'\)/g)].map((m) => m[1] as string),
    );
    expect(declared.length).toBeGreaterThan(10);
    const table = /\| command \| what it does \| guide \|[\s\S]*?\n\n/.exec(operations.text)?.[0] ?? '';
    const inTable = [...table.matchAll(/`([a-z][a-z -]*)`/g)].flatMap((m) => (m[1] as string).split(' '));
    expectNone(
      declared.filter((word) => !inTable.includes(word)),
      'The table is where people look a command up.',
    );
    expectNone(
      hits(/npm run (?:-s )?latchkey -- ([a-z][a-z ]*[a-z])/g)
        .filter(
          ({ found: [words] }) => !(words as string).split(' ').every((word) => declared.includes(word)),
        )
        .map(({ at, found: [words] }) => `${at}: ${words}`),
      'Commands are copied as they stand.',
    );
  });

  test('the Node they ask for is the one that the package asks for', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    const asked = hits(/\bNode (\d+) or newer\b/g);
    expect(asked.length).toBeGreaterThanOrEqual(2);
    for (const { at, found } of asked) expect(`>=${found[0]}`, at).toBe(engines.node);
  });
});

test('no sentence is longer than what one keeps in mind', () => {
  const sentences = pages.flatMap((page) =>
    prose(page)
      .split('\n')
      .flatMap((line, i) =>
        line
          .replace(/`[^`]*`/g, 'code')
          .replace(/\]\([^)]*\)/g, ']')
          .split(/(?<=[.!?:;]\**)\s|\|/)
          .map((sentence) => ({ at: `${page.path}:${i + 1}`, sentence })),
      ),
  );
  expect(sentences.length).toBeGreaterThan(500);
  expectNone(
    sentences
      .map(({ at, sentence }) => ({ at, sentence, words: sentence.match(/[\p{L}\p{N}’'-]+/gu)?.length ?? 0 }))
      .filter(({ words }) => words > SENTENCE_WORDS_MAX)
      .map(({ at, sentence, words }) => `${at}: ${words} words: ${sentence.trim().slice(0, 60)}…`),
    `Readers of another mother tongue lose a sentence of more than ${SENTENCE_WORDS_MAX} words. Make two of it, or a list.`,
  );
});
