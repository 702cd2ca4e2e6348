import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fast } from '../../vitest.config.ts';
import { longest } from '../longest-first.ts';
import { root } from './source.ts';

test.each(fast)('%s: there are such test files', (pattern) => {
  expect(
    globSync(pattern, { cwd: root }),
    'A pattern of `fast` in vitest.config.ts that fits nothing leaves a test to the worlds, where it is slower. Write where the files are now.',
  ).not.toEqual([]);
});

test.each(longest)('%s, one of the longest, is there', (path) => {
  expect(
    existsSync(join(root, path)),
    'A file that test/longest-first.ts does not find is begun late, and everybody waits for it. Write where it is now.',
  ).toBe(true);
});

test('a test of the project "fast" that opens a port or starts a process fails, and is told where it belongs', () => {
  const says = /take it out of `fast` in vitest\.config\.ts/;
  expect(() => createServer().listen(0)).toThrow(says);
  expect(() => spawn('true')).toThrow(says);
});
