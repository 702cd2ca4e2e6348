import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkModel } from '../../src/model/model-check.ts';
import { createModelEmulator, SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

let running: StartedEmulator;
beforeEach(async () => {
  running = await startEmulator(createModelEmulator);
});
afterEach(() => running.close());

const check = (over = {}) =>
  checkModel({
    apiKey: credentials.modelApiKey,
    baseUrl: `${running.url}/model/v1`,
    model: SCRIPTED_MODEL,
    budgetMs: 1_000,
    ...over,
  });
const mode = (name: string) =>
  fetch(`${running.url}/model/sim/mode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: name }),
  });

test('a model that answers is well', async () => {
  expect(await check()).toBeNull();
});

test.each([
  ['down', /^HTTP 503: The server is overloaded or not ready yet: check OPENAI_BASE_URL/],
  ['slow', /^no answer within 1 s: take a faster model/],
  ['filtered', /^HTTP 400: The prompt was filtered: the provider’s filter/],
  ['thinks-too-long', /stopped at the limit of 400 tokens.*: take a model/],
  ['refuse', /^refused: the provider’s filter/],
])('of a model that is %s it says why, and what to do', async (name, says) => {
  await mode(name);
  expect(await check()).toMatch(says);
});

test('a wrong key and a model that there is not are named', async () => {
  expect(await check({ apiKey: 'wrong' })).toMatch(/^HTTP 401: Incorrect API key provided: check/);
  expect(await check({ model: 'another' })).toMatch(/^HTTP 404: The model `another` does not exist/);
});
