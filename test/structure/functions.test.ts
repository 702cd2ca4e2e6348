import { expect, test } from 'vitest';
import { functionsOf, type Measured } from './functions.ts';
import { expectNone, filesIn } from './source.ts';

const all = filesIn('src').flatMap(functionsOf);

const LINES_MAX = 60;
const DEPTH_MAX = 4;
const PARAMETERS_MAX = 4;

/** Not readable yet. Entries may only be taken out. */
const open: { long: string[]; parameters: string[] } = {
  long: [],
  parameters: [],
};

test('no function is longer than one reads at once', () => {
  const long = all.filter(({ ownLines }) => ownLines > LINES_MAX);
  expectNone(
    places(long.filter(({ hasReason }) => !hasReason.long)).filter((place) => !open.long.includes(place)),
    `Over ${LINES_MAX} lines of its own (functions with a name in it are not counted), a function does several things. Give each a name. Where it does one thing and is a list (a table, a page), say so right above it: \`// Long: <reason>\`.`,
  );
});

test('no function is nested deeper than one keeps in mind', () => {
  const deep = all.filter(({ depth }) => depth > DEPTH_MAX);
  expectNone(
    places(deep.filter(({ hasReason }) => !hasReason.deep)),
    `Return early, or give the inside a name. Where neither helps, say why right above it: \`// Deep: <reason>\`.`,
  );
});

test('no function has more parameters than one tells apart by their place', () => {
  expectNone(
    places(all.filter(({ parameters }) => parameters > PARAMETERS_MAX)).filter(
      (place) => !open.parameters.includes(place),
    ),
    `From the ${PARAMETERS_MAX + 1}th on, take one object: the names then stand where it is called. There are no exceptions.`,
  );
});

test('a reason is given only where it is needed, and what is mended leaves the open list', () => {
  const long = all.filter(({ ownLines }) => ownLines > LINES_MAX);
  const many = all.filter(({ parameters }) => parameters > PARAMETERS_MAX);
  expectNone(
    [
      ...places(all.filter((f) => f.hasReason.long && f.ownLines <= LINES_MAX)),
      ...places(all.filter((f) => f.hasReason.deep && f.depth <= DEPTH_MAX)),
    ],
    'It is short enough now: take the comment away.',
  );
  expectNone(
    [
      ...open.long.filter((place) => !places(long).includes(place)),
      ...open.parameters.filter((place) => !places(many).includes(place)),
    ],
    'It is mended, or has moved: take it out of the list above.',
  );
});

test('lines, depth and parameters are counted as a reader would', () => {
  const text = `
export function factory(a: string, b = 1) {
  const state = a;
  const read = () => {
    return state;
  };
  return {
    // Long: only to be seen by this test.
    write(c: number) {
      if (c > b) for (const d of [c]) while (d) break;
      else if (c === b) return;
    },
    all: [a].map((x) => {
      return x;
    }),
  };
}`;
  const [read, write, callback, factory] = functionsOf({ path: 'a.ts', text }) as [
    Measured,
    Measured,
    Measured,
    Measured,
  ];
  expect([read.place, write.place, callback.place, factory.place]).toEqual([
    'a.ts read',
    'a.ts write',
    'a.ts callback of [a].map',
    'a.ts factory',
  ]);
  expect([read.ownLines, write.ownLines, callback.ownLines, factory.ownLines]).toEqual([3, 4, 3, 9]);
  expect([write.depth, factory.depth]).toEqual([3, 0]);
  expect([write.parameters, factory.parameters]).toEqual([1, 2]);
  expect([write.hasReason, factory.hasReason]).toEqual([
    { long: true, deep: false },
    { long: false, deep: false },
  ]);
});

function places(functions: readonly Measured[]): string[] {
  return functions.map(({ place }) => place);
}
