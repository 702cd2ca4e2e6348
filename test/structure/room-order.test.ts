import { expect, test } from 'vitest';
import { roomOrder } from './room-order.ts';
import { expectNone, filesIn, type SourceFile } from './source.ts';

const rooms = roomOrder.map(([room]) => room);
const src = filesIn('src');

/** Place of a file's room in the order; -1: it stands in none. */
function placeOf(path: string): number {
  const inSrc = path.slice('src/'.length);
  const fits = rooms.filter((room) => inSrc === room || inSrc.startsWith(`${room}/`));
  const longest = fits.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? -1 : rooms.indexOf(longest);
}

/** `file -> file` for every import of a room further down the list, of types too. */
function upwardImports(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ path }) =>
      path?.startsWith('src/') && placeOf(path) > placeOf(file.path) ? [`${file.path} -> ${path}`] : [],
    ),
  );
}

test('every file of src stands in a room of the order, and every room of the order is there', () => {
  expectNone(
    src.map((f) => f.path).filter((path) => placeOf(path) === -1),
    'Give its folder a place in test/structure/room-order.ts, with a word on what it is for.',
  );
  const there = new Set(src.map((f) => placeOf(f.path)));
  expectNone(
    rooms.filter((_, place) => !there.has(place)),
    'A room that is gone is taken out of test/structure/room-order.ts.',
  );
});

test('a room imports only rooms above it in the order, also for types', () => {
  expectNone(
    upwardImports(src),
    'One reads a room with what is below it, and changes it without looking at what is built on it. Move what both need down, hand it in as a parameter, or declare what is needed of it in src/ports.',
  );
});

test('an upward import is found, of types too', () => {
  const planted = (path: string, to: string): SourceFile => ({
    path,
    text: '',
    code: '',
    imports: [{ path: to, package: null, isTypeOnly: true, isDynamic: false }],
  });
  expect(
    upwardImports([
      planted('src/core/policy/verdict.ts', 'src/core/change/change.ts'),
      planted('src/flow/drift/reconcile.ts', 'src/scim/users.ts'),
      planted('src/store/people.ts', 'src/flow/kernel/context.ts'),
      planted('src/flow/people/identify.ts', 'src/slack/directory.ts'),
      planted('src/scim/users.ts', 'src/flow/kernel/commit.ts'),
    ]),
  ).toEqual([
    'src/core/policy/verdict.ts -> src/core/change/change.ts',
    'src/flow/drift/reconcile.ts -> src/scim/users.ts',
    'src/store/people.ts -> src/flow/kernel/context.ts',
    'src/flow/people/identify.ts -> src/slack/directory.ts',
  ]);
});

test('ports are types alone', () => {
  const ports = src.filter((f) => f.path.startsWith('src/ports/'));
  expect(ports.length).toBeGreaterThan(3);
  expectNone(
    ports
      .filter((f) => /^\s*(export )?(async )?(const|let|function|class)\b/m.test(f.code))
      .map((f) => f.path),
    'A port says what is needed of an outside party and does nothing. Put what runs into the adapter or the step.',
  );
  expectNone(
    ports.flatMap((f) => f.imports.filter((i) => !i.isTypeOnly).map((i) => `${f.path} -> ${i.path}`)),
    'A port imports types, so that nothing runs because of it.',
  );
});
