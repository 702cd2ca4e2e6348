import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEntraEmulator, entraSettings } from '../../src/sandbox/entra/emulator.ts';
import type { Delivery } from '../../src/sandbox/entra/notifier.ts';
import { eventually } from '../eventually.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

let entra: StartedEmulator;
let ear: { url: string; bodies: string[]; close(): void };
/** How the endpoint behaves towards deliveries. */
let manner: { status: number; afterMs: number } = { status: 202, afterMs: 0 };
let echoes = true;

beforeAll(async () => {
  entra = await startEmulator(createEntraEmulator);
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const token = new URL(request.url ?? '/', 'http://x').searchParams.get('validationToken');
    if (token !== null) {
      response.writeHead(200, { 'content-type': 'text/plain' });
      return response.end(echoes ? token : 'something else');
    }
    bodies.push(body);
    const { status, afterMs } = manner;
    await sleep(afterMs);
    response.writeHead(status);
    response.end();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  ear = {
    url: `http://127.0.0.1:${port}`,
    bodies,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
});
afterAll(async () => {
  await entra.close();
  ear.close();
});

async function token(
  more: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { loginUrl, tenantId, clientId, auth, url } = entraSettings(entra.url);
  const { tenant = tenantId, ...form } = more;
  const response = await fetch(`${loginUrl}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: auth.secret,
      scope: `${url}/.default`,
      grant_type: 'client_credentials',
      ...form,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function graph(method: string, path: string, body?: unknown) {
  const authorization = `Bearer ${(await token()).body.access_token}`;
  const response = await fetch(`${entra.url}/entra/v1.0${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

const freeText = (more: Record<string, unknown> = {}) => ({
  changeType: 'updated,deleted',
  notificationUrl: ear.url,
  resource: 'users',
  expirationDateTime: new Date(Date.now() + 3_600_000).toISOString(),
  clientState: 'secret',
  ...more,
});
const deliveries = async () =>
  (await (await fetch(`${entra.url}/entra/sim/deliveries`)).json()) as Delivery[];
const touch = (key: string) =>
  fetch(`${entra.url}/entra/sim/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, happening: 'updated' }),
  });

test.each([
  [{ client_secret: 'x' }, 401, 'invalid_client', 7000215],
  [{ client_id: 'x' }, 400, 'unauthorized_client', 700016],
  [{ tenant: 'x' }, 400, 'invalid_request', 90002],
  [{ scope: 'x' }, 400, 'invalid_scope', 1002012],
  [{ grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
])('token endpoint: %j', async (more, status, error, code) => {
  const refused = await token(more as Record<string, string>);
  expect(refused).toMatchObject({ status, body: { error, error_codes: [code] } });
  expect(refused.body.error_description).toMatch(`AADSTS${code}`);
});

describe('subscriptions', () => {
  test.each([
    [
      'more than 41,760 minutes',
      { expirationDateTime: new Date(Date.now() + 41_770 * 60_000).toISOString() },
    ],
    ['the past', { expirationDateTime: new Date(Date.now() - 1_000).toISOString() }],
    ['creation, which users don’t have', { changeType: 'created' }],
    ['a secret of 129 characters', { clientState: 'x'.repeat(129) }],
    ['another resource', { resource: 'me/messages' }],
    ['an address where nobody is', { notificationUrl: 'http://127.0.0.1:9' }],
    ['a lifecycle address where nobody is', { lifecycleNotificationUrl: 'http://127.0.0.1:9' }],
  ])('%s is refused', async (_, more) => {
    const { status, body } = await graph('POST', '/subscriptions', freeText(more));
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: 'ValidationError',
      innerError: { 'request-id': expect.any(String) },
    });
  });

  test('an endpoint that does not echo the token is refused', async () => {
    echoes = false;
    expect((await graph('POST', '/subscriptions', freeText())).status).toBe(400);
    echoes = true;
  });

  test('made, renewed, ended', async () => {
    const made = await graph('POST', '/subscriptions', freeText());
    expect(made).toMatchObject({ status: 201, body: { resource: 'users', clientState: null } });
    const path = `/subscriptions/${made.body.id}`;
    const expirationDateTime = new Date(Date.now() + 7_200_000).toISOString();
    expect((await graph('PATCH', path, { expirationDateTime })).body).toMatchObject({ expirationDateTime });
    expect((await graph('DELETE', path)).status).toBe(204);
    expect((await graph('DELETE', path)).status).toBe(404);
    expect((await graph('PATCH', path, { expirationDateTime })).status).toBe(404);
  });
});

test('a delivery that is refused or takes longer than three seconds is repeated', async () => {
  const { body } = await graph('POST', '/subscriptions', freeText());
  for (const bad of [
    { status: 503, afterMs: 0 },
    { status: 202, afterMs: 3_300 },
  ]) {
    const [before, received] = [(await deliveries()).length, ear.bodies.length];
    manner = bad;
    await touch('erik');
    await eventually('it came once', () => ear.bodies.length > received);
    await eventually('it is given up', async () => (await deliveries()).length > before);
    manner = { status: 202, afterMs: 0 };
    await eventually('it is taken', async () => (await deliveries()).at(-1)?.status === 202);
    const [first, ...rest] = ear.bodies.slice(received);
    expect(rest.length).toBeGreaterThan(0);
    expect(new Set(rest)).toEqual(new Set([first]));
  }
  expect(JSON.parse(ear.bodies.at(-1) ?? '')).toMatchObject({
    value: [{ subscriptionId: body.id, clientState: 'secret', changeType: 'updated' }],
  });
}, 30_000);
