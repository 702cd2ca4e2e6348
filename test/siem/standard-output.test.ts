import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { standardOutput } from '../../src/siem/standard-output.ts';
import { entries } from './entries.ts';

const until = new AbortController().signal;
const lines = { format: 'jsonl', words: () => 'in words', version: '0.1.0' } as const;
/** Short ones and, here and there, one that is longer than a pipe takes at once. */
const some = entries(300, (n) => (n % 50 === 7 ? { data: { text: 'x'.repeat(200_000) } } : {}));

test('every entry is a line, whatever its length', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-stdout-'));
  const fd = openSync(join(folder, 'out'), 'w');
  expect(await standardOutput(lines, fd).send(some, until)).toBe(300);
  closeSync(fd);
  const written = readFileSync(join(folder, 'out'), 'utf8').trimEnd().split('\n');
  expect(written.map((line) => JSON.parse(line).seq)).toEqual(some.map(({ seq }) => seq));
  rmSync(folder, { recursive: true });
});

test('a reader that is slow gets every line whole, also those of the log between', () => {
  const writer = `
    import { standardOutput } from './src/siem/standard-output.ts';
    import { entries } from './test/siem/entries.ts';
    const some = entries(300, (n) => (n % 50 === 7 ? { data: { text: 'x'.repeat(200_000) } } : {}));
    const log = setInterval(() => process.stdout.write(JSON.stringify({ level: 30, msg: 'y'.repeat(500) }) + '\\n'), 1);
    await standardOutput({ format: 'jsonl', words: () => 'w', version: '1' }).send(some, new AbortController().signal);
    clearInterval(log);`;
  const slowly = '"$0" --input-type=module -e "$1" | { sleep 1; cat; }';
  const out = execFileSync('sh', ['-c', slowly, process.execPath, writer], {
    encoding: 'utf8',
    maxBuffer: 2e7,
  });
  const all = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(all.filter(({ seq }) => seq !== undefined).map(({ seq }) => seq)).toEqual(
    some.map(({ seq }) => seq),
  );
  expect(all.length).toBeGreaterThan(300);
});

test('what takes nothing says so', async () => {
  const fd = openSync('/dev/full', 'w');
  const output = standardOutput(lines, fd);
  const fault = await output.send(some, until).catch((error) => error);
  closeSync(fd);
  expect(fault).toMatchObject({ code: 'siem.unavailable' });
  expect(output.next(fault)).toMatch(/standard output/);
});
