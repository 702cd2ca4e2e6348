import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileDestination } from '../../src/siem/file.ts';
import { entries, entry } from './entries.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-siem-'));
afterAll(() => rmSync(folder, { recursive: true }));

const until = new AbortController().signal;
const lines = { format: 'jsonl', words: () => 'in words', version: '0.1.0' } as const;
const numbersIn = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).seq);

// hashicorp/vault#472, #23596, #3935: entries went on into the file that was moved away, or deleted, and were lost.
test('a file that was moved away is made anew, and nothing goes into the old one', async () => {
  const path = join(folder, 'rotated.jsonl');
  const file = fileDestination(path, lines);
  expect(await file.send(entries(3), until)).toBe(3);
  renameSync(path, `${path}.1`);
  expect(await file.send([entry({ seq: 4 })], until)).toBe(1);
  expect(numbersIn(`${path}.1`)).toEqual([1, 2, 3]);
  expect(numbersIn(path)).toEqual([4]);
  rmSync(path);
  await file.send([entry({ seq: 4 })], until);
  expect(numbersIn(path)).toEqual([4]);
  // Others on the machine do not read it.
  expect(statSync(path).mode & 0o007).toBe(0);
  // And one that was emptied in its place (copytruncate) begins at its start.
  writeFileSync(path, '');
  await file.send([entry({ seq: 5 })], until);
  expect(numbersIn(path)).toEqual([5]);
});

test('half a line that a killed process left spoils none after it', async () => {
  const path = join(folder, 'killed.jsonl');
  writeFileSync(path, '{"log":"latchkey audit","seq":1}\n{"log":"latchkey au');
  await fileDestination(path, lines).send([entry({ seq: 2 })], until);
  const written = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(written).toHaveLength(3);
  expect(JSON.parse(written[2] as string).seq).toBe(2);
});

test('what can’t be written says why and what to do', async () => {
  const missing = fileDestination(join(folder, 'no', 'audit.jsonl'), lines);
  for (const fault of [
    await missing.send(entries(1), until).catch((error) => error),
    await missing.check().catch((error) => error),
  ]) {
    expect(fault).toMatchObject({ code: 'siem.not_found', vendorCode: 'ENOENT' });
    expect(missing.next(fault)).toBe('make the folder of SIEM_FILE, or name another file');
  }
  const full = fileDestination('/dev/full', lines);
  const noFile = await full.check().catch((error) => error);
  expect(noFile).toMatchObject({ code: 'siem.invalid', message: '/dev/full is no file' });
  expect(full.next(noFile)).toMatch(/SIEM_FILE names a file/);
  await expect(fileDestination(folder, lines).send(entries(1), until)).rejects.toMatchObject({
    code: 'siem.invalid',
  });
  await fileDestination(join(folder, 'not-yet.jsonl'), lines).check();
});
