import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = `
  const { withRoomToGrow } = await import(${JSON.stringify(fileURLToPath(new URL('../../../src/flow/drift/room-to-grow.ts', import.meta.url)))});
  const kept = [];
  // Most of it dies, but not at once: it gets where only a full collection finds it.
  function litter(what) {
    console.log(what);
    for (let n = 0; n < 3_000; n += 1) {
      kept.push(Array.from({ length: 2_000 }, (_, i) => ({ n, i })));
      if (kept.length > 300) kept.shift();
    }
  }
  litter('warm');
  litter('before');
  await withRoomToGrow(async () => litter('within'));
  await withRoomToGrow(async () => { throw new Error('broken'); }).catch(() => {});
  litter('after');
  console.log('end');`;

function fullCollections(flags: string[]): Record<string, number> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--trace-gc', '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const counted: Record<string, number> = {};
  let part = 'start';
  for (const line of stdout.split('\n')) {
    if (/^\w+$/.test(line)) part = line;
    else if (line.includes('Mark-Compact')) counted[part] = (counted[part] ?? 0) + 1;
  }
  return counted;
}

test('garbage is collected more seldom while it runs, and as it was told afterwards, also after a failure', () => {
  const {
    before = 0,
    within = 0,
    after = 0,
  } = fullCollections(['--max-semi-space-size=8', '--heap-growing-percent=10']);
  expect(within).toBeLessThan(before / 2);
  expect(after).toBeGreaterThan(within);
});
