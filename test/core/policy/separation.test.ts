import { describe, expect, test } from 'vitest';
import type { EntitlementKey } from '../../../src/core/ids.ts';
import { conflictsOf, type Holding, withInherited } from '../../../src/core/policy/separation.ts';
import { entitlement } from '../given.ts';

const key = (name: string) => name as EntitlementKey;
const holding = (name: string, how: Holding['how'] = 'held', through: string | null = null): Holding => ({
  entitlementKey: key(name),
  how,
  through: through === null ? null : key(through),
});

const deploy = entitlement({
  key: key('deploy'),
  title: 'Deploy',
  conflicts: [{ with: key('admin'), because: 'four eyes' }],
});
const admin = entitlement({
  key: key('admin'),
  title: 'Admin',
  conflicts: [{ with: key('deploy'), because: 'four eyes' }],
});
const release = entitlement({ key: key('release'), title: 'Release' });
const catalogue = { entitlements: [deploy, admin, release] };

describe('what must be kept apart is found', () => {
  test.each([
    ['held', holding('admin'), 'holds Admin; that must not come together with Deploy: four eyes'],
    [
      'asked for',
      holding('admin', 'pending'),
      'has asked for Admin; that must not come together with Deploy: four eyes',
    ],
    [
      'inherited',
      holding('admin', 'inherited', 'release'),
      'has the roles of Admin through Release; that must not come together with Deploy: four eyes',
    ],
  ])('%s', (how, what, text) => {
    expect(conflictsOf(catalogue, deploy, { holdings: [holding('release'), what], brings: [] })).toEqual([
      {
        with: 'admin',
        title: 'Admin',
        how: how === 'asked for' ? 'pending' : how,
        because: 'four eyes',
        text,
      },
    ]);
  });

  test('in what the entitlement asked for brings through the teams above its own', () => {
    const found = conflictsOf(catalogue, release, { holdings: [holding('deploy')], brings: [key('admin')] });
    expect(found).toMatchObject([{ with: 'deploy', how: 'held' }]);
    expect(found[0]?.text).toBe(
      'holds Deploy; that must not come together with Release, which its team brings the roles of: Admin: four eyes',
    );
  });

  test('once, however many ways lead to it, and the plainest is told', () => {
    const holdings = [
      holding('admin'),
      holding('admin', 'inherited', 'release'),
      holding('admin', 'pending'),
    ];
    expect(conflictsOf(catalogue, deploy, { holdings, brings: [] })).toMatchObject([{ how: 'held' }]);
  });
});

test('nothing is found where nothing is to be kept apart', () => {
  expect(
    conflictsOf(catalogue, release, { holdings: [holding('deploy'), holding('admin')], brings: [] }),
  ).toEqual([]);
  expect(
    conflictsOf(catalogue, deploy, { holdings: [holding('deploy'), holding('release')], brings: [] }),
  ).toEqual([]);
  expect(conflictsOf(catalogue, deploy, { holdings: [], brings: [key('release')] })).toEqual([]);
});

test('what is held brings what its team inherits', () => {
  const brings = (of: EntitlementKey) => (of === 'release' ? [key('admin')] : []);
  expect(withInherited([holding('release'), holding('deploy', 'pending')], brings)).toEqual([
    holding('release'),
    holding('deploy', 'pending'),
    holding('admin', 'inherited', 'release'),
  ]);
});

describe('what is asked for and stands in no catalogue any more', () => {
  const gone = entitlement({
    key: key('gone'),
    title: 'Gone',
    conflicts: [
      { with: key('admin'), because: null },
      { with: key('gone'), because: null },
    ],
  });

  test('is held against what it said itself; by its key where it has no title', () => {
    expect(conflictsOf(catalogue, gone, { holdings: [holding('admin')], brings: [] })).toEqual([
      {
        with: 'admin',
        title: 'Admin',
        how: 'held',
        because: null,
        text: 'holds Admin; that must not come together with Gone',
      },
    ]);
    expect(
      conflictsOf({ entitlements: [] }, gone, { holdings: [holding('admin')], brings: [] })[0]?.text,
    ).toBe('holds admin; that must not come together with Gone');
  });

  test('never conflicts with itself, nor through what is in no catalogue', () => {
    expect(conflictsOf(catalogue, gone, { holdings: [holding('gone')], brings: [] })).toEqual([]);
    expect(conflictsOf(catalogue, gone, { holdings: [holding('deploy')], brings: [key('nowhere')] })).toEqual(
      [],
    );
  });
});
