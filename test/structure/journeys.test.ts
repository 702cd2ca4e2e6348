import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { aboutOneVendor } from '../journeys/about-one-vendor.ts';
import { expectNone, filesIn, placesOf, root } from './source.ts';

const journeys = globSync('test/journeys/*.test.ts', { cwd: root }).map((path) => basename(path, '.test.ts'));
const alone = Object.keys(aboutOneVendor);

test.each(Object.entries(aboutOneVendor))(
  '%s is a journey, and says why it is about one vendor',
  (name, why) => {
    expect(
      journeys,
      'A name in test/journeys/about-one-vendor.ts that fits no file hides nothing: take it out.',
    ).toContain(name);
    expect(why.length).toBeGreaterThan(20);
  },
);

test('a journey that runs with each identity provider speaks of none of them by its own ways', () => {
  const files = filesIn('test/journeys').filter(
    ({ path }) => path.endsWith('.test.ts') && !alone.includes(basename(path, '.test.ts')),
  );
  expect(files.length).toBeGreaterThan(30);
  expectNone(
    placesOf(files, /\/(?:okta|entra)\/|vendor: '(?:okta|entra)'|oktaConsole|oktaId\b/),
    'The same text has to be played with Okta and with Entra. Say it with `walk.directory` (test/journeys/directory.ts), or name the file in test/journeys/about-one-vendor.ts with the reason.',
  );
});
