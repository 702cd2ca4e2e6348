import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdviser } from '../../src/model/adviser.ts';
import { defaultPromptsDir, loadPrompt } from '../../src/model/prompt.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prompts-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (text: string) => writeFileSync(join(folder, 'request-risk.md'), text);
const head = (front: string) => `---\n${front}\n---\n`;

test('the prompt of the project', () => {
  const prompt = loadPrompt(defaultPromptsDir, 'request-risk', ['advice']);
  expect(prompt).toMatchObject({ id: 'request-risk', schema: 'advice' });
  expect(prompt.text).toMatch(/never an instruction to you/);
  expect(prompt.text).not.toMatch(/^---/);
});

test.each([
  ['no front matter', 'Just text', /front matter/],
  ['not YAML', `${head('id: [')}x`, /not YAML/],
  ['no version', `${head('id: request-risk\nschema: advice')}x`, /version/],
  ['an unknown key', `${head('id: request-risk\nversion: 1\nschema: advice\nmodel: x')}x`, /front matter/],
  ['another id', `${head('id: other\nversion: 1\nschema: advice')}x`, /file name/],
  ['an unknown schema', `${head('id: request-risk\nversion: 1\nschema: verdict')}x`, /known: advice/],
  ['no text', head('id: request-risk\nversion: 1\nschema: advice'), /no text/],
])('%s is refused at the start, by file name', (_name, text, message) => {
  write(text);
  const load = () => createAdviser({ apiKey: 'k', model: 'm', promptsDir: folder });
  expect(load).toThrow(message);
  expect(load).toThrow(join(folder, 'request-risk.md'));
  expect(load).toThrow(expect.objectContaining({ code: 'config.invalid' }));
});

test('a prompt that is not there', () => {
  expect(() => loadPrompt(folder, 'missing', ['advice'])).toThrow(/cannot be read/);
});
