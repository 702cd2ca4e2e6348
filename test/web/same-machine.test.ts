import { request as httpRequest } from 'node:http';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startLatchkey } from '../../src/latchkey.ts';
import { loadPolicy } from '../../src/policy/policy-folder.ts';
import { sandboxOutside } from '../../src/sandbox/launch.ts';
import { sandboxPage } from '../../src/sandbox/page/page.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { startWorld } from '../../src/sandbox/world.ts';
import { unopenedDatabase } from '../database.ts';

const servers: Record<'the world' | 'Latchkey', URL> = {} as never;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const fresh = await unopenedDatabase();
  stops.push(() => fresh.drop().catch(() => {}));
  const world = await startWorld({ port: 0, stateFile: null, latchkey: null, page: sandboxPage });
  stops.push(() => world.close());
  const { catalogue, rules } = await loadPolicy('policy');
  const latchkey = await startLatchkey({
    outside: sandboxOutside(world.url),
    isSandbox: true,
    catalogue: { ...catalogue, canary: null },
    rules,
    databaseUrl: fresh.url,
    redisUrl: null,
    port: 0,
    publicUrl: null,
    readToken: credentials.readToken,
    log: pino({ level: 'silent' }),
  });
  stops.push(() => latchkey.stop());
  servers['the world'] = new URL(world.url);
  servers.Latchkey = new URL(latchkey.url);
}, 60_000);
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

type Server = keyof typeof servers;
const send = (server: Server, path: string, headers: Record<string, string>, method = 'GET', body = '') =>
  new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const { hostname, port } = servers[server];
    // Not fetch, which chooses some of these headers itself, as a browser does.
    const sent = httpRequest({ hostname, port, path, method, headers }, (answer) => {
      let text = '';
      answer.on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
const own = (server: Server) => servers[server].host;
const path = { 'the world': '/slack/sim/workspace?as=ines', Latchkey: '/api/changes' };
const token = { authorization: `Bearer ${credentials.readToken}` };

describe.each<Server>(['the world', 'Latchkey'])('%s in the sandbox', (server) => {
  test.each<[string, (host: string) => Record<string, string>]>([
    ['a name that somebody made point here', () => ({ host: 'evil.example' })],
    ['that name with our port', (host) => ({ host: `evil.example:${host.split(':')[1]}` })],
    ['a name that begins like ours', (host) => ({ host: `127.0.0.1.evil.example:${host.split(':')[1]}` })],
    ['our name with another port', () => ({ host: '127.0.0.1:1' })],
    ['our name without the port', () => ({ host: '127.0.0.1' })],
    ['another way to write the address', (host) => ({ host: `2130706433:${host.split(':')[1]}` })],
    ['another site’s page', (host) => ({ host, origin: 'https://evil.example' })],
    ['a page of another port of this machine', (host) => ({ host, origin: 'http://127.0.0.1:9' })],
    ['a page that hides where it is from', (host) => ({ host, origin: 'null' })],
    ['our own address over TLS', (host) => ({ host, origin: `https://${host}` })],
    [
      'an image in another site’s page',
      (host) => ({
        host,
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-dest': 'image',
      }),
    ],
    [
      'a frame in another site’s page',
      (host) => ({
        host,
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      }),
    ],
    [
      'a script of another port of this machine',
      (host) => ({
        host,
        'sec-fetch-site': 'same-site',
        'sec-fetch-mode': 'cors',
      }),
    ],
  ])('%s: 403', async (_what, headers) => {
    const { status, text } = await send(server, path[server], { ...token, ...headers(own(server)) });
    expect(status).toBe(403);
    expect(text).toContain('this is a sandbox');
  });

  test('a form that another site’s page sends: 403, and nothing is done', async () => {
    const { status } = await send(
      server,
      server === 'Latchkey' ? '/slack/events' : '/control/faults',
      {
        host: own(server),
        'content-type': 'text/plain',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
      'POST',
      '{"vendor":"okta","kind":"status","status":500}',
    );
    expect(status).toBe(403);
    const { text } = await send('the world', '/control/faults', { host: own('the world') });
    expect(JSON.parse(text)).toEqual([]);
  });

  test('its own page, a program on this machine and a link that is followed get in', async () => {
    const host = own(server);
    const port = host.split(':')[1];
    for (const headers of [
      { host },
      { host: `localhost:${port}` },
      { host: `LocalHost:${port}` },
      { host: `[::1]:${port}` },
      { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
      { host, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    ] as Record<string, string>[]) {
      const answer = await send(server, path[server], { ...token, ...headers });
      expect([headers, answer.status]).toEqual([headers, 200]);
      expect(answer.headers['x-frame-options']).toBe('DENY');
    }
  });
});

test('Slack’s socket in the sandbox opens for no page of another site', async () => {
  const opened = async (headers: Record<string, string>): Promise<boolean> => {
    const asked = await send(
      'the world',
      '/slack/api/apps.connections.open',
      {
        host: own('the world'),
        authorization: `Bearer ${credentials.slackAppToken}`,
      },
      'POST',
    );
    const { url } = JSON.parse(asked.text) as { url: string };
    const socket = new WebSocket(url, { headers });
    return await new Promise((resolve) => {
      socket.on('open', () => {
        socket.close();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
  };
  expect(await opened({})).toBe(true);
  expect(await opened({ origin: 'https://evil.example' })).toBe(false);
  expect(await opened({ host: 'evil.example' })).toBe(false);
});
