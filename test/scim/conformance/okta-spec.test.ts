import { afterAll, beforeAll, expect, it } from 'vitest';
import { CORE_USER, ERROR, type Response, type StartedScim, startScim, TOKEN } from '../start-scim.ts';

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

let scim: StartedScim;
let first: string;
let created: string;
beforeAll(async () => {
  scim = await startScim();
  // The suite wants one complete user to be there.
  first = await scim.createUser('there@acme.example', {
    name: { givenName: 'There', familyName: 'Already' },
    emails: [{ primary: true, value: 'there@acme.example', type: 'work' }],
  });
});
afterAll(() => scim.close());

/**
 * The requests and assertions of okta-developer-docs, standards/SCIM/SCIMFiles/Okta-SCIM-20-SPEC-Test.json, in turn.
 */
const headers = {
  'accept-charset': 'utf-8',
  'content-type': 'application/scim+json; charset=utf-8',
  accept: 'application/scim+json',
  authorization: `Bearer ${TOKEN}`,
  'user-agent': 'OKTA SCIM Integration',
};
const get = (path: string, more: Record<string, string> = {}): Promise<Response> =>
  scim.call('GET', encodeURI(path), undefined, { ...headers, ...more });
const post = (body: unknown): Promise<Response> =>
  scim.call('POST', '/Users', body, {
    'content-type': 'application/json',
    accept: 'application/scim+json; charset=utf-8',
  });
const random = {
  schemas: [CORE_USER],
  userName: 'Runscope.4711@acme.example',
  name: { givenName: 'Runscope', familyName: 'Tester' },
  emails: [{ primary: true, value: 'runscope.4711@acme.example', type: 'work' }],
  displayName: 'Runscope Tester',
  active: true,
};
const complete = {
  id: expect.stringMatching(/./),
  name: { familyName: expect.stringMatching(/./), givenName: expect.stringMatching(/./) },
  userName: expect.stringMatching(/./),
  active: expect.any(Boolean),
  emails: [{ value: expect.stringMatching(/./) }],
};
const notThere = (body: unknown) =>
  expect(body).toMatchObject({ schemas: [ERROR], status: '404', detail: expect.stringMatching(/./) });

it('RFC 7644 §3.4.2.4, Okta’s suite 1: test Users endpoint', async () => {
  const { status, body } = await get('/Users?count=1&startIndex=1');
  expect(status).toBe(200);
  expect(body).toMatchObject({ schemas: [LIST], itemsPerPage: 1, startIndex: 1, totalResults: 1 });
  expect(body.Resources).toMatchObject([complete]);
});

it('RFC 7644 §3.4.1, Okta’s suite 2: get Users/{{id}}', async () => {
  const { status, body } = await get(`/Users/${first}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ ...complete, id: first });
});

it('RFC 7644 §3.4.2, Okta’s suite 3: test invalid User by username', async () => {
  const { status, body } = await get('/Users?filter=userName eq "abcdefgh@atko.example"');
  expect(status).toBe(200);
  expect(body).toMatchObject({ schemas: [LIST], totalResults: 0 });
});

it('RFC 7644 §3.12, Okta’s suite 4: test invalid User by ID', async () => {
  const { status, body } = await get('/Users/010101001010101011001010101011');
  expect(status).toBe(404);
  notThere(body);
});

it('RFC 7644 §3.4.2, Okta’s suite 5: make sure random user doesn’t exist', async () => {
  const { status, body } = await get(`/Users?filter=userName eq "${random.emails[0]?.value}"`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ schemas: [LIST], totalResults: 0 });
});

it('RFC 7644 §3.3, Okta’s suite 6: create Okta user with realistic values', async () => {
  const { status, body } = await post(random);
  expect(status).toBe(201);
  expect(body).toMatchObject({ active: true, id: expect.stringMatching(/./), name: random.name });
  expect(body).toMatchObject({ schemas: [CORE_USER], userName: random.userName });
  created = body.id;
});

it('RFC 7644 §3.4.1, Okta’s suite 7: verify that user was created', async () => {
  const { status, body } = await get(`/Users/${created}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ userName: random.userName, name: random.name });
});

it('RFC 7644 §3.3, Okta’s suite 8: expect failure when recreating user with same values', async () => {
  const { status } = await post({ ...random, emails: [{ ...random.emails[0], value: random.userName }] });
  expect(status).toBe(409);
});

it('RFC 7644 §3.4.2.2, Okta’s suite 9: username case sensitivity check', async () => {
  const { status, body } = await get(`/Users?filter=userName eq "${random.userName.toUpperCase()}"`);
  expect(status).toBe(200);
  expect(body.Resources).toMatchObject([{ id: created }]);
});

it('RFC 7644 §3.4.2, Okta’s suite 10: verify Groups endpoint', async () => {
  const { status, body } = await get('/Groups');
  expect(status).toBe(200);
  expect(body).toMatchObject({ totalResults: 0, Resources: [] });
});

it('RFC 7644 §2, Okta’s suite 11: check status 401', async () => {
  const path = `/Users?filter=userName eq "${random.userName.toUpperCase()}"`;
  const { status, body } = await get(path, { authorization: 'non-token' });
  expect(status).toBe(401);
  expect(body).toMatchObject({ schemas: [ERROR], status: '401', detail: expect.stringMatching(/./) });
});

it('RFC 7644 §3.12, Okta’s suite 12: check status 404', async () => {
  const { status, body } = await get('/Users/00919288221112222');
  expect(status).toBe(404);
  notThere(body);
});
