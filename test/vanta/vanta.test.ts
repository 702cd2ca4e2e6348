import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { environment } from '../../src/config/environment.ts';
import { vantaIn, vantaProblems } from '../../src/config/vanta.ts';
import { Fault } from '../../src/core/fault.ts';
import type { EvidenceFile } from '../../src/ports/evidence-store.ts';
import {
  startVanta,
  type VantaEmulator,
  type VantaOptions,
  vantaClient,
} from '../../src/sandbox/vanta/emulator.ts';
import type { Secret } from '../../src/secrets/secret.ts';
import { vantaAdvice } from '../../src/vanta/advice.ts';
import { createVanta, type VantaTiming } from '../../src/vanta/vanta.ts';
import { checkVanta } from '../../src/vanta/vanta-check.ts';

let vanta: VantaEmulator;
afterEach(() => vanta?.close());

const DOCUMENT = 'access-requests';
const documents = [{ id: DOCUMENT, files: null }];

async function begin(options: VantaOptions = {}, timing: Partial<VantaTiming> = {}, secret?: Secret) {
  vanta = await startVanta(options);
  return createVanta({
    url: vanta.url,
    clientId: vantaClient.id,
    clientSecret: secret ?? vantaClient.secret,
    documents,
    timing,
  });
}
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error = await work.then(String, (thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error(`no fault: ${error}`);
};
function file(over: Partial<EvidenceFile> = {}): EvidenceFile {
  const bytes = over.bytes ?? Buffer.from('\ufeffchange,person\r\n1,José\r\n');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    name: 'grants.csv',
    type: 'text/csv',
    bytes,
    sha256,
    description: `grants, SHA-256 ${sha256}`,
    effectiveAt: new Date('2026-03-31T00:00:00Z'),
    ...over,
  };
}
const uploads = () => vanta.documents.get(DOCUMENT)?.uploads ?? [];
const tokens = () => vanta.calls.filter((one) => one === 'POST /oauth/token').length;

describe('a file', () => {
  test('arrives with its type, its day and its words, under one token', async () => {
    const store = await begin();
    const kept = await store.send(DOCUMENT, file());
    expect(uploads()).toMatchObject([
      {
        fileName: 'grants.csv',
        mimeType: 'text/csv',
        effectiveDate: '2026-03-31T00:00:00.000Z',
        description: file().description,
      },
    ]);
    expect(uploads()[0]?.bytes.equals(file().bytes)).toBe(true);
    expect(await store.hashOf(DOCUMENT, kept.id)).toBe(file().sha256);
    expect(await store.files(DOCUMENT)).toEqual([kept]);
    expect([await store.submit(DOCUMENT), await store.submit(DOCUMENT)]).toEqual(['submitted', 'nothing']);
    expect(tokens()).toBe(1);
  });

  // nodejs/undici#1783 (FormData to S3: 411), activepieces/activepieces#15367 (chunked forms answered with 500)
  test('goes with its length: the emulator refuses a form without one', async () => {
    const store = await begin();
    await store.send(DOCUMENT, file({ bytes: Buffer.alloc(3_000_000, 'x') }));
    expect(uploads()[0]?.bytes).toHaveLength(3_000_000);
  });

  // whatwg/html#6282, nodejs/undici#1786, httpie/cli#1401, margelo/react-native-nitro-fetch#224
  test.each(['José „Q1“ 名前.csv', 'a "b" c.csv', 'a\r\nX-Injected: 1.csv'])(
    'may be called %j',
    async (name) => {
      const store = await begin();
      await store.send(DOCUMENT, file({ name }));
      const found = uploads();
      expect(found).toHaveLength(1);
      // Line ends and quotation marks are written as escapes, which not every reader takes back.
      expect(decodeURIComponent(found[0]?.fileName ?? '')).toBe(name);
    },
  );

  // BasedHardware/omi#5442, hyperbrowserai/node-sdk#72, databricks/databricks-sdk-java#872: the second try sent nothing.
  test('is whole when it is sent again for a token that was ended by another program', async () => {
    const store = await begin();
    await store.titleOf(DOCUMENT);
    vanta.endToken();
    await store.send(DOCUMENT, file());
    expect(uploads().map(({ bytes }) => bytes.length)).toEqual([file().bytes.length]);
    expect(tokens()).toBe(2);
  });

  test('is sent once more when Vanta asks to wait, and as late as it says', async () => {
    const store = await begin();
    vanta.mishaps.push({ at: /uploads$/, is: 'status', status: 429, headers: { 'retry-after': '1' } });
    const startedAt = performance.now();
    await store.send(DOCUMENT, file());
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect(uploads()).toHaveLength(1);
  });

  test('without an answer is unknown, and so is one that a failing server answers for', async () => {
    const store = await begin({}, { upload: 300 });
    vanta.mishaps.push({ at: /POST .*uploads$/, is: 'lost' });
    expect(await faultOf(store.send(DOCUMENT, file()))).toMatchObject({
      code: 'vanta.timeout',
      outcomeUnknown: true,
    });
    expect(uploads()).toHaveLength(1);
    vanta.mishaps.push({ at: /POST .*uploads$/, is: 'status', status: 502, body: 'bad gateway' });
    expect(await faultOf(store.send(DOCUMENT, file()))).toMatchObject({ outcomeUnknown: true });
  });
});

