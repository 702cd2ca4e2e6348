import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGraph } from '../../src/idp/entra/graph.ts';
import { type StartedGraph, startGraph } from './start-graph.ts';

let stage: StartedGraph;
beforeAll(async () => {
  stage = await startGraph();
});
afterAll(() => stage.close());

const ERIK = 'e0000000-0000-4000-8000-000000000002';
const newGraph = (more: Partial<StartedGraph['settings']> = {}) =>
  createGraph({ ...stage.settings, ...more });

test('a person by their id in Entra; nobody by an id that is none', async () => {
  expect(await stage.graph.namesOf(ERIK)).toEqual({ email: 'erik@acme.example', login: 'erik@acme.example' });
  expect(await stage.graph.namesOf('e0000000-0000-4000-8000-999999999999')).toBeNull();
  const before = (await stage.asked()).length;
  expect(await stage.graph.namesOf('../subscriptions')).toBeNull();
  expect(await stage.asked()).toHaveLength(before);
});

test('groups by exact name, whatever is in it', async () => {
  expect(await stage.graph.groupIdsNamed('anypoint-orders-read')).toHaveLength(1);
  expect(await stage.graph.groupIdsNamed('anypoint')).toEqual([]);
  expect(await stage.graph.groupIdsNamed("o'brien' or startswith(displayName,'a')")).toEqual([]);
});

describe('credentials', () => {
  test('a token that was revoked is fetched anew, once', async () => {
    await stage.graph.namesOf(ERIK);
    await stage.portal('/tokens/revoke', {});
    expect(await stage.graph.namesOf(ERIK)).not.toBeNull();
  });

  test.each([
    ['a wrong secret', { auth: { secret: 'wrong' } }, 'invalid_client'],
    ['an unknown app', { clientId: '7a000000-0000-4000-8000-00000000dead' }, 'unauthorized_client'],
    ['an unknown tenant', { tenantId: 'elsewhere' }, 'invalid_request'],
  ])('%s is unauthorized, and is not tried again at once', async (_, wrong, vendorCode) => {
    const graph = newGraph(wrong);
    const refused = { code: 'idp.unauthorized', retryable: false, vendorCode };
    await expect(graph.namesOf(ERIK)).rejects.toMatchObject(refused);
    const before = (await stage.asked()).length;
    await expect(graph.groupIdsNamed('x')).rejects.toMatchObject(refused);
    expect(await stage.asked()).toHaveLength(before);
  });
});

describe('Graph that does not answer well', () => {
  test.each([
    [429, { code: 'idp.throttled', retryable: true, retryAfterMs: 7_000 }],
    [503, { code: 'idp.unavailable', retryable: true }],
    [403, { code: 'idp.forbidden', retryable: false }],
  ])('%i is a fault that says what to do', async (status, fault) => {
    const graph = newGraph();
    await stage.portal('/settings', { refuse: { status, retryAfterSeconds: 7 } });
    try {
      await expect(graph.namesOf(ERIK)).rejects.toMatchObject(fault);
    } finally {
      await stage.portal('/settings', { refuse: null });
    }
    // A fault that the next call would run into too keeps it from being made for a while.
    if (status === 403) expect(await graph.namesOf(ERIK)).not.toBeNull();
    else await expect(graph.namesOf(ERIK)).rejects.toMatchObject(fault);
  });

  test('nobody listening is a fault that may pass', async () => {
    const away = newGraph({ url: 'http://127.0.0.1:9', loginUrl: 'http://127.0.0.1:9' });
    await expect(away.subscriptions()).rejects.toMatchObject({ code: 'idp.unavailable', retryable: true });
  });
});
