import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCases } from '../../src/eval/case-files.ts';
import { defaultPromptsDir } from '../../src/model/prompt.ts';
import { readPage } from './documents.ts';
import { expectNone, root } from './source.ts';

const { text } = readPage('docs/connect-model.md');
const rows = [...text.matchAll(/^\| (can|cannot) \| (.+?) \| (.+) \|$/gm)];

test('every line of what the model can and cannot do is backed by a test that is there', () => {
  expect(rows.length).toBeGreaterThanOrEqual(12);
  expectNone(
    rows.flatMap(([, , claim, proof]) => {
      const [, file, name] = /^`([\w./-]+\.test\.ts)` "(.+)"$/.exec(proof as string) ?? [];
      if (file === undefined || name === undefined) return [`${claim}: no test is named`];
      const where = join(root, file);
      if (!existsSync(where)) return [`${claim}: ${file} is not there`];
      return readFileSync(where, 'utf8').includes(name) ? [] : [`${claim}: no test “${name}” in ${file}`];
    }),
    'A promise about the model that no test keeps is worth nothing. Name the test that shows it.',
  );
});

test('the numbers of cases are what is there', () => {
  const { risk, freeTexts, attempts } = loadCases(defaultPromptsDir);
  expect(text).toContain(`${risk.length} labelled requests and findings`);
  expect(text).toContain(`${freeTexts.length} requests in free text`);
  expect(text).toContain(`${attempts.length} injection attempts`);
});