describe('what Vanta says no to', () => {
  test.each<[string, VantaOptions, EvidenceFile, string, RegExp]>([
    [
      'a kind of file',
      { types: ['application/pdf'] },
      file(),
      'vanta.invalid',
      /this kind of file.*VANTA_DOCUMENTS/,
    ],
    ['a size', { bytesMax: 100 }, file({ bytes: Buffer.alloc(101) }), 'vanta.invalid', /too large/],
  ])('%s is told of with what to do', async (_, options, one, code, next) => {
    const store = await begin(options);
    const fault = await faultOf(store.send(DOCUMENT, one));
    expect(fault).toMatchObject({ code, retryable: false, outcomeUnknown: false });
    expect(vantaAdvice(fault, DOCUMENT)).toMatch(next);
  });

  test.each<[number, Record<string, string>, string, RegExp]>([
    [401, {}, 'vanta.unauthorized', /application of its own/],
    [403, {}, 'vanta.forbidden', /Manage Vanta/],
    [404, {}, 'vanta.not_found', /document access-requests.*VANTA_DOCUMENTS/],
    [413, {}, 'vanta.invalid', /too large/],
    [415, {}, 'vanta.invalid', /this kind of file/],
    [503, {}, 'vanta.unavailable', /call it again later/],
    [429, { 'retry-after': '3600' }, 'vanta.throttled', /wait a minute/],
    // A host of a region answers so; whoever follows arrives without the token.
    [
      308,
      { location: 'https://api.vanta.com/' },
      'vanta.bad_answer',
      /VANTA_URL to https:\/\/api\.vanta\.com/,
    ],
  ])('%i', async (status, headers, code, next) => {
    const store = await begin();
    const mishap = { at: /uploads$/, is: 'status', status, headers } as const;
    vanta.mishaps.push(mishap, mishap);
    const fault = await faultOf(store.send(DOCUMENT, file()));
    expect(fault.code).toBe(code);
    expect(vantaAdvice(fault, DOCUMENT)).toMatch(next);
    expect(uploads()).toEqual([]);
  });

  test('an application without the right to upload', async () => {
    const store = await begin({ scopes: ['vanta-api.all:read'] });
    const fault = await faultOf(store.titleOf(DOCUMENT));
    expect(fault).toMatchObject({ code: 'vanta.forbidden', vendorCode: 'invalid_scope' });
    expect(vantaAdvice(fault, DOCUMENT)).toMatch(/Manage Vanta/);
  });

  test('more tokens than it gives out a minute are waited for, but not for ever', async () => {
    const store = await begin({ perMinute: { tokens: 1 } }, { waits: 1_000 });
    await store.titleOf(DOCUMENT);
    vanta.endToken();
    expect(await faultOf(store.titleOf(DOCUMENT))).toMatchObject({ code: 'vanta.throttled' });
  });

  test('nothing that it says brings a token into a message, or a line end', async () => {
    const store = await begin();
    await store.titleOf(DOCUMENT);
    const body = { message: `no\nfor you ${'x'.repeat(500)}` };
    vanta.mishaps.push({ at: /uploads$/, is: 'status', status: 422, body });
    const fault = await faultOf(store.send(DOCUMENT, file()));
    expect(fault.message).toMatch(/^it answers 422: no for you x+$/);
    expect(fault.message.length).toBeLessThan(240);
  });
});

