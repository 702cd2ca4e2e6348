import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ERROR, PATCH_OP } from '../start-scim.ts';
import { type Body, type Client, fresh, type Requirement, spoken, startClient } from './suite.ts';

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const a = { type: 'work', value: 'a@acme.example' };
const b = { type: 'home', value: 'b@acme.example' };
const ok = (status: number) => expect([200, 204]).toContain(status);
const names = (list: Body): string[] => list.Resources.map((one: Body) => one.userName);
const bulk = async (c: Client, ...Operations: unknown[]) =>
  await c.send('POST', '/Bulk', { schemas: [BULK], Operations });
const post = (more: Record<string, unknown> = {}) => ({
  method: 'POST',
  path: '/Users',
  bulkId: fresh('bulk'),
  data: { schemas: [CORE_USER], userName: fresh(), ...more },
});

/** Every testable requirement that scim2/test-suite takes from RFC 7644, by its section and line there. */
const requirements: Requirement[] = [
  [
    '2 L307',
    'who sends no token is told which way there is',
    async (c) => {
      const { status, headers } = await c.send('GET', '/Users', undefined, { authorization: '' });
      expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Bearer/)]);
    },
  ],
  [
    '3.1 L436, L439',
    'messages have URNs of their own, which /Schemas does not list',
    async (c) => {
      const ids = (await c.get('/Schemas')).body.Resources.map((one: Body) => one.id as string);
      expect(ids.filter((id: string) => id.startsWith('urn:ietf:params:scim:api:'))).toEqual([]);
      for (const { body } of [await c.get('/Users'), await c.get('/Users/nobody')])
        expect(body.schemas[0]).toMatch(/^urn:ietf:params:scim:api:/);
    },
  ],
  [
    '3.11 L3683',
    '/Me is not offered, and says so',
    async (c) => {
      expect((await c.get('/Me')).status).toBe(501);
    },
  ],
  [
    '3.12 L3707',
    'an error is JSON with its status as a text',
    async (c) => {
      const { body } = await c.get('/Users/nobody');
      expect(body).toMatchObject({ schemas: [ERROR], status: '404' });
    },
  ],
  [
    '3.13 L3956',
    'a version that is not there is refused',
    async (c) => {
      const { id, userName } = await c.hired();
      const sent = { schemas: [CORE_USER], userName };
      const { status } = await c.send('PUT', `/Users/${id}`, sent, { 'if-match': 'W/"wrong-version"' });
      expect(status).toBe(412);
    },
  ],
  [
    '3.14 L3967',
    'the entity tag is a header',
    async (c) => {
      const made = await c.hired();
      const { headers, body } = await c.get(`/Users/${made.id}`);
      expect(headers.get('etag')).toBe(body.meta.version);
    },
  ],
  [
    '3.2 L490; 3.5.1 L1637',
    'a PUT creates nothing',
    async (c) => {
      const userName = fresh();
      const path = '/Users/11111111-1111-4111-8111-111111111111';
      expect((await c.send('PUT', path, { schemas: [CORE_USER], userName })).status).toBe(404);
      expect((await c.find(`userName eq "${userName}"`)).body.totalResults).toBe(0);
    },
  ],
  [
    '3.3 L584',
    'what is read-only is ignored in a POST',
    async (c) => {
      const made = await c.user({
        id: 'mine',
        meta: { created: '1999-01-01T00:00:00Z' },
        groups: [{ value: 'x' }],
      });
      expect(made.id).not.toBe('mine');
      expect(made.meta.created).not.toContain('1999');
      expect(made.groups).toEqual([]);
    },
  ],
  [
    '3.3 L602, L603, L605',
    'a POST answers 201 with the resource and where it is',
    async (c) => {
      const userName = fresh();
      const { status, body, headers } = await c.send('POST', '/Users', { schemas: [CORE_USER], userName });
      expect([status, body.userName]).toEqual([201, userName]);
      expect(headers.get('location')).toBe(body.meta.location);
    },
  ],
  [
    '3.3 L625',
    'what is there already is 409, uniqueness',
    async (c) => {
      const { userName } = await c.hired();
      const { status, body } = await c.send('POST', '/Users', { schemas: [CORE_USER], userName });
      expect([status, body.scimType]).toEqual([409, 'uniqueness']);
    },
  ],
  [
    '3.3.1 L712',
    'meta.resourceType is that of the endpoint',
    async (c) => {
      const made = [await c.user({ meta: { resourceType: 'Group' } }), await c.group()];
      expect(made.map(({ meta }) => meta.resourceType)).toEqual(['User', 'Group']);
    },
  ],
  [
    '3.4.2 L817, L847',
    'a query answers a list, also of none',
    async (c) => {
      const { status, body } = await c.find('userName eq "nobody-at-all"');
      expect(status).toBe(200);
      expect(body).toMatchObject({ schemas: [LIST], totalResults: 0 });
    },
  ],
  [
    '3.4.2.1 L912',
    'many results are paged, never too many: no tooMany',
    async (c) => {
      const { status, body } = await c.get('/Users?count=100000');
      expect(status).toBe(200);
      expect(body.itemsPerPage).toBeLessThanOrEqual(body.totalResults);
    },
  ],
  [
    '3.4.2.1 L918',
    'a query over all types takes a filter',
    async (c) => {
      const { id } = await c.group();
      const { status, body } = await c.get(`/?filter=${encodeURIComponent(`id eq "${id}" and id pr`)}`);
      expect([status, body.schemas, body.totalResults]).toEqual([200, [LIST], 1]);
    },
  ],
  [
    '3.4.2.2 L944',
    'a filter finds',
    async (c) => {
      const { userName } = await c.hired();
      expect(names((await c.find(`userName eq "${userName}"`)).body)).toEqual([userName]);
    },
  ],
  [
    '3.4.2.2 L1001',
    'no boolean is greater than another',
    async (c) => {
      for (const op of ['gt', 'ge', 'lt', 'le']) {
        const { status, body } = await c.find(`active ${op} true`);
        expect([status, body.scimType]).toEqual([400, 'invalidFilter']);
      }
    },
  ],
  [
    '3.4.2.2 L1127, L1208',
    'what is no filter is invalidFilter',
    async (c) => {
      for (const filter of ['(((', 'userName regex "test"', 'userName', 'and', '']) {
        const { status, body } = await c.find(filter);
        expect([filter, status, body.scimType]).toEqual([filter, 400, 'invalidFilter']);
      }
    },
  ],
  [
    '3.4.2.2 L1197',
    'a complex attribute is filtered by its parts',
    async (c) => {
      const familyName = fresh('family');
      const { userName } = await c.user({ name: { familyName } });
      expect(names((await c.find(`name.familyName eq "${familyName}"`)).body)).toEqual([userName]);
      expect((await c.find('name.givenName pr')).status).toBe(200);
      expect((await c.find('name eq "x"')).status).toBe(400);
    },
  ],
  [
    '3.4.2.2 L1217',
    'a userName is found in any case',
    async (c) => {
      const { userName } = await c.hired();
      expect(names((await c.find(`userName eq "${userName.toUpperCase()}"`)).body)).toEqual([userName]);
    },
  ],
  [
    '3.4.2.3 L1319, L1321',
    'a sort is ascending unless told, and ignores case where case means nothing',
    async (c) => {
      const tag = fresh('sort');
      for (const name of ['charlie', 'Bob', 'alice']) await c.user({ userName: `${name}-${tag}` });
      const sorted = async (more: string) =>
        names((await c.find(`userName ew "${tag}"`, `&sortBy=userName${more}`)).body).map((n) => n[0]);
      expect(await sorted('')).toEqual(['a', 'B', 'c']);
      expect(await sorted('&sortOrder=ascending')).toEqual(['a', 'B', 'c']);
      expect(await sorted('&sortOrder=descending')).toEqual(['c', 'B', 'a']);
    },
  ],
  [
    '3.4.2.4 L1358, L1363',
    'a startIndex below 1 is 1, and a page never holds more than was asked for',
    async (c) => {
      await c.hired();
      await c.hired();
      for (const startIndex of [0, -1, -2147483648]) {
        const { body } = await c.get(`/Users?startIndex=${startIndex}&count=1`);
        expect([body.startIndex, body.Resources.length]).toEqual([1, 1]);
      }
    },
  ],
  [
    '3.4.2.5 L1438, L1449; 3.9 L3596',
    'attributes and excludedAttributes choose, and what always comes always comes',
    async (c) => {
      const { id } = await c.user({ displayName: 'x', title: 'y' });
      const keys = async (query: string) => Object.keys((await c.get(`/Users/${id}?${query}`)).body).sort();
      expect(await keys('attributes=userName')).toEqual(['id', 'schemas', 'userName']);
      expect(await keys('excludedAttributes=displayName,id,schemas,meta,groups,active,title')).toEqual([
        'id',
        'schemas',
        'userName',
      ]);
    },
  ],
  [
    '3.4.3 L1476',
    'a search by POST has its schema, and answers a list',
    async (c) => {
      const { userName } = await c.hired();
      const filter = `userName eq "${userName}"`;
      const { status, body } = await c.send('POST', '/Users/.search', { schemas: [SEARCH], filter });
      expect([status, body.schemas, names(body)]).toEqual([200, [LIST], [userName]]);
      expect((await c.send('POST', '/Users/.search', { schemas: [LIST], filter })).status).toBe(400);
    },
  ],
  [
    '3.5 L1607, L1609; 3.5.1 L1644, L1665, L1667',
    'a PUT replaces what can be written, ignores what can’t, and needs what is required',
    async (c) => {
      const made = await c.user({ title: 'Old', nickName: 'Old' });
      const { status, body } = await c.put(made, { title: 'New', id: 'x', meta: { created: 'x' } });
      expect([status, body.title, body.id]).toEqual([200, 'New', made.id]);
      expect(body).not.toHaveProperty('nickName');
      expect((await c.send('PUT', `/Users/${made.id}`, { schemas: [CORE_USER], title: 'z' })).status).toBe(
        400,
      );
    },
  ],
  [
    '3.5.1 L1660; 3.5.2 L1888',
    'an id is not changed, by PUT or by PATCH',
    async (c) => {
      const made = await c.hired();
      await c.put(made, { id: 'different-id-value' });
      const { status, now } = await c.patched(`/Users/${made.id}`, {
        op: 'replace',
        path: 'id',
        value: 'hacked-id',
      });
      expect([status, now.id]).toEqual([400, made.id]);
    },
  ],
  [
    '3.5.2 L1805, L1808, L1810, L1886, L1939; 3.5.2.1 L1972',
    'a PATCH has its schema and operations, each with one op, and answers 200 or 204',
    async (c) => {
      const { id } = await c.hired();
      const path = `/Users/${id}`;
      for (const [op, name] of [
        ['add', 'nickName'],
        ['replace', 'displayName'],
      ] as const) {
        const { status, now } = await c.patched(path, { op, path: name, value: 'Patched' });
        ok(status);
        expect(now[name]).toBe('Patched');
      }
      for (const wrong of [
        { schemas: [LIST], Operations: [{ op: 'add', path: 'title', value: 'x' }] },
        { schemas: [PATCH_OP] },
        { schemas: [PATCH_OP], Operations: [] },
        { schemas: [PATCH_OP], Operations: [{ path: 'title', value: 'x' }] },
        { schemas: [PATCH_OP], Operations: [{ op: 'move', path: 'title', value: 'x' }] },
        { schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'title' }] },
      ])
        expect((await c.send('PATCH', path, wrong)).status, JSON.stringify(wrong)).toBe(400);
    },
  ],
  [
    '3.5.2 L1927',
    'who becomes primary takes that from the others',
    async (c) => {
      const { id } = await c.user({ emails: [{ ...a, primary: true }, b] });
      const { now } = await c.patched(`/Users/${id}`, {
        op: 'replace',
        path: 'emails[type eq "home"].primary',
        value: true,
      });
      expect(now.emails).toEqual([
        { ...a, primary: false },
        { ...b, primary: true },
      ]);
    },
  ],
  [
    '3.5.2 L1931, L1933',
    'a PATCH is done whole or not at all',
    async (c) => {
      const made = await c.user({ displayName: 'Before' });
      for (const wrong of [
        { op: 'replace', path: 'id', value: 'invalid-id-change' },
        { op: 'remove', path: 'userName' },
      ]) {
        const first = { op: 'replace', path: 'displayName', value: 'Should Not Persist' };
        const { status, now } = await c.patched(`/Users/${made.id}`, first, wrong);
        expect([status, now]).toEqual([400, made]);
      }
    },
  ],
  [
    '3.5.2.1 L1988',
    'an add to a complex attribute says its parts',
    async (c) => {
      const { id } = await c.user({ name: { honorificPrefix: 'Dr.' } });
      const value = { givenName: 'Test', familyName: 'User' };
      const { status, now } = await c.patched(`/Users/${id}`, { op: 'add', path: 'name', value });
      ok(status);
      expect(now.name).toEqual({ honorificPrefix: 'Dr.', ...value });
    },
  ],
  [
    '3.5.2.1 L2004',
    'an add of what is there changes no time',
    async (c) => {
      const made = await c.user({ displayName: 'Existing Value', emails: [a] });
      const { status, now } = await c.patched(
        `/Users/${made.id}`,
        { op: 'add', path: 'displayName', value: 'Existing Value' },
        { op: 'add', path: 'emails', value: [a] },
      );
      ok(status);
      expect(now).toEqual(made);
    },
  ],
  [
    '3.5.2.2 L2146, L2151',
    'what is removed is unassigned',
    async (c) => {
      const { id } = await c.user({ nickName: 'x', emails: [a, b] });
      const { now } = await c.patched(
        `/Users/${id}`,
        { op: 'remove', path: 'nickName' },
        { op: 'remove', path: 'emails' },
      );
      for (const name of ['nickName', 'emails']) expect(now).not.toHaveProperty(name);
    },
  ],
  [
    '3.5.2.2 L2167',
    'what is required or read-only can’t be removed: mutability',
    async (c) => {
      const { id } = await c.hired();
      for (const path of ['userName', 'id', 'meta']) {
        const { status, answer } = await c.patched(`/Users/${id}`, { op: 'remove', path });
        expect([path, status, answer?.scimType]).toEqual([path, 400, 'mutability']);
      }
    },
  ],
  [
    '3.5.2.3 L2376',
    'a replace of what is not there adds it',
    async (c) => {
      const { id } = await c.user();
      const { now } = await c.patched(`/Users/${id}`, { op: 'replace', path: 'nickName', value: 'New' });
      expect(now.nickName).toBe('New');
    },
  ],
  [
    '3.5.2.3 L2387',
    'a replace with a filter replaces what it selects',
    async (c) => {
      const { id } = await c.user({ emails: [a, b] });
      const value = 'newwork@acme.example';
      const operation = { op: 'replace', path: 'emails[type eq "work"].value', value };
      expect((await c.patched(`/Users/${id}`, operation)).now.emails).toEqual([{ ...a, value }, b]);
    },
  ],
  [
    '3.5.2.3 L2396',
    'a replace with a filter that selects nothing, of no usual kind either, is noTarget',
    async (c) => {
      const { id } = await c.user({ emails: [a] });
      for (const path of ['emails[type eq "nonexistent"].value', 'emails[value co "zzz"].value']) {
        const { status, answer, now } = await c.patched(`/Users/${id}`, { op: 'replace', path, value: 'x' });
        expect([status, answer.scimType, now.emails]).toEqual([400, 'noTarget', [a]]);
      }
      // Entra replaces the first of the usual ones too.
      const first = { op: 'Replace', path: 'emails[type eq "other"].value', value: 'o@acme.example' };
      expect((await c.patched(`/Users/${id}`, first)).now.emails).toHaveLength(2);
    },
  ],
  [
    '3.6 L2642, L2644, L2657',
    'what is deleted is gone for every operation and every query',
    async (c) => {
      const made = await c.hired();
      const path = `/Users/${made.id}`;
      expect((await c.send('DELETE', path)).status).toBe(204);
      const Operations = [{ op: 'replace', path: 'title', value: 'x' }];
      const statuses = [
        await c.get(path),
        await c.put(made),
        await c.send('PATCH', path, { schemas: [PATCH_OP], Operations }),
        await c.send('DELETE', path),
      ].map(({ status }) => status);
      expect(statuses).toEqual([404, 404, 404, 404]);
      expect((await c.find(`userName eq "${made.userName}"`)).body.totalResults).toBe(0);
    },
  ],
  [
    '3.7 L2775, L2779, L2789; 3.7.3 L3201, L3206',
    'a Bulk goes on after an error and answers each operation, with its bulkId and status',
    async (c) => {
      const [one, last] = [post(), post()];
      const taken = { ...post({ userName: one.data.userName }) };
      const { status, body } = await bulk(c, one, taken, last);
      expect(status).toBe(200);
      expect(body.Operations.map((done: Body) => [done.bulkId, done.status])).toEqual([
        [one.bulkId, '201'],
        [taken.bulkId, '409'],
        [last.bulkId, '201'],
      ]);
    },
  ],
  [
    '3.7.1 L2814',
    'references in a circle are resolved; groups hold users only, so that each such group is refused by itself',
    async (c) => {
      const circle = (own: string, other: string) => ({
        method: 'POST',
        path: '/Groups',
        bulkId: own,
        data: {
          schemas: [CORE_GROUP],
          displayName: fresh('circle'),
          members: [{ value: `bulkId:${other}`, type: 'Group' }],
        },
      });
      const { status, body } = await bulk(c, circle('A', 'B'), circle('B', 'A'));
      expect(status).toBe(200);
      expect(body.Operations.map((done: Body) => done.bulkId).sort()).toEqual(['A', 'B']);
      for (const { status: each } of body.Operations) expect(each).toMatch(/^4/);
    },
  ],
  [
    '3.7.4 L3495, L3499',
    'the limits of a Bulk are told, and kept',
    async (c) => {
      const limits = (await c.get('/ServiceProviderConfig')).body.bulk;
      expect([limits.maxOperations, limits.maxPayloadSize].every((n) => n > 0)).toBe(true);
      const many = Array.from({ length: limits.maxOperations + 1 }, () => ({
        method: 'DELETE',
        path: '/Users/x',
      }));
      expect((await bulk(c, ...many)).status).toBe(413);
      expect((await bulk(c, { ...post(), pad: 'x'.repeat(limits.maxPayloadSize) })).status).toBe(413);
    },
  ],
  [
    '3.8 L3537, L3551',
    'answers are application/scim+json in UTF-8',
    async (c) => {
      const nickName = 'Zoë 木 🔑';
      const { id } = await c.user({ nickName });
      for (const accept of ['application/scim+json', 'application/json', '*/*']) {
        const { status, body, headers } = await c.send('GET', `/Users/${id}`, undefined, { accept });
        expect([status, body.nickName]).toEqual([200, nickName]);
        expect(headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
      }
    },
  ],
  [
    '4 L4068, L4098, L4125',
    'what is offered is told whatever is asked beside it; a filter of schemas and types is refused, as the RFC has it',
    async (c) => {
      const config = await c.get('/ServiceProviderConfig?filter=invalid&sortBy=id&startIndex=999');
      expect(config.status).toBe(200);
      expect(config.body.schemas).toEqual(['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig']);
      for (const path of ['/Schemas', '/ResourceTypes']) {
        const { status, body } = await c.get(`${path}?sortBy=id&startIndex=999&count=1`);
        expect([status, body.schemas, body.Resources.length]).toEqual([200, [LIST], body.totalResults]);
        expect((await c.get(`${path}?filter=${encodeURIComponent('id pr')}`)).status).toBe(403);
      }
    },
  ],
];

describe.each(spoken)('$name', (dialect) => {
  let client: Client;
  beforeAll(async () => {
    client = await startClient(dialect);
  });
  afterAll(() => client.session.scim.close());

  it.each(requirements)('RFC 7644 §2 to §4, scim2/test-suite: §%s, %s', async (_section, _wants, check) => {
    await check(client);
  });
});
