import { afterAll, beforeAll, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, ERROR, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
let serial = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const NOBODY = '11111111-1111-4111-8111-111111111111';
const user = async (more: Record<string, unknown> = {}) => {
  const userName = `user${serial++}@acme.example`;
  return { userName, id: await scim.createUser(userName, more) };
};

it('RFC 7644 §3.5.1: replaces all: what is not sent is unassigned, except active', async () => {
  const { userName, id } = await user({
    title: 'Lead',
    active: false,
    emails: [{ value: 'x@acme.example' }],
    [ENTERPRISE_USER]: { department: 'Integration' },
  });
  const { status, body, headers } = await scim.call('PUT', `/Users/${id}`, {
    schemas: [CORE_USER],
    userName,
    nickName: 'U',
  });
  expect(status).toBe(200);
  expect(body).toEqual({
    schemas: [CORE_USER],
    id,
    userName,
    nickName: 'U',
    // A PUT that says nothing must not bring back somebody who was deactivated.
    active: false,
    groups: [],
    meta: expect.objectContaining({ version: 'W/"2"' }),
  });
  expect(headers.get('etag')).toBe('W/"2"');
  expect(headers.get('location')).toBe(body.meta.location);
});

it('RFC 7644 §3.5.1: the same twice is one change', async () => {
  const { userName, id } = await user();
  const sent = {
    userName,
    emails: [{ type: 'work', value: 'x@acme.example' }],
    name: { givenName: 'A', familyName: 'B' },
  };
  const first = await scim.call('PUT', `/Users/${id}`, sent);
  const again = await scim.call('PUT', `/Users/${id}`, {
    name: { familyName: 'B', givenName: 'A' },
    emails: [{ value: 'x@acme.example', type: 'work' }],
    userName,
  });
  expect(again.body).toEqual(first.body);
});

it('RFC 7644 §3.5.1: keeps an extension only when it is sent', async () => {
  const { userName, id } = await user({ [ENTERPRISE_USER]: { department: 'Integration', division: 'EU' } });
  const kept = await scim.call('PUT', `/Users/${id}`, { userName, [ENTERPRISE_USER]: { division: 'US' } });
  expect(kept.body[ENTERPRISE_USER]).toEqual({ division: 'US' });
  const gone = await scim.call('PUT', `/Users/${id}`, { userName });
  expect(gone.body).toMatchObject({ schemas: [CORE_USER] });
});

it('RFC 7644 §3.5.1: never creates: 404 for who is not there', async () => {
  for (const [path, body] of [
    [`/Users/${NOBODY}`, { userName: 'put@acme.example' }],
    ['/Users/mine', { userName: 'put@acme.example' }],
    [`/Groups/${NOBODY}`, { displayName: 'put' }],
  ] as const)
    expect((await scim.call('PUT', path, body)).body).toMatchObject({ schemas: [ERROR], status: '404' });
  expect((await scim.call('GET', '/Users?filter=userName sw "put"')).body.totalResults).toBe(0);
});

it('RFC 7644 §3.5.1: without what is required, or with another’s name, nothing changes', async () => {
  const other = await user();
  const { userName, id } = await user({ title: 'Lead' });
  const before = (await scim.call('GET', `/Users/${id}`)).body;
  for (const [body, status, scimType] of [
    [{ title: 'x' }, '400', 'invalidValue'],
    [{ userName: null, title: 'x' }, '400', 'invalidValue'],
    [{ userName: other.userName.toUpperCase(), title: 'x' }, '409', 'uniqueness'],
    [{ userName, title: { a: 1 } }, '400', 'invalidValue'],
    [{ userName, schemas: [CORE_GROUP] }, '400', 'invalidValue'],
  ] as const)
    expect((await scim.call('PUT', `/Users/${id}`, body)).body).toMatchObject({ status, scimType });
  expect((await scim.call('GET', `/Users/${id}`)).body).toEqual(before);
  const own = await scim.call('PUT', `/Users/${id}`, { userName: userName.toUpperCase() });
  expect(own.body.userName).toBe(userName.toUpperCase());
});

it('RFC 7644 §3.5.1: a group’s members are those sent; unsaid they stay, null or [] is nobody', async () => {
  const [a, b, c] = [(await user()).id, (await user()).id, (await user()).id];
  const displayName = `group ${serial++}`;
  const id = await scim.createGroup(displayName, [a, b]);
  const put = (members?: unknown) => scim.call('PUT', `/Groups/${id}`, { displayName, members });
  expect((await put([{ value: b }, { value: c }, { value: c }])).status).toBe(200);
  expect(await scim.membersOf(id)).toEqual([b, c].sort());
  const seen = scim.observed.length;
  const before = (await scim.call('GET', `/Groups/${id}`)).body;
  expect((await put()).body).toEqual(before);
  expect((await put([{ value: c }, { value: b }])).body).toEqual(before);
  expect(scim.observed).toHaveLength(seen);
  expect((await put([])).body.members).toEqual([]);
  await put([{ value: a }]);
  expect((await put(null)).body.members).toEqual([]);
});

it('RFC 7644 §3.5.1, §3.9: answers what attributes asks for', async () => {
  const { userName, id } = await user();
  const { body } = await scim.call('PUT', `/Users/${id}?attributes=title`, { userName, title: 'Lead' });
  expect(body).toEqual({ schemas: [CORE_USER], id, title: 'Lead' });
});
