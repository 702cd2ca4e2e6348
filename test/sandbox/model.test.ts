import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createModelEmulator, SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

let running: StartedEmulator;
beforeEach(async () => {
  running = await startEmulator(createModelEmulator);
});
afterEach(() => running.close());

const send = (method: string, path: string, body?: unknown, key: string = credentials.modelApiKey) =>
  fetch(`${running.url}/model${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const sheet = {
  facts: [{ id: 'f1', label: 'ticket', text: 'none given', untrusted: false }],
  clauses: [],
};
const question = {
  model: SCRIPTED_MODEL,
  messages: [
    { role: 'system', content: 'x' },
    { role: 'user', content: JSON.stringify(sheet) },
  ],
};
const complete = (body: unknown = question) => send('POST', '/v1/chat/completions', body);

describe('a server like OpenAI', () => {
  test('lists its one model', async () => {
    expect(await (await send('GET', '/v1/models')).json()).toMatchObject({ data: [{ id: SCRIPTED_MODEL }] });
  });

  test('answers a fact sheet with advice, the same each time', async () => {
    const first = (await (await complete()).json()) as { choices: { message: { content: string } }[] };
    expect(first).toMatchObject({
      object: 'chat.completion',
      choices: [{ finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
      usage: { prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) },
    });
    expect(JSON.parse(first.choices[0]?.message.content ?? '')).toMatchObject({
      risks: [{ facts: ['f1'] }],
      lean: 'approve',
    });
    const second = (await (await complete()).json()) as typeof first;
    expect(second.choices).toEqual(first.choices);
  });

  test.each([
    ['a wrong key', 401, 'invalid_api_key', question, 'wrong'],
    ['another model', 404, 'model_not_found', { ...question, model: 'gpt' }, undefined],
    ['no messages', 400, null, { model: SCRIPTED_MODEL }, undefined],
  ])('%s: its own error body', async (_name, status, code, body, key) => {
    const answer = await send('POST', '/v1/chat/completions', body, key);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      error: { message: expect.any(String), type: 'invalid_request_error', code },
    });
  });

  test('a rate limit by the fault plan', async () => {
    running.world.faults.add({ vendor: 'model', kind: 'status', status: 429, times: 1 });
    const answer = await complete();
    expect([answer.status, answer.headers.get('retry-after-ms')]).toEqual([429, '200']);
    expect(await answer.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });
});

describe('modes', () => {
  test('are set, told, saved and brought back', async () => {
    const before = running.world.changes();
    expect((await send('POST', '/sim/mode', { mode: 'slow', ms: 5 })).status).toBe(200);
    expect(running.world.changes()).toBe(before + 1);
    const saved = JSON.parse(JSON.stringify(running.emulator.snapshot()));
    await send('POST', '/sim/mode', { mode: 'down' });
    expect((await complete()).status).toBe(503);
    running.emulator.restore(saved);
    expect(await (await send('GET', '/sim/mode')).json()).toEqual({ mode: 'slow', ms: 5 });
    expect((await complete()).status).toBe(200);
    expect((await send('POST', '/sim/mode', { mode: 'nice' })).status).toBe(400);
  });
});
