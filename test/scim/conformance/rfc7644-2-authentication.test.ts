import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken, revokeToken } from '../../../src/scim/tokens.ts';
import { ERROR, type StartedScim, startScim, TOKEN } from '../start-scim.ts';

let scim: StartedScim;
let user: string;
beforeAll(async () => {
  scim = await startScim();
  user = await scim.createUser('ines@acme.example');
});
afterAll(() => scim.close());

/** Tokens that are not good, or not good any more. */
const made = async (name: string, days: number | null) => {
  const token = await createToken(scim.database.db, { source: 'okta', name, days });
  if (token === null) throw new Error(`${name} is taken`);
  return token;
};
const expired = async () => {
  const { id, token } = await made('expired', 1);
  await sql`update scim_tokens set expires_at = clock_timestamp() - interval '1 second' where id = ${id}`.execute(
    scim.database.db,
  );
  return `Bearer ${token}`;
};
const revoked = async () => {
  const { id, token } = await made('revoked', null);
  await revokeToken(scim.database.db, id);
  return `Bearer ${token}`;
};
const refusals: [string, () => Promise<string | null>][] = [
  ['no token', async () => null],
  ['another token', async () => 'Bearer other'],
  ['a token with something behind it', async () => `Bearer ${TOKEN}x`],
  ['a token without its end', async () => `Bearer ${TOKEN.slice(0, -1)}`],
  ['no scheme', async () => TOKEN],
  ['another scheme', async () => `Basic ${Buffer.from(`okta:${TOKEN}`).toString('base64')}`],
  ['an empty token', async () => 'Bearer '],
  ['a huge token', async () => `Bearer ${'x'.repeat(8_000)}`],
  ['an expired token', expired],
  ['a revoked token', revoked],
];

describe.each(refusals)('%s', (_name, authorization) => {
  it('RFC 7644 §2, §3.12: is 401 with WWW-Authenticate and an Error everywhere, and does nothing', async () => {
    const headers = { authorization: await authorization() };
    for (const [method, path, body] of [
      ['GET', '/Users', undefined],
      ['GET', `/Users/${user}`, undefined],
      ['GET', '/Users/11111111-1111-4111-8111-111111111111', undefined],
      ['POST', '/Users', { userName: 'new@acme.example' }],
      ['PUT', `/Users/${user}`, { userName: 'new@acme.example' }],
      ['PATCH', `/Users/${user}`, { Operations: [{ op: 'replace', value: { active: false } }] }],
      ['DELETE', `/Users/${user}`, undefined],
      ['POST', '/Bulk', { Operations: [{ method: 'DELETE', path: `/Users/${user}` }] }],
      ['POST', '/.search', {}],
      ['GET', '/ServiceProviderConfig', undefined],
      ['GET', '/Nothing', undefined],
      ['POST', '/Users', '{"not JSON'],
    ] as const) {
      const answer = await scim.call(method, path, body, headers);
      expect(answer.status, `${method} ${path}`).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);
      expect(answer.body).toEqual({ schemas: [ERROR], status: '401', detail: expect.stringMatching(/./) });
    }
    const { body } = await scim.call('GET', '/Users');
    expect(body.Resources).toMatchObject([{ id: user, active: true, userName: 'ines@acme.example' }]);
  });
});

it('RFC 7644 §2: the scheme’s name is read in any case', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER'])
    expect(
      (await scim.call('GET', '/Users', undefined, { authorization: `${scheme} ${TOKEN}` })).status,
    ).toBe(200);
});
