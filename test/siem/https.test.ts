import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/core/fault.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { type HttpsSettings, httpsDestination } from '../../src/siem/https.ts';
import { type Answering, numbersOf, startCollector, type Taken } from './collector.ts';
import { entries, entry } from './entries.ts';

const until = new AbortController().signal;
const lines = { format: 'jsonl', words: () => 'in words', version: '0.1.0' } as const;

type Collector = Awaited<ReturnType<typeof startCollector>>;
let collector: Collector;
afterEach(() => collector?.close());

async function begin(
  settings: Partial<HttpsSettings> = {},
  answer?: (request: Taken, count: number) => Answering,
) {
  collector = await startCollector(answer);
  return httpsDestination(
    { url: collector.url, kind: 'lines', token: null, header: null, ...settings },
    lines,
  );
}

/** A secret whose source has the next value at once. */
function rotating(name: string, ...values: string[]): Secret {
  const left = [...values];
  return {
    name,
    current: () => left[0] ?? '',
    refused: async () => left.length > 1 && left.shift() !== undefined,
    renew: async () => false,
    fits: (isSent) => isSent(left[0] ?? ''),
    onChange: () => () => {},
  };
}

describe('how a batch is put', () => {
  test('lines', async () => {
    const siem = await begin({ token: 'abc' });
    expect(await siem.send(entries(3), until)).toBe(3);
    const [{ headers, body }] = collector.taken as [Taken];
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', authorization: 'Bearer abc' });
    expect(body.split('\n')).toHaveLength(4);
    expect(numbersOf(collector.taken[0] as Taken)).toEqual([1, 2, 3]);
  });

  test('an array, with the token in a header of its own', async () => {
    const siem = await begin({ kind: 'array', token: 'abc', header: 'DD-API-KEY' });
    await siem.send(entries(2), until);
    const [{ headers, body }] = collector.taken as [Taken];
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'dd-api-key': 'abc' });
    expect(headers.authorization).toBeUndefined();
    expect(JSON.parse(body)).toHaveLength(2);
  });

  // cmeerbeek/fluent-plugin-splunkhec#26: a time in milliseconds is one in the far future to Splunk.
  test('Splunk’s events, with the time of the entry in seconds', async () => {
    const siem = await begin({ kind: 'splunk', token: 'abc' }, () => ({
      status: 200,
      body: '{"text":"Success","code":0}',
    }));
    await siem.send(entries(2), until);
    const [{ headers, body, path }] = collector.taken as [Taken];
    expect(path).toBe('/services/collector/event');
    expect(headers.authorization).toBe('Splunk abc');
    expect(headers['x-splunk-request-channel']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.parse(body.split('\n')[0] as string)).toMatchObject({
      time: 1_772_357_400.25,
      source: 'latchkey',
      event: { seq: 1, type: 'changeApproved' },
    });
  });

  // signalfx/splunk-otel-collector-chart#600: what is over the collector's limit is refused whole, and was dropped.
  test('not more than a megabyte at once, in their order', async () => {
    const siem = await begin();
    const many = entries(400, () => ({ data: { text: 'x'.repeat(5_000) } }));
    let sent = 0;
    while (sent < many.length) sent += await siem.send(many.slice(sent), until);
    expect(collector.taken.length).toBeGreaterThan(2);
    for (const { body } of collector.taken) expect(Buffer.byteLength(body)).toBeLessThan(1_000_000);
    expect(collector.taken.flatMap(numbersOf)).toEqual(many.map(({ seq }) => seq));
  });
});

describe('what is not taken', () => {
  const broken = async (answer: Answering, settings: Partial<HttpsSettings> = {}) => {
    const siem = await begin(settings, () => answer);
    const fault = await siem.send(entries(3), until).catch((error: Fault) => error);
    return { fault: fault as Fault, next: siem.next(fault as Fault) };
  };

  test.each([
    [429, { 'retry-after': '7' }, { code: 'siem.throttled', retryAfterMs: 7_000 }],
    [503, { 'retry-after': '3' }, { code: 'siem.unavailable', retryAfterMs: 3_000 }],
    [500, {}, { code: 'siem.unavailable', retryable: true }],
    [404, {}, { code: 'siem.not_found' }],
    [302, { location: 'https://sign-in.example/' }, { code: 'siem.bad_answer' }],
  ])('%d', async (status, headers, expected) => {
    const { fault, next } = await broken({ status, headers: headers as Record<string, string> });
    expect(fault).toMatchObject(expected);
    expect(next).not.toBe('');
    // A redirect would take the token elsewhere; the others are tried again by whoever calls.
    expect(collector.asked).toHaveLength(1);
  });

  test('a token that is not known is told of with its setting, and the secret of the address is not told', async () => {
    const { fault, next } = await broken(
      { status: 403, body: '{"text":"Invalid token","code":4}' },
      { kind: 'splunk', token: 'x' },
    );
    expect(fault).toMatchObject({ code: 'siem.unauthorized', message: 'it answers 403: Invalid token' });
    expect(next).toMatch(/^set SIEM_TOKEN/);
    await collector.close();
    const siem = await begin({ url: 'http://127.0.0.1:9/receiver/v1/http/SECRET==' });
    const away = (await siem.send(entries(1), until).catch((error: Fault) => error)) as Fault;
    expect(`${siem.called} ${siem.next(away)}`).not.toContain('SECRET');
  });

  // open-telemetry/opentelemetry-collector-contrib#51393: the batch was taken, and is not sent again.
  test('Splunk’s 200 that says that its queue is nearly full is no failure', async () => {
    const answer = { status: 200, body: '{"text":"Queue is approaching capacity","code":24}' };
    const siem = await begin({ kind: 'splunk', token: 'x' }, () => answer);
    expect(await siem.send(entries(3), until)).toBe(3);
  });

  test('a connection that is cut when all was sent', async () => {
    const { fault } = await broken({ status: 200, isCut: true });
    expect(fault).toMatchObject({ code: 'siem.unavailable', outcomeUnknown: true });
  });
});

