import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asked, type Journey, setOut } from '../../journeys/journey.ts';
import type { Stage } from '../../stage.ts';

type Parameter = { name: string; schema: object };
type Description = {
  openapi: string;
  paths: Record<
    string,
    {
      get: {
        parameters: Parameter[];
        responses: Record<200 | 400 | 401, { content: Record<string, { schema: object }> }>;
      };
    }
  >;
};

let stage: Stage;
let walk: Journey;
let asked: Asked;
let description: Description;

beforeAll(async () => {
  ({ stage, walk } = await setOut({ idp: 'okta' }));
  asked = await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'stuck orders' });
  await walk.asks('erik', { entitlement: 'payments-api-read', reason: 'a failed payout' });
  description = (await (await read('/api/openapi.json')).json()) as Description;
});
afterAll(() => stage.close());

const read = (path: string, token = 'read-token-for-tests') =>
  fetch(`${stage.latchkey.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
const rowsOf = async (path: string) => {
  const body = (await (await read(path)).json()) as Record<string, unknown>;
  const [rows] = Object.values(body).filter(Array.isArray);
  return { rows: (rows ?? []) as Record<string, unknown>[], next: body.next as string | null };
};

test('every list answers as the description says, and nobody is answered without the token', async () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const paths = Object.keys(description.paths);
  expect(description.openapi).toBe('3.1.0');
  expect(paths).toEqual(expect.arrayContaining(['/api/changes', '/api/access', '/api/audit', '/api/health']));
  for (const path of paths) {
    const answer = await read(path);
    const schema = description.paths[path]?.get.responses[200].content['application/json']?.schema ?? {};
    const body = await answer.json();
    expect([path, answer.status, ajv.validate(schema, body), ajv.errorsText()]).toEqual([
      path,
      200,
      true,
      'No errors',
    ]);
    expect((await read(path, 'wrong')).status, path).toBe(401);
  }
});

test('a list is read to its end portion by portion, each row once', async () => {
  const { rows: all } = await rowsOf('/api/audit?limit=500&type=changeReceived');
  const found: unknown[] = [];
  let after: string | null = '';
  while (after !== null) {
    const query = new URLSearchParams({ limit: '1', type: 'changeReceived', after });
    const { rows, next } = await rowsOf(`/api/audit?${query}`);
    found.push(...rows);
    after = next;
  }
  expect(found).toEqual(all);
  expect(found.length).toBeGreaterThanOrEqual(2);
});

test('the filters of the page are the parameters, and one that can’t be is refused in words', async () => {
  expect((await rowsOf('/api/access?person=ines')).rows).toMatchObject([
    { email: 'ines@acme.example', inMuleSoft: 'seen in MuleSoft', changeId: asked.id },
  ]);
  expect((await rowsOf('/api/changes?is=waiting')).rows).toMatchObject([
    { person: { name: 'Erik Lind' }, timeline: expect.any(Array) },
  ]);
  const refused = await read('/api/changes?is=everything');
  expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
    400,
    expect.stringContaining('is'),
  ]);
});

test.each([
  'limit=0',
  'limit=-1',
  'limit=501',
  'limit=1e2',
  'limit=ten',
  'limit=5&limit=6',
  'after=nonsense',
  'after=2026-01-01 00:00:00+00_1; drop table people',
  'after=2026-13-01 00:00:00+00_b0000000-0000-4000-8000-000000000001',
  'after=9999999-01-01 00:00:00+00_b0000000-0000-4000-8000-000000000001',
  'from=yesterday',
  'from=2026-02-30',
  'person=%ED%A0%80&person=x',
  'entitlement=nothing',
  'unknown=1',
  '__proto__=1',
])('%s is refused in the words of the description, and nobody without a token learns more', async (query) => {
  const ajv = new Ajv2020({ strict: false });
  const { responses } = description.paths['/api/changes']?.get ?? {};
  for (const [status, token] of [
    [400, 'read-token-for-tests'],
    [401, 'wrong'],
  ] as const) {
    const answer = await read(`/api/changes?${query}`, token);
    const body = await answer.json();
    const schema = responses?.[status].content['application/json']?.schema ?? false;
    expect([answer.status, ajv.validate(schema, body), body]).toEqual([status, true, body]);
  }
});

test('who reads the audit by the token is in it', async () => {
  await read('/api/audit?person=ines');
  const [entry] = await walk.query(
    "select actor, data from audit where type = 'auditRead' order by id desc limit 1",
  );
  expect(entry).toEqual({
    actor: { part: 'read token' },
    data: { of: 'Audit (JSON)', asked: 'person=ines' },
  });
});
