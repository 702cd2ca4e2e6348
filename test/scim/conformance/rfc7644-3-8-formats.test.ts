import { afterAll, beforeAll, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, ERROR, type StartedScim } from '../start-scim.ts';
import { idsFound, startWithPeople } from './people.ts';

let scim: StartedScim;
let ines: string;
let omar: string;
beforeAll(async () => {
  ({ scim, ines, omar } = await startWithPeople());
});
afterAll(() => scim.close());

it('RFC 7644 §3.8: every answer with a body is application/scim+json in UTF-8, whatever was asked for', async () => {
  for (const accept of ['application/scim+json', 'application/json', '*/*', 'application/scim+json;q=0.9'])
    for (const path of [
      '/Users',
      `/Users/${ines}`,
      '/Users/nobody',
      '/Schemas',
      '/ServiceProviderConfig',
      '/Me',
    ]) {
      const { headers } = await scim.call('GET', path, undefined, { accept });
      expect(headers.get('content-type'), path).toBe('application/scim+json; charset=utf-8');
    }
});

it('RFC 7644 §3.8: takes application/scim+json and application/json, with or without a charset', async () => {
  for (const [n, type] of [
    'application/scim+json',
    'application/json',
    'application/scim+json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/SCIM+JSON',
  ].entries()) {
    const body = { userName: `type${n}@acme.example`, title: 'Ünïcode ✓' };
    const answer = await scim.call('POST', '/Users', body, { 'content-type': type });
    expect(answer.status, type).toBe(201);
    expect(answer.body.title).toBe('Ünïcode ✓');
    await scim.call('DELETE', `/Users/${answer.body.id}`);
  }
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
    const answer = await scim.call('POST', '/Users', '{"userName":"x"}', { 'content-type': type });
    expect(answer.body, type).toMatchObject({ schemas: [ERROR], status: '415' });
  }
});

it('RFC 7644 §3.10: an attribute may be written with its schema’s URN: in filters, sortBy, attributes and paths', async () => {
  expect(await idsFound(scim, `${CORE_USER}:emails[type eq "work"].value sw "ines"`)).toEqual([ines]);
  expect(await idsFound(scim, `${CORE_USER.toUpperCase()}:NAME.GIVENNAME eq "ines"`)).toEqual([ines]);
  expect(await idsFound(scim, `${ENTERPRISE_USER}:manager.value eq "boss"`)).toEqual([ines]);
  const sorted = await scim.call('GET', `/Users?sortBy=${CORE_USER}:userName&sortOrder=descending&count=1`);
  expect(sorted.body.Resources[0].id).toBe(omar);
  const only = await scim.call('GET', `/Users/${ines}?attributes=${CORE_USER}:name.givenName`);
  expect(only.body.name).toEqual({ givenName: 'Ines' });
  expect(only.body).not.toHaveProperty('userName');
  const { body } = await scim.patch(
    `/Users/${ines}`,
    { op: 'replace', path: `${CORE_USER}:name.familyName`, value: 'O' },
    { op: 'add', path: `${CORE_USER}:emails[type eq "work"].display`, value: 'Work' },
    { op: 'replace', path: `${ENTERPRISE_USER}:manager.displayName`, value: 'Boss' },
    { op: 'replace', value: { [`${CORE_USER}:title`]: 'Lead' } },
  );
  expect(body).toMatchObject({
    name: { givenName: 'Ines', familyName: 'O' },
    title: 'Lead',
    [ENTERPRISE_USER]: { department: 'Integration', manager: { value: 'boss', displayName: 'Boss' } },
  });
  expect(body.emails[0]).toMatchObject({ type: 'work', display: 'Work' });
});

it('RFC 7644 §3.13: the protocol’s version is in every address', async () => {
  expect(new URL(scim.url).pathname).toBe('/scim/v2');
  const { body } = await scim.call('GET', `/Users/${ines}`);
  expect(body.meta.location).toBe(`https://latchkey.example/scim/v2/Users/${ines}`);
  const without = await fetch(`${new URL(scim.url).origin}/scim/Users`);
  expect(without.status).toBe(404);
});

it('RFC 7644 §3.2: a method that a path has not is 405 and names those it has', async () => {
  for (const [method, path, allow] of [
    ['DELETE', '/Users', 'GET, POST'],
    ['PATCH', '/Groups', 'GET, POST'],
    ['POST', `/Users/${ines}`, 'GET, PUT, PATCH, DELETE'],
    ['GET', '/Users/.search', 'POST'],
    ['PUT', '/Bulk', 'POST'],
    ['DELETE', '/Schemas', 'GET'],
    ['PATCH', '/ResourceTypes/User', 'GET'],
    ['PUT', '/ServiceProviderConfig', 'GET'],
  ] as const) {
    const { status, body, headers } = await scim.call(
      method,
      path,
      ['GET', 'DELETE'].includes(method) ? undefined : {},
    );
    expect(status, `${method} ${path}`).toBe(405);
    expect(headers.get('allow')).toBe(allow);
    expect(body).toMatchObject({ schemas: [ERROR], status: '405' });
  }
});

it('RFC 7644 §3.11: /Me is 501 for every method', async () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
    expect((await scim.call(method, '/Me', method === 'GET' ? undefined : {})).body).toMatchObject({
      schemas: [ERROR],
      status: '501',
    });
});
