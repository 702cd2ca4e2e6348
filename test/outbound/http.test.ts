import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { call } from '../../src/outbound/call.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function served(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string, timeoutMs = 2_000) => call('mulesoft', { method: 'GET', url, timeoutMs });

test('an answer that comes packed is unpacked, also one in many pieces', async () => {
  const list = Array.from({ length: 5_000 }, (_, n) => ({ id: `00u${n}`, name: 'Zoë' }));
  const url = await served((asked, answer) => {
    expect(asked.headers['accept-encoding']).toBe('gzip');
    const packed = gzipSync(JSON.stringify(list));
    answer.writeHead(200, { 'content-encoding': 'gzip' });
    answer.write(packed.subarray(0, 700));
    setTimeout(() => answer.end(packed.subarray(700)), 20);
  });
  expect((await get(url)).body).toEqual(list);
});

test('an encoding that was not asked for, and one that is broken, is no answer', async () => {
  const brotli = await served((_, answer) =>
    answer.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('{}')),
  );
  await expect(get(brotli)).rejects.toMatchObject({ code: 'mulesoft.unavailable', retryable: true });
  const cut = await served((_, answer) =>
    answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}').subarray(0, 12)),
  );
  await expect(get(cut)).rejects.toMatchObject({ code: 'mulesoft.unavailable', retryable: true });
});

test('an empty body is null, packed or not; UTF-8 with a byte order mark is read', async () => {
  const none = await served((_, answer) => answer.writeHead(204, { 'content-encoding': 'gzip' }).end());
  expect(await get(none)).toMatchObject({ status: 204, body: null });
  const marked = await served((_, answer) => answer.end('\uFEFF{"name":"Zoë"}'));
  expect((await get(marked)).body).toEqual({ name: 'Zoë' });
});

test('a redirect is never followed: it breaks the call, or is answered with its status', async () => {
  let asked = 0;
  const url = await served((_, answer) => {
    asked += 1;
    answer.writeHead(302, { location: '/elsewhere' }).end('{}');
  });
  await expect(get(url)).rejects.toMatchObject({ code: 'mulesoft.unavailable' });
  const answer = await call('tickets', { method: 'GET', url, timeoutMs: 2_000, redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/elsewhere']);
  expect(asked).toBe(2);
});

test('a header that comes twice is kept whole', async () => {
  const url = await served((_, answer) => {
    answer.setHeader('link', ['<https://a.example/1>; rel="self"', '<https://a.example/2>; rel="next"']);
    answer.end('[]');
  });
  expect((await get(url)).headers.get('link')).toBe(
    '<https://a.example/1>; rel="self", <https://a.example/2>; rel="next"',
  );
});

test('a body that goes on for longer than the time there is, is a time-out', async () => {
  const url = await served((_, answer) => {
    answer.writeHead(200).write('[');
    const more = setInterval(() => answer.write(' '), 20);
    answer.on('close', () => clearInterval(more));
  });
  await expect(get(url, 200)).rejects.toMatchObject({ code: 'mulesoft.timeout', outcomeUnknown: false });
});

test('a connection that breaks in the middle of an answer to a write leaves its outcome unknown', async () => {
  const url = await served((_, answer) => {
    answer.writeHead(200, { 'content-length': '100' }).write('{"a":');
    setTimeout(() => answer.destroy(), 20);
  });
  const write = call('mulesoft', { method: 'POST', url, timeoutMs: 2_000, body: {} });
  await expect(write).rejects.toMatchObject({ code: 'mulesoft.unavailable', outcomeUnknown: true });
});

test('it says who asks, and a form goes as a form', async () => {
  let asked: IncomingMessage | undefined;
  let body = '';
  const url = await served(async (given, answer) => {
    asked = given;
    for await (const chunk of given) body += chunk;
    answer.end('{}');
  });
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope: 'a b' });
  await call('mulesoft', { method: 'POST', url, timeoutMs: 2_000, body: form });
  expect(asked?.headers).toMatchObject({
    'user-agent': 'latchkey',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
  });
  expect(body).toBe('grant_type=client_credentials&scope=a+b');
});
