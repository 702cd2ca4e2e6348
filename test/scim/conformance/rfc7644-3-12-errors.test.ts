import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ERROR, type StartedScim, startScim, TOKEN } from '../start-scim.ts';

let scim: StartedScim;
let user: string;
beforeAll(async () => {
  scim = await startScim();
  user = await scim.createUser('ines@acme.example');
  await scim.createGroup('mulesoft-dev', [user]);
});
afterAll(() => scim.close());

/** Everything that is stored, and how much was observed. */
async function state(): Promise<unknown> {
  const { db } = scim.database;
  return {
    users: await db.selectFrom('scim_users').selectAll().orderBy('id').execute(),
    groups: await db.selectFrom('scim_groups').selectAll().orderBy('id').execute(),
    members: await db.selectFrom('scim_members').selectAll().orderBy('user_id').execute(),
    audit: await db.selectFrom('audit').select('id').execute(),
    observed: scim.observed.length,
  };
}

const valid = { schemas: [CORE_USER], userName: 'new@acme.example' };
const nested = `{"userName":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
type Case = [string, number, string | undefined, () => ReturnType<StartedScim['call']>];

const cases: Case[] = [
  ['no token', 401, undefined, () => scim.call('POST', '/Users', valid, { authorization: null })],
  [
    'wrong token',
    401,
    undefined,
    () => scim.call('POST', '/Users', valid, { authorization: `Bearer ${TOKEN}x` }),
  ],
  ['empty token', 401, undefined, () => scim.call('POST', '/Users', valid, { authorization: 'Bearer ' })],
  ['basic', 401, undefined, () => scim.call('POST', '/Users', valid, { authorization: `Basic ${TOKEN}` })],
  [
    'no token, unknown path',
    401,
    undefined,
    () => scim.call('GET', '/Nothing', undefined, { authorization: null }),
  ],
  ['malformed JSON', 400, 'invalidSyntax', () => scim.call('POST', '/Users', '{"userName": ')],
  ['no body', 400, 'invalidSyntax', () => scim.call('POST', '/Users')],
  ['a list', 400, 'invalidSyntax', () => scim.call('POST', '/Users', [valid])],
  ['deep nesting', 400, 'invalidSyntax', () => scim.call('POST', '/Users', nested)],
  [
    'wrong media type',
    415,
    undefined,
    () => scim.call('POST', '/Users', 'a=b', { 'content-type': 'text/plain' }),
  ],
  [
    'huge body',
    413,
    undefined,
    () => scim.call('POST', '/Users', { ...valid, title: 'x'.repeat(1_100_000) }),
  ],
  ['wrong schemas', 400, 'invalidValue', () => scim.call('POST', '/Users', { ...valid, schemas: ['urn:x'] })],
  [
    'long userName',
    400,
    'invalidValue',
    () => scim.call('POST', '/Users', { ...valid, userName: 'x'.repeat(5_000) }),
  ],
  [
    'number of emails',
    400,
    'invalidValue',
    () => scim.call('POST', '/Users', { ...valid, emails: Array(1_001).fill({ value: 'x' }) }),
  ],
  [
    'two primaries',
    400,
    'invalidValue',
    () =>
      scim.call('POST', '/Users', {
        ...valid,
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      }),
  ],
  ['lone surrogate', 400, 'invalidValue', () => scim.call('POST', '/Users', '{"userName":"\\ud800"}')],
  ['long filter', 400, 'invalidFilter', () => scim.call('GET', `/Users?filter=${'a'.repeat(10_000)}`)],
  [
    'long filter that could be read',
    400,
    'invalidFilter',
    () => scim.call('GET', `/Users?filter=${encodeURIComponent(`title eq "${'a'.repeat(10_000)}"`)}`),
  ],
  [
    'long filter of many parts',
    400,
    'invalidFilter',
    () => scim.call('GET', `/Users?filter=${Array(800).fill('title+pr').join('+or+')}`),
  ],
  [
    'long path',
    400,
    'invalidPath',
    () => scim.patch(`/Users/${user}`, { op: 'remove', path: `emails[value eq "${'a'.repeat(10_000)}"]` }),
  ],
  [
    'long userName in a PATCH',
    400,
    'invalidValue',
    () => scim.patch(`/Users/${user}`, { op: 'replace', value: { userName: 'x'.repeat(5_000) } }),
  ],
  [
    'deep nesting in a PATCH',
    400,
    'invalidSyntax',
    () =>
      scim.call(
        'PATCH',
        `/Users/${user}`,
        `{"Operations":[{"op":"add","value":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}]}`,
      ),
  ],
  ['JSON null', 400, 'invalidSyntax', () => scim.call('POST', '/Users', 'null')],
  ['JSON text', 400, 'invalidSyntax', () => scim.call('POST', '/Users', '"text"')],
  ['JSON cut short', 400, 'invalidSyntax', () => scim.call('PUT', `/Users/${user}`, '{"userName":"x"')],
  [
    'operations that are no list',
    400,
    'invalidSyntax',
    () => scim.call('PATCH', `/Users/${user}`, { Operations: {} }),
  ],
  ['deep filter', 400, 'invalidFilter', () => scim.call('GET', `/Users?filter=${'('.repeat(900)}`)],
  [
    'unclosed string of line breaks',
    400,
    'invalidFilter',
    () => scim.call('GET', `/Users?filter=a%20eq%20%22${'%0A'.repeat(1_900)}`),
  ],
  ['filter twice', 400, 'invalidValue', () => scim.call('GET', '/Users?filter=a&filter=b')],
  [
    'unknown id',
    404,
    undefined,
    () =>
      scim.patch('/Users/11111111-1111-4111-8111-111111111111', { op: 'replace', value: { active: false } }),
  ],
  ['id with SQL', 404, undefined, () => scim.call('DELETE', `/Users/${encodeURIComponent("' or 1=1 --")}`)],
  [
    'stale If-Match',
    412,
    undefined,
    () => scim.call('PUT', `/Users/${user}`, { ...valid }, { 'if-match': 'W/"7"' }),
  ],
  ['no operations', 400, 'invalidSyntax', () => scim.patch(`/Users/${user}`)],
  [
    'too many operations',
    400,
    'invalidSyntax',
    () => scim.patch(`/Users/${user}`, ...Array(1_001).fill({ op: 'replace', value: { title: 'x' } })),
  ],
];

describe('bad input is refused and changes nothing', () => {
  it.each(cases)('RFC 7644 §3.12: %s', async (_name, status, scimType, send) => {
    const before = await state();
    const started = performance.now();
    const { status: answered, body } = await send();
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(answered).toBe(status);
    expect(body).toMatchObject({ schemas: [ERROR], status: String(status), detail: expect.any(String) });
    expect(body.scimType).toBe(scimType);
    expect(await state()).toEqual(before);
  });

  it('RFC 7644 §3.3: a key named __proto__ is an unknown attribute', async () => {
    const { status, body } = await scim.call(
      'POST',
      '/Users',
      '{"userName":"proto@acme.example","__proto__":{"active":false},"constructor":1}',
    );
    expect(status).toBe(201);
    expect(body.active).toBe(true);
  });

  it('RFC 7644 §3.6: a DELETE may name a content type without a body', async () => {
    const id = await scim.createUser('gone@acme.example');
    const { status } = await scim.call('DELETE', `/Users/${id}`, undefined, {
      'content-type': 'application/scim+json',
    });
    expect(status).toBe(204);
  });
});

describe('RFC 7644 section 3.12, errors', () => {
  it.each([
    ['GET', '/Users/11111111-1111-4111-8111-111111111111', 404],
    ['GET', '/Users/no-uuid', 404],
    ['GET', `/Groups/${'x'.repeat(200)}`, 404],
    ['GET', '/Nothing', 404],
    ['DELETE', '/Users', 405],
    ['POST', '/ServiceProviderConfig', 405],
    ['GET', '/Me', 501],
    ['GET', '/Bulk', 405],
    ['GET', '/Users/.search/', 405],
  ])('RFC 7644 §3.12: %s %s is %d with an Error body', async (method, path, status) => {
    const { status: answered, body, headers } = await scim.call(method, path);
    expect(answered).toBe(status);
    expect(body).toMatchObject({ schemas: [ERROR], status: String(status) });
    if (status === 405) expect(headers.get('allow')).toMatch(/GET|POST/);
  });
});
