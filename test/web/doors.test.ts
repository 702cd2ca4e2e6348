import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Checkpoint, type LogProof, parseCheckpoint, parseProof } from '../../src/audit/checkpoint.ts';
import { hashLeaf, isConsistent, isIncluded } from '../../src/audit/merkle.ts';
import { createMcpToken } from '../../src/mcp/tokens.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { createToken } from '../../src/scim/tokens.ts';
import { createGuard } from '../../src/web/guard.ts';
import { createServer, type ServerLimits, serverLimits } from '../../src/web/server.ts';
import { eventually } from '../eventually.ts';
import { type Journey, setOut } from '../journeys/journey.ts';
import type { Stage } from '../stage.ts';

const READ = { authorization: 'Bearer read-token-for-tests' };
let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.openForm('ines');
  await walk.isQuiet();
});
afterAll(() => stage?.close());

const at = (path: string, init: RequestInit = {}) => fetch(`${stage.latchkey.url}${path}`, init);
const post = (path: string, body: string, headers: Record<string, string>) =>
  at(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const scim = (token: string, method = 'GET', path = '/Users?count=1', body?: unknown) =>
  at(`/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const metric = async (line: string): Promise<number> => {
  const text = await (await at('/metrics', { headers: READ })).text();
  return Number(new RegExp(`^${line.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
};

describe('who asks without the read token is told whether, not what', () => {
  test('/healthz and /readyz', async () => {
    expect(await (await at('/healthz')).json()).toEqual({ ok: true });
    const ready = await at('/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
    expect(await (await at('/readyz', { headers: { authorization: 'Bearer wrong' } })).json()).toEqual({
      ready: true,
    });
    const told = (await (await at('/readyz', { headers: READ })).json()) as { entitlements: object };
    expect(Object.keys(told.entitlements)).toContain('orders-api-read');
  });
});

describe('what shows that the audit is whole', () => {
  test('is there for the read token alone, and who reads an entry is in the audit', async () => {
    for (const path of [
      '/audit/checkpoint',
      '/audit/entries/1',
      '/audit/entries/1/proof',
      '/audit/consistency?from=1',
    ])
      expect((await at(path)).status).toBe(401);
    const read = async (path: string) => {
      const answer = await at(path, { headers: READ });
      return { status: answer.status, text: await answer.text() };
    };
    await eventually('a checkpoint', async () => (await read('/audit/checkpoint')).status === 200);
    const first = parseCheckpoint((await read('/audit/checkpoint')).text) as Checkpoint;
    const [entry, proof] = [await read('/audit/entries/1'), await read('/audit/entries/1/proof')];
    const { index, path, checkpoint } = parseProof(proof.text) as LogProof;
    const tree = parseCheckpoint(checkpoint) as Checkpoint;
    expect(isIncluded(hashLeaf(entry.text), index, tree, path)).toBe(true);
    const isLarger = () =>
      read('/audit/checkpoint').then(({ text }) => (parseCheckpoint(text)?.size ?? 0) > first.size);
    await eventually('what was read is sealed', isLarger);
    const now = parseCheckpoint((await read('/audit/checkpoint')).text) as Checkpoint;
    const grown = await read(`/audit/consistency?from=${first.size}&to=${now.size}`);
    const lines = grown.text.split('\n').slice(0, -1);
    expect(
      isConsistent(
        first,
        now,
        lines.map((line) => Buffer.from(line, 'base64')),
      ),
    ).toBe(true);
    const audited = stage.latchkey.context.db.selectFrom('audit').select('data');
    const reads = await audited.where('type', '=', 'auditRead').execute();
    expect(reads.map(({ data }) => data)).toEqual([
      { of: 'an audit entry', asked: '1' },
      { of: 'an audit entry', asked: '1' },
    ]);
    for (const [path, status] of [
      ['/audit/entries/x', 404],
      ['/audit/entries/999999999', 404],
      ['/audit/consistency?from=0', 400],
      ['/audit/consistency?from=5&to=4', 400],
      ['/audit/consistency?from=1&to=999999999', 400],
    ] as const)
      expect((await read(path)).status).toBe(status);
  });
});

describe('wrong tokens', () => {
  beforeEach(() => stage.restart());
  const doors: [string, string, (n: number) => Promise<Response>, () => Promise<Response>, number][] = [
    ['SCIM', 'scim', (n) => scim(`guess-${n}`), () => scim(credentials.scimToken), 200],
    [
      'the event hook',
      'oktaHook',
      (n) => post('/okta/events', '{}', { authorization: `guess-${n}` }),
      () => post('/okta/events', '{"data":{"events":[]}}', { authorization: credentials.oktaHookSecret }),
      204,
    ],
    [
      'what is only read',
      'read',
      (n) => at('/api/changes', { headers: { authorization: `Bearer guess-${n}` } }),
      () => at('/api/changes', { headers: READ }),
      200,
    ],
    [
      'copilots',
      'mcp',
      (n) => post('/mcp', '{}', { authorization: `Bearer lkmcp_guess${n}` }),
      async () => {
        const made = await createMcpToken(stage.latchkey.context.db, {
          email: 'ines@acme.example',
          name: 'x',
          days: 1,
        });
        return await post('/mcp', '{"jsonrpc":"2.0","method":"notifications/initialized"}', {
          authorization: `Bearer ${made?.token}`,
          accept: 'application/json, text/event-stream',
        });
      },
      202,
    ],
  ];

  test.each(doors)(
    '%s: they are counted, and after some told to wait; a good one is taken',
    async (_what, door, guess, good, status) => {
      // when
      const answers: Response[] = [];
      for (let n = 0; n < 100; n++) answers.push(await guess(n));

      // then
      const statuses = answers.map((a) => a.status);
      expect(statuses.filter((s) => s === 401)).toHaveLength(30);
      expect(statuses.slice(30)).toEqual(Array.from({ length: 70 }, () => 429));
      const last = answers.at(-1);
      expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await last?.text()).toMatch(/too many requests.*wait \d+ seconds/);
      expect((await good()).status).toBe(status);
      expect(await metric(`latchkey_refused_requests_total{door="${door}"}`)).toBe(100);
      expect(await metric(`latchkey_limited_requests_total{door="${door}"}`)).toBe(70);
    },
  );

  test('a deactivation by a good token is taken from an address that guesses', async () => {
    // given
    const made = await createToken(stage.latchkey.context.db, {
      source: 'other',
      name: `guessed-${Date.now()}`,
      days: 1,
    });
    const token = made?.token ?? '';
    const created = await scim(token, 'POST', '/Users', { userName: `zz-${Date.now()}@else.example` });
    const { id } = (await created.json()) as { id: string };
    await Promise.all(Array.from({ length: 200 }, (_, n) => scim(`guess-${n}`)));
    expect((await scim('guess')).status).toBe(429);
    await sleep(5_100); // what is known of a token is asked again

    // when
    const gone = await scim(token, 'PATCH', `/Users/${id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });

    // then
    expect([gone.status, ((await gone.json()) as { active: boolean }).active]).toEqual([200, false]);
  });

  test('at every door together: who guesses at one has guessed at all', async () => {
    for (let n = 0; n < 15; n++) {
      expect((await scim(`guess-${n}`)).status).toBe(401);
      expect((await at('/metrics')).status).toBe(401);
    }
    expect((await post('/mcp', '{}', {})).status).toBe(429);
  });

  test('an address that anybody can write in a header changes nothing', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++)
      statuses.push((await at('/api/changes', { headers: { 'x-forwarded-for': `203.0.113.${n}` } })).status);
    expect(statuses.filter((s) => s === 429)).toHaveLength(10);
  });
});

describe('a copilot', () => {
  const call = (id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'search_entitlements', arguments: { query: '' } },
  });
  let bearer: Record<string, string>;
  beforeAll(async () => {
    const made = await createMcpToken(stage.latchkey.context.db, {
      email: 'ines@acme.example',
      name: 'b',
      days: 1,
    });
    bearer = { authorization: `Bearer ${made?.token}`, accept: 'application/json, text/event-stream' };
  });
  const lookUps = async () =>
    (await walk.requests({ vendor: 'slack', path: 'users\\.info' })).length +
    (await walk.requests({ vendor: 'okta', method: 'GET', path: '/api/v1/users' })).length;

  test('of many calls in one body, looks its person up once; of too many, none is answered', async () => {
    const before = await lookUps();
    const answer = await post(
      '/mcp',
      JSON.stringify(Array.from({ length: 10 }, (_, n) => call(n + 1))),
      bearer,
    );
    expect(answer.status).toBe(200);
    expect((await answer.json()) as unknown[]).toHaveLength(10);
    const once = (await lookUps()) - before;
    expect(once).toBeLessThanOrEqual(3);
    const tooMany = await post(
      '/mcp',
      JSON.stringify(Array.from({ length: 100 }, (_, n) => call(n + 1))),
      bearer,
    );
    expect(tooMany.status).toBe(400);
    expect(await lookUps()).toBe(before + once);
  });

  test('that asks on and on leaves Slack and Okta to those who click', async () => {
    const before = await lookUps();
    const said: string[] = [];
    for (let n = 0; n < 60; n++)
      said.push(await (await post('/mcp', JSON.stringify(call(n + 1)), bearer)).text());
    expect(said.at(-1)).toContain('Copilots asked too much in the last minute.');
    expect((await lookUps()) - before).toBeLessThanOrEqual(60);
    expect((await walk.openForm('ines')).callback_id).toBe('request');
  });
});

describe('bodies', () => {
  const token = { authorization: `Bearer ${credentials.scimToken}` };
  const hook = { authorization: credentials.oktaHookSecret };
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  test.each([
    ['SCIM, 100,000 lists deep', '/scim/v2/Users', `{"userName":${deep}}`, token],
    ['the event hook, 100,000 lists deep', '/okta/events', `{"data":{"events":${deep}}}`, hook],
    [
      'the event hook, a key of every object',
      '/okta/events',
      '{"__proto__":{"x":1},"data":{"events":[]}}',
      hook,
    ],
    ['the event hook, its constructor', '/okta/events', '{"constructor":{"prototype":{"x":1}}}', hook],
    ['the event hook, no JSON', '/okta/events', '{"data":', hook],
  ])('%s: 400', async (_what, path, body, headers) => {
    const answer = await post(path, body, headers);
    expect(answer.status).toBe(400);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test.each([
    ['/scim/v2/Users', token],
    ['/okta/events', hook],
  ])('%s: too large is 413', async (path, headers) => {
    expect((await post(path, JSON.stringify({ x: 'x'.repeat(3_000_000) }), headers)).status).toBe(413);
  });
});

describe('who is slow, or holds too much', () => {
  /** A server like ours in less time. */
  async function serve(limits: Partial<ServerLimits>) {
    const log = pino({ level: 'silent' });
    const app = createServer({ log, trustProxy: null }, { ...serverLimits, ...limits });
    const guard = await createGuard(app, log, { refusedAt: () => {}, limitedAt: () => {} });
    app.get('/anybody', { onRequest: guard.forAnybody }, async () => ({ ok: true }));
    app.post('/taken', async (request) => ({ got: request.body }));
    const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    return { app, url };
  }
  /** Sends this and no more; answers what came and how long it took until the other side hung up. */
  const dribble = async (url: URL, text: string) => {
    const startedAt = performance.now();
    const socket = connect(Number(url.port), url.hostname);
    let received = '';
    socket.on('data', (part) => {
      received += part.toString();
    });
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(text);
    await closed;
    return { received, ms: performance.now() - startedAt };
  };

  test.each([
    [
      'a body that never ends',
      'POST /taken HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a":',
    ],
    [
      'a chunk that never comes',
      'POST /taken HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
    ],
    ['headers that never end', 'GET /anybody HTTP/1.1\r\nhost: x\r\nx-a: b\r\n'],
    ['nothing at all', ''],
  ])('%s: cut off', async (_what, text) => {
    const { app, url } = await serve({ headersTimeout: 300, requestTimeout: 500, checkEvery: 100 });
    try {
      const { received, ms } = await dribble(url, text);
      expect(ms).toBeLessThan(3_000);
      if (received !== '') expect(received).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      await app.close();
    }
  });

  test('the server of an installation has such limits', async () => {
    const { app } = await serve({});
    try {
      expect(app.server).toMatchObject({
        headersTimeout: 10_000,
        requestTimeout: 20_000,
        maxConnections: 2_000,
        maxRequestsPerSocket: 10_000,
        timeout: 120_000,
        keepAliveTimeout: 72_000,
      });
    } finally {
      await app.close();
    }
  });

  test('one address can’t take all connections', async () => {
    const { app, url } = await serve({ connectionsPerAddress: 5, keepAliveTimeout: 60_000 });
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(Number(url.port), url.hostname);
        socket.on('error', () => {});
        let isOpen = true;
        socket.on('close', () => {
          isOpen = false;
        });
        await new Promise((resolve) => socket.once('connect', resolve));
        return { socket, isOpen: () => isOpen };
      }),
    );
    try {
      await sleep(300);
      expect(sockets.filter((s) => s.isOpen())).toHaveLength(5);
    } finally {
      for (const { socket } of sockets) socket.destroy();
      await app.close();
    }
  });

  test('what anybody may ask is limited by address, and one network of IPv6 is one', async () => {
    const { app } = await serve({});
    const ask = async (remoteAddress: string, count: number) => {
      const all: { statusCode: number }[] = [];
      for (let n = 1; n <= count; n++)
        all.push(
          await app.inject({ url: '/anybody', remoteAddress: remoteAddress.replace('*', n.toString(16)) }),
        );
      return all.filter((a) => a.statusCode === 429).length;
    };
    try {
      expect(await ask('198.51.100.7', 610)).toBe(10);
      expect(await ask('198.51.100.8', 1)).toBe(0);
      expect(await ask('2001:db8:1:2::*', 610)).toBe(10);
    } finally {
      await app.close();
    }
  });

  test('only a proxy that is named is believed who it stands for', async () => {
    const log = pino({ level: 'silent' });
    const app = createServer({ log, trustProxy: ['10.0.0.0/8', '127.0.0.1'] });
    app.get('/who', async (request) => request.ip);
    const who = async (remoteAddress: string, forwarded: string) =>
      (await app.inject({ url: '/who', remoteAddress, headers: { 'x-forwarded-for': forwarded } })).body;
    try {
      expect(await who('10.1.2.3', '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9');
      expect(await who('10.1.2.3', '6.6.6.6, 203.0.113.9, 10.9.9.9')).toBe('203.0.113.9');
      expect(await who('203.0.113.9', '6.6.6.6')).toBe('203.0.113.9');
    } finally {
      await app.close();
    }
  });

  test('an error of ours tells nothing', async () => {
    const app = createServer({ log: pino({ level: 'silent' }), trustProxy: null });
    app.get('/broken', async () => {
      throw new Error('relation "grants" does not exist');
    });
    try {
      const { statusCode, body } = await app.inject('/broken');
      expect([statusCode, body]).toEqual([500, '{"error":"internal fault"}']);
    } finally {
      await app.close();
    }
  });
});

// PostgreSQL takes no NUL in a text: bloxbean/yaci-store#209, hasura/graphql-engine#6782.
test('an address with a NUL character is refused with the reason, at every door, and nothing changes', async () => {
  await walk.isQuiet();
  const before = await walk.rowCounts();
  for (const path of [
    '/scim/v2/Users/a%00b',
    '/scim/v2/Groups?filter=displayName%20eq%20%22a%00%22',
    '/api/changes?person=a%00b',
    '/changes/a%00b',
    '/audit/entries/%00',
    '/step-up/a%00b',
    '/nowhere%00',
  ]) {
    const answer = await at(path, {
      headers: path.startsWith('/scim') ? { authorization: `Bearer ${credentials.scimToken}` } : READ,
    });
    expect([path, answer.status]).toEqual([path, 400]);
    expect(await answer.text()).toContain('NUL character');
  }
  await walk.isQuiet();
  expect(await walk.rowCounts()).toEqual(before);
});