test('VANTA_CLIENT_SECRET may change at any time', async () => {
  const left: string[] = [vantaClient.secret, 'vcs_the-next-one'];
  const secret: Secret = {
    name: 'VANTA_CLIENT_SECRET',
    current: () => left[0] ?? '',
    refused: async () => left.length > 1 && left.shift() !== undefined,
    renew: async () => false,
    fits: () => false,
    onChange: () => () => {},
  };
  const store = await begin({}, {}, secret);
  await store.titleOf(DOCUMENT);
  vanta.setSecret('vcs_the-next-one');
  vanta.endToken();
  expect(await store.titleOf(DOCUMENT)).toBe('Access request ticket and history');
  vanta.setSecret('vcs_yet-another');
  vanta.endToken();
  const fault = await faultOf(store.titleOf(DOCUMENT));
  expect(fault).toMatchObject({ code: 'vanta.unauthorized', vendorCode: 'invalid_client' });
  expect(vantaAdvice(fault, DOCUMENT)).toMatch(/VANTA_CLIENT_SECRET/);
});

test('a long list of files is read to its end, without those that were deleted', async () => {
  const store = await begin();
  for (let n = 0; n < 205; n += 1)
    await store.send(DOCUMENT, file({ name: `${n}.csv`, bytes: Buffer.from(`${n}`) }));
  (uploads()[3] as { deletionDate: string }).deletionDate = '2026-03-01T00:00:00Z';
  const found = await store.files(DOCUMENT);
  expect(found.map(({ name }) => name)).toHaveLength(204);
  expect(found.at(-1)?.name).toBe('204.csv');
});

test('check says of each document what it is called, or what to do', async () => {
  await begin();
  const settings = { url: vanta.url, clientId: vantaClient.id, clientSecret: vantaClient.secret };
  expect(await checkVanta(null)).toEqual([]);
  expect(
    await checkVanta({ ...settings, documents: [{ id: 'nowhere', files: null }, ...documents] }),
  ).toEqual([
    { name: 'Vanta nowhere', trouble: expect.stringMatching(/there is a document nowhere/) },
    {
      name: 'Vanta access-requests',
      trouble: null,
      detail: 'ok; it is called “Access request ticket and history”',
    },
  ]);
  const wrong = await checkVanta({
    ...settings,
    clientSecret: 'vcs_wrong',
    documents: [...documents, ...documents],
  });
  expect(wrong).toEqual([
    {
      name: 'Vanta access-requests',
      trouble: expect.stringMatching(/VANTA_CLIENT_ID and VANTA_CLIENT_SECRET/),
    },
  ]);
});

describe('the settings', () => {
  const shape = environment.shape.VANTA_DOCUMENTS;
  test('name documents, and the files of each where they are others', () => {
    expect(shape.parse('access-requests, access-reviews = reviews.csv + review-lines.csv')).toEqual([
      { id: 'access-requests', files: null },
      { id: 'access-reviews', files: ['reviews.csv', 'review-lines.csv'] },
    ]);
    for (const wrong of ['a b', 'a=', 'a=../../etc/passwd', 'a=x', ',', 'a=b.csv+'])
      expect(shape.safeParse(wrong).success, wrong).toBe(false);
  });

  test('are all there or none', () => {
    expect(vantaProblems({})).toEqual([]);
    expect(vantaProblems({ VANTA_DOCUMENTS: 'x' })).toHaveLength(2);
    expect(vantaProblems({ VANTA_CLIENT_ID: 'x' })).toEqual([
      expect.stringMatching(/^VANTA_CLIENT_SECRET is not set, but VANTA_CLIENT_ID is/),
    ]);
    expect(vantaIn({ VANTA_CLIENT_ID: 'a', VANTA_CLIENT_SECRET: 'b' }, null)).toEqual({
      url: 'https://api.vanta.com',
      clientId: 'a',
      clientSecret: 'b',
      documents,
    });
    expect(environment.shape.VANTA_URL.safeParse('http://api.vanta.com').success).toBe(false);
  });
});
