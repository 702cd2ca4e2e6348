import { basename } from 'node:path';
import { test } from 'vitest';
import { expectNone, filesIn, placesOf } from './source.ts';

const src = filesIn('src');
const all = [...src, ...filesIn('test'), ...filesIn('migrations')];

/** The length that one reads in a sitting; the point is the reason to change, not the number. */
const LINES_MAX = 330;

test('no file in src is longer than what one reads in a sitting', () => {
  expectNone(
    src
      .filter((f) => f.text.split('\n').length > LINES_MAX)
      .map((f) => `${f.path}: ${f.text.split('\n').length}`),
    `A file over ${LINES_MAX} lines has more than one reason to change. Find the second one and give it a file with a name of its own.`,
  );
});

test('no branch looks at the text of an error', () => {
  expectNone(
    placesOf(
      src,
      /\b(message|stack)\b[)?!]*\.?(\.includes|\.match|\.startsWith|\.endsWith|\.indexOf)\(|\.(test|exec)\([^)]*\.message\)|\.message\s*[!=]==?\s*['"`]/,
    ) // Redis has no other code than the first word of its text, which its protocol says (RESP, simple errors).
      .filter((p) => !/\/page\/|\/sandbox\/slack\/|^src\/queue\/queue-fault\.ts/.test(p)),
    'Texts change with a vendor’s release, and then a branch silently goes the other way. Give the fault a code (src/core/fault.ts) and branch on that; a vendor’s own code is `vendorCode`.',
  );
});

test('no file is a drawer', () => {
  expectNone(
    all
      .map((f) => f.path)
      .filter((path) =>
        /(^|[-/.])(utils?|helpers?|commons?|shared|misc|managers?|services?|handlers?\d*|lib|base)([-.]|$)/.test(
          basename(path),
        ),
      ),
    'A name that fits everything ends up holding everything. Name a file by its subject; if it has several, it is several files.',
  );
});

test('a table for a spreadsheet is written in one place', () => {
  expectNone(
    placesOf(
      src.filter(({ path }) => path !== 'src/core/csv.ts'),
      /replaceAll\('"', '""'\)|['"`]\\ufeff/,
    ),
    'A cell that is quoted elsewhere is not kept from being a formula, and a file that begins elsewhere is shown with Ã© for é. Write it by `csvHead` and `csvLine` of src/core/csv.ts.',
  );
});

test('files are named in kebab-case, by subject', () => {
  expectNone(
    all
      .map((f) => f.path)
      .filter(
        (path) =>
          !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(path)) && !path.startsWith('migrations/'),
      ),
    'One way to write names, so that one guesses them.',
  );
});

test('everything is exported by name', () => {
  expectNone(
    placesOf(src, /^export default\b/),
    'A default export is called something else in every file that imports it.',
  );
});

test('no commented-out code', () => {
  const commented =
    /^\s*\/\/\s*(?:(?:const|let|return|await|import|export|if|for|throw)\b.*[;{(]|[\w.]+\(.*\);)\s*$/;
  expectNone(
    all.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, i) => (commented.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    ),
    'It is in git. Readers can’t tell whether it is meant.',
  );
});

test('nothing is left to do in passing, and no checker is told to look away without a reason', () => {
  expectNone(
    all.flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, i) =>
          /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)|@ts-expect-error\s*$|biome-ignore [^:]+:\s*$|\b(describe|test|it)\.only\(/.test(
            line,
          ) && !path.startsWith('test/structure/')
            ? [`${path}:${i + 1}: ${line.trim()}`]
            : [],
        ),
    ),
    'What is to be done is an issue; what must be ignored says why.',
  );
});

test('TypeScript that Node runs by stripping types', () => {
  expectNone(
    placesOf(
      all,
      /^\s*(export )?(declare )?(const )?enum \w|^\s*(export )?namespace \w|constructor\([^)]*\b(private|public|protected|readonly) /,
    ),
    'Enums, namespaces and parameter properties need a compiler; there is none. Write a union of literals, a module, a field.',
  );
  expectNone(
    all.flatMap((f) =>
      f.imports
        .filter((i) => i.path !== null && !/\.(ts|js|json)$/.test(i.path))
        .map((i) => `${f.path} -> ${i.path}`),
    ),
    'Node needs the ending: `./change.ts`.',
  );
});

test('tests of a room stand in the folder of its name', () => {
  const rooms = new Set(src.map((f) => f.path.split('/')[1]?.replace(/\.ts$/, '')));
  // Over several rooms at once, each said in docs/contributing.md.
  const across = ['journeys', 'faults', 'contracts', 'bench', 'structure'];
  expectNone(
    filesIn('test')
      .map((f) => f.path)
      .filter((path) => path.endsWith('.test.ts'))
      .filter((path) => {
        const room = (path.split('/')[1] as string).replace(/\.test\.ts$/, '');
        return !rooms.has(room) && !across.includes(room);
      }),
    'One finds the tests of src/x in test/x.',
  );
});

test('a comment says what its own thing is for', () => {
  const likeTheOther =
    /^\s*(?:\/?\*\*?|\/\/).*?(?:\*\*? |\/\/ |Pure: |\. )[Tt]he same(?:,| (?:for|of|in|as|to|by|with|inside)\b)/;
  expectNone(
    [...src, ...filesIn('test')].flatMap(({ path, text }) =>
      text
        .split('\n')
        .flatMap((line, i) => (likeTheOther.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    ),
    '“The same for …” is read without its neighbour, where an editor shows it. Say what it is for.',
  );
});
