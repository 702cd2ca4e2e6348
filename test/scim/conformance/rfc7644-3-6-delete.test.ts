import { afterAll, beforeAll, expect, it } from 'vitest';
import { ERROR, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

it('RFC 7644 §3.6: answers 204 without a body, and from then on the resource is not there', async () => {
  const userName = 'gone@acme.example';
  const id = await scim.createUser(userName, { externalId: '00uGone' });
  const { status, body } = await scim.call('DELETE', `/Users/${id}`);
  expect([status, body]).toEqual([204, null]);
  for (const answer of [
    await scim.call('GET', `/Users/${id}`),
    await scim.call('PUT', `/Users/${id}`, { userName }),
    await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: true } }),
    await scim.call('DELETE', `/Users/${id}`),
  ])
    expect(answer.body).toMatchObject({ schemas: [ERROR], status: '404' });
  for (const query of ['filter=userName eq "gone@acme.example"', 'filter=externalId eq "00uGone"', ''])
    expect((await scim.call('GET', `/Users?${query}`)).body.totalResults).toBe(0);
});

it('RFC 7644 §3.6: frees the name: to create it again is no conflict', async () => {
  for (const [path, body] of [
    ['/Users', { userName: 'again@acme.example' }],
    ['/Groups', { displayName: 'again' }],
  ] as const) {
    const first = await scim.call('POST', path, body);
    expect((await scim.call('POST', path, body)).status).toBe(409);
    await scim.call('DELETE', `${path}/${first.body.id}`);
    const second = await scim.call('POST', path, body);
    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.body.id);
    expect(second.body.meta.version).toBe('W/"1"');
  }
});

it('RFC 7644 §3.6: takes a deleted user out of every group, whose versions change', async () => {
  const [one, two] = [await scim.createUser('one@acme.example'), await scim.createUser('two@acme.example')];
  const groups = [await scim.createGroup('first', [one, two]), await scim.createGroup('second', [one])];
  const before = (await scim.call('GET', `/Groups/${groups[0]}`)).body.meta.version;
  await scim.call('DELETE', `/Users/${one}`);
  const now = (await scim.call('GET', `/Groups/${groups[0]}`)).body;
  expect(now.members).toMatchObject([{ value: two }]);
  expect(now.meta.version).not.toBe(before);
  expect(await scim.membersOf(groups[1] as string)).toEqual([]);
  const seen = scim.observed.slice(-2);
  expect(seen.map((o) => o.groupName).sort()).toEqual(['first', 'second']);
  for (const { removed } of seen) expect(removed).toMatchObject([{ scimUserId: one, active: false }]);
});

it('RFC 7644 §3.6: of somebody switched off only the record goes: there is nothing more to observe', async () => {
  const one = await scim.createUser('off@acme.example', { active: false });
  const id = await scim.createGroup('third', [one]);
  const seen = scim.observed.length;
  expect((await scim.call('DELETE', `/Users/${one}`)).status).toBe(204);
  expect(scim.observed.slice(seen).flatMap((o) => o.removed)).toEqual([]);
  expect(await scim.membersOf(id)).toEqual([]);
});
