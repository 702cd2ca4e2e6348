import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FactSheet } from '../../src/core/facts/request-facts.ts';
import { createAdviser } from '../../src/model/adviser.ts';
import { createModelEmulator, SCRIPTED_MODEL } from '../../src/sandbox/model/emulator.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { createModelMemory } from '../../src/store/model-memory.ts';
import { type FreshDatabase, freshDatabase } from '../database.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';

let fresh: FreshDatabase;
let running: StartedEmulator;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());
beforeEach(async () => {
  running = await startEmulator(createModelEmulator);
  await fresh.database.db.deleteFrom('model_answers').execute();
  await fresh.database.db.deleteFrom('model_spending').execute();
});
afterEach(() => running.close());

const sheet = (reason: string): FactSheet => ({
  facts: [
    { id: 'f1', label: 'ticket', text: 'none given', untrusted: false },
    { id: 'f2', label: 'reason', text: reason, untrusted: true },
  ],
  clauses: [],
});
/** A replica: an adviser of its own on the same database. */
const replica = (dailyTokens: number | null, budgetMs = 8_000) =>
  createAdviser({
    apiKey: credentials.modelApiKey,
    baseUrl: `${running.url}/model/v1`,
    model: SCRIPTED_MODEL,
    budgetMs,
    memory: createModelMemory(fresh.database.db, dailyTokens),
  });
const asked = () => running.world.faults.seen({ vendor: 'model', method: 'POST' }).length;
const spent = async () =>
  Number(
    (await fresh.database.db.selectFrom('model_spending').select('tokens').executeTakeFirst())?.tokens ?? 0,
  );
const mode = (name: string) =>
  fetch(`${running.url}/model/sim/mode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode: name }),
  });

describe('the same facts are not asked about twice', () => {
  test('by any replica, after any restart; and it says so', async () => {
    const first = await replica(null).summarizeRequest(sheet('fix it'));
    const again = await replica(null).summarizeRequest(sheet('fix it'));
    expect(asked()).toBe(1);
    if (!first.answered || !again.answered) throw new Error('the model did not answer');
    expect(again.advice).toEqual(first.advice);
    expect(again.provenance).toMatchObject({
      isRecalled: true,
      inputTokens: 0,
      outputTokens: 0,
      promptVersion: 3,
    });
    expect(first.provenance).not.toHaveProperty('isRecalled');
  });

  test('while the first answer is still on its way', async () => {
    const one = replica(null);
    await Promise.all([one.summarizeRequest(sheet('fix it')), one.summarizeRequest(sheet('fix it'))]);
    expect(asked()).toBe(1);
  });

  test('other facts, and another prompt, are', async () => {
    await replica(null).summarizeRequest(sheet('fix it'));
    await replica(null).summarizeRequest(sheet('fix that'));
    await replica(null).summarizeFinding(sheet('fix it'));
    expect(asked()).toBe(3);
  });

  test('no answer is not remembered', async () => {
    await mode('refuse');
    expect(await replica(null).summarizeRequest(sheet('fix it'))).toMatchObject({ why: 'refused' });
    await mode('scripted');
    expect(await replica(null).summarizeRequest(sheet('fix it'))).toMatchObject({ answered: true });
  });

  test('what is remembered is checked anew: a hostile answer stays dropped', async () => {
    await mode('hostile');
    await replica(null).summarizeRequest(sheet('fix it'));
    expect(await replica(null).summarizeRequest(sheet('fix it'))).toMatchObject({
      answered: false,
      why: 'nothing left after checking',
      provenance: { isRecalled: true, droppedClaims: 9 },
    });
    expect(asked()).toBe(1);
  });
});

describe('a day’s tokens', () => {
  test('are counted as the server says, over replicas', async () => {
    const answers = [
      await replica(null).summarizeRequest(sheet('one')),
      await replica(null).summarizeRequest(sheet('two')),
    ];
    const said = answers.reduce(
      (n, a) => n + (a.provenance?.inputTokens ?? 0) + (a.provenance?.outputTokens ?? 0),
      0,
    );
    expect(await spent()).toBe(said);
  });

  test('once they are spent nobody asks, the card says so, and what is known is still told', async () => {
    const known = await replica(10_000).summarizeRequest(sheet('one'));
    expect(known.answered).toBe(true);
    await fresh.database.db.updateTable('model_spending').set({ tokens: '9999' }).execute();
    expect(await replica(10_000).summarizeRequest(sheet('two'))).toEqual({
      answered: false,
      why: 'budget spent',
    });
    expect(await replica(10_000).summarizeRequest(sheet('one'))).toMatchObject({ answered: true });
    expect(asked()).toBe(1);
    expect(await spent()).toBe(9_999);
  });

  test('many at once do not overdraw them', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => replica(9_000).summarizeRequest(sheet(`reason ${i}`))),
    );
    const refused = results.filter((r) => !r.answered && r.why === 'budget spent').length;
    expect(refused).toBeGreaterThan(0);
    expect(await spent()).toBeLessThanOrEqual(9_000);
  });

  test('a server that is down costs nothing; one that lets us wait may have read it all', async () => {
    await mode('down');
    await replica(null).summarizeRequest(sheet('one'));
    expect(await spent()).toBe(0);
    await mode('slow');
    await replica(null, 200).summarizeRequest(sheet('one'));
    expect(await spent()).toBeGreaterThan(1_500);
  });
});