// vectordotdev/vector#11434, signalfx/splunk-otel-collector-chart#696 (“Invalid data format”, event 75 of 966): one entry that is refused took its whole batch with it, or stopped all that came after.
describe('one entry that is refused', () => {
  const refuses = (number: number, isRefused: (body: string) => boolean) => (request: Taken) =>
    numbersOf(request).includes(number) && isRefused(request.body) ? { status: 400 } : { status: 200 };

  test('goes without its data; the others go whole, each once', async () => {
    const siem = await begin(
      {},
      refuses(6, (body) => !body.includes('"isTruncated":true')),
    );
    const all = entries(10);
    for (let sent = 0; sent < all.length; ) sent += await siem.send(all.slice(sent), until);
    expect(collector.taken.flatMap(numbersOf)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const stubs = collector.taken.filter(({ body }) => body.includes('isTruncated'));
    expect(stubs.flatMap(numbersOf)).toEqual([6]);
  });

  test('also without its data is never left out: nothing behind it is sent', async () => {
    const siem = await begin(
      {},
      refuses(3, () => true),
    );
    const all = entries(5);
    let sent = await siem.send(all, until);
    while (sent < 2) sent += await siem.send(all.slice(sent), until);
    await expect(siem.send(all.slice(2), until)).rejects.toMatchObject({ code: 'siem.invalid' });
    expect(collector.taken.flatMap(numbersOf)).toEqual([1, 2]);
  });

  test('as it is too large: 413 halves the batch', async () => {
    const siem = await begin({}, ({ body }) => ({ status: body.length > 2_000 ? 413 : 200 }));
    const all = entries(20);
    for (let sent = 0; sent < all.length; ) sent += await siem.send(all.slice(sent), until);
    expect(collector.taken.flatMap(numbersOf)).toEqual(all.map(({ seq }) => seq));
  });

  test('of a quarter of a megabyte and more goes without its data from the beginning', async () => {
    const siem = await begin();
    expect(
      await siem.send([entry({ data: { text: 'x'.repeat(3_000_000) } }), entry({ seq: 8 })], until),
    ).toBe(2);
    expect(collector.taken[0]?.body.length).toBeLessThan(2_000);
  });
});

describe('secrets that change', () => {
  test('SIEM_TOKEN: the next one is used once the one before is refused', async () => {
    const token = rotating('SIEM_TOKEN', 'old', 'new');
    const siem = await begin({ token }, ({ headers }) => ({
      status: headers.authorization === 'Bearer new' ? 200 : 401,
    }));
    expect(await siem.send(entries(2), until)).toBe(2);
    expect(collector.asked).toHaveLength(2);
    expect(collector.taken.flatMap(numbersOf)).toEqual([1, 2]);
  });

  test('SIEM_URL: the address of the moment is used, and called by', async () => {
    collector = await startCollector();
    let value = 'http://127.0.0.1:9';
    const url = { ...rotating('SIEM_URL'), current: () => value };
    const siem = httpsDestination({ url, kind: 'lines', token: null, header: null }, lines);
    await expect(siem.send(entries(1), until)).rejects.toMatchObject({ code: 'siem.unavailable' });
    value = `${collector.url}/receiver`;
    expect(await siem.send(entries(1), until)).toBe(1);
    expect(collector.taken[0]?.path).toBe('/receiver');
    expect(siem.called).toBe(`the SIEM at ${new URL(collector.url).host}`);
  });
});

// signalfx/splunk-otel-collector-chart#779, vectordotdev/vector#10135: with indexer acknowledgment, 200 is not yet kept.
test('Splunk with indexer acknowledgment: a batch has arrived when its indexer says so', async () => {
  let polls = 0;
  const siem = await begin({ kind: 'splunk', token: 'x' }, ({ path, body }) => {
    if (!path.endsWith('/ack')) return { status: 200, body: '{"text":"Success","code":0,"ackId":5}' };
    polls += 1;
    expect(JSON.parse(body)).toEqual({ acks: [5] });
    return { status: 200, body: JSON.stringify({ acks: { 5: polls >= 3 } }) };
  });
  expect(await siem.send(entries(2), until)).toBe(2);
  expect(polls).toBe(3);
});

describe('whether it can be reached', () => {
  test('sends no entry, and asks Splunk for its health', async () => {
    const siem = await begin({ kind: 'splunk', token: 'x' }, ({ path }) => ({
      status: path === '/services/collector/health' ? 200 : 400,
    }));
    await siem.check();
    expect(collector.taken.map(({ body }) => body)).toEqual(['']);
  });

  test('says when nobody is there', async () => {
    const siem = await begin({ url: 'http://127.0.0.1:9' });
    await expect(siem.check()).rejects.toMatchObject({ code: 'siem.unavailable' });
  });
});
