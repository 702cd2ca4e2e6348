import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectNone, filesIn, root } from './source.ts';

const path = join(root, 'README.md');
const readme = existsSync(path) ? readFileSync(path, 'utf8') : null;

describe.skipIf(readme === null)('the README is true', () => {
  const text = readme ?? '';

  test('its picture of the folders is what is there', () => {
    const picture = /```\nsrc\/\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
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

  test('every file it names exists', () => {
    const named = [
      ...text.matchAll(/`((?:src|test|policy|prompts|migrations|flow|core|slack|scim)\/[\w./-]+)`/g),
    ].map((m) => m[1] as string);
    expect(named.length).toBeGreaterThan(10);
    expectNone(
      named.filter((file) => ![file, `src/${file}`].some((f) => existsSync(join(root, f)))),
      'A path that leads nowhere costs trust in all others. Say where it is now.',
    );
  });

  test('what it says is in a file is in that file', () => {
    const claims = [...text.matchAll(/`(\w+)`,? (?:in|\()\s?`(src\/[\w./-]+\.ts)`/g)];
    expect(claims.length).toBeGreaterThan(2);
    expectNone(
      claims.flatMap(([, name, file]) => {
        const where = join(root, file as string);
        const isThere =
          existsSync(where) &&
          new RegExp(`export (async )?(function|const|type|interface|class) ${name}\\b`).test(
            readFileSync(where, 'utf8'),
          );
        return isThere ? [] : [`${name} is not in ${file}`];
      }),
      'Say where it is now.',
    );
  });

  test('every variable of the configuration is in its table and in .env.example, and no other', () => {
    const config = filesIn('src').find((f) => f.path === 'src/config/config.ts');
    const schema = /z\.object\(\{([\s\S]*?)\n\}\);/.exec(config?.code ?? '')?.[1] ?? '';
    const read = [...schema.matchAll(/^ {2}([A-Z_]+):/gm)].map((m) => m[1] as string).sort();
    expect(read.length).toBeGreaterThan(20);
    const table = /\| variable \|[\s\S]*?\n\n/.exec(text)?.[0] ?? '';
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
  });

  test('every script it names is there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((m) => m[1] as string);
    expectNone(
      named.filter((name) => scripts[name] === undefined),
      'Commands are copied as they stand.',
    );
  });
});
