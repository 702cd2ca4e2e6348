import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, type StartedScim } from '../start-scim.ts';
import { startWithPeople } from './people.ts';

let scim: StartedScim;
let ines: string;
let group: string;
beforeAll(async () => {
  ({ scim, ines, group } = await startWithPeople());
});
afterAll(() => scim.close());

describe('RFC 7644 section 3.4.2, querying', () => {
  it('RFC 7644 §3.4.2.3: sorts', async () => {
    const names = async (query: string) =>
      (await scim.call('GET', `/Users?${query}`)).body.Resources.map((r: { userName: string }) => r.userName);
    expect(await names('sortBy=userName')).toEqual([
      'Ines@acme.example',
      'lena@acme.example',
      'omar@acme.example',
    ]);
    expect((await names('sortBy=USERNAME&sortOrder=descending'))[0]).toBe('omar@acme.example');
    expect((await names('sortBy=title')).at(-1)).toBe('omar@acme.example');
    expect((await names('sortBy=title&sortOrder=descending'))[0]).toBe('omar@acme.example');
    // By the primary value, else the first; a complex attribute needs a sub-attribute.
    expect(await names('sortBy=emails')).toEqual([
      'Ines@acme.example',
      'omar@acme.example',
      'lena@acme.example',
    ]);
    expect((await names('sortBy=emails.type'))[0]).toBe('omar@acme.example');
    for (const path of ['/Users?sortBy=name', '/Users?sortBy=shoeSize', '/Groups?sortBy=members'])
      expect((await scim.call('GET', path)).body.scimType).toBe('invalidPath');
  });

  it('RFC 7644 §3.4.2.4: pages', async () => {
    const page = async (query: string) => (await scim.call('GET', `/Users?${query}`)).body;
    expect(await page('count=2')).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 2 });
    expect(await page('count=2&startIndex=3')).toMatchObject({ startIndex: 3, itemsPerPage: 1 });
    expect(await page('count=0')).toMatchObject({ totalResults: 3, itemsPerPage: 0, Resources: [] });
    expect(await page('count=-1')).toMatchObject({ itemsPerPage: 0 });
    expect(await page('startIndex=0&count=1')).toMatchObject({ startIndex: 1, itemsPerPage: 1 });
    expect(await page('startIndex=99')).toMatchObject({ totalResults: 3, itemsPerPage: 0, Resources: [] });
    expect(await page('count=many')).toMatchObject({ status: '400', scimType: 'invalidValue' });
  });

  it('RFC 7644 §3.9: attributes and excludedAttributes', async () => {
    const only = await scim.call('GET', `/Users/${ines}?attributes=USERNAME,emails.value,name.givenName`);
    expect(only.body).toEqual({
      schemas: [CORE_USER, ENTERPRISE_USER],
      id: ines,
      userName: 'Ines@acme.example',
      name: { givenName: 'Ines' },
      emails: [{ value: 'ines@acme.example' }, { value: 'ines@home.example' }],
    });
    const extension = await scim.call('GET', `/Users/${ines}?attributes=${ENTERPRISE_USER}:department`);
    expect(extension.body[ENTERPRISE_USER]).toEqual({ department: 'Integration' });
    const without = await scim.call('GET', `/Users/${ines}?excludedAttributes=emails,name.givenName,id`);
    expect(without.body).toMatchObject({ id: ines, name: { familyName: 'Okonkwo' } });
    expect(without.body.emails).toBeUndefined();
    expect(without.body.name.givenName).toBeUndefined();
    const groups = await scim.call('GET', '/Groups?excludedAttributes=members');
    expect(groups.body.Resources[0].members).toBeUndefined();
  });

  it('RFC 7644 §3.4.2: shows members of a group and groups of a user', async () => {
    const { body } = await scim.call('GET', `/Groups/${group}`);
    expect(body.members).toContainEqual({
      value: ines,
      $ref: `https://latchkey.example/scim/v2/Users/${ines}`,
      display: 'Ines Okonkwo',
      type: 'User',
    });
    const user = await scim.call('GET', `/Users/${ines}`);
    expect(user.body.groups).toEqual([
      {
        value: group,
        $ref: `https://latchkey.example/scim/v2/Groups/${group}`,
        display: 'mulesoft-dev',
        type: 'direct',
      },
    ]);
  });
});

describe('RFC 7644 section 3.4.1, one resource', () => {
  it('RFC 7644 §3.4.1: answers the resource with its address and version', async () => {
    const { status, body, headers } = await scim.call('GET', `/Users/${ines}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ines, userName: 'Ines@acme.example' });
    expect(headers.get('location')).toBe(body.meta.location);
    expect(headers.get('etag')).toBe(body.meta.version);
    expect((await scim.call('GET', `/Users/${ines.toUpperCase()}`)).body.id).toBe(ines);
    expect((await scim.call('GET', `/Groups/${ines}`)).status).toBe(404);
    expect((await scim.call('GET', `/Users/${group}`)).status).toBe(404);
  });
});

describe('RFC 7644 section 3.4.2.4, any page', () => {
  const NAMES = ['Ines@acme.example', 'lena@acme.example', 'omar@acme.example'];

  it('RFC 7644 §3.4.2.3, §3.4.2.4: any startIndex and count cut the sorted list as one would by hand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.option(fc.integer({ min: -3, max: 6 }), { nil: undefined }),
        fc.option(fc.constantFrom(-5, -1, 0, 1, 2, 3, 4, 200, 201, 999_999_999), { nil: undefined }),
        fc.constantFrom('ascending', 'descending'),
        async (startIndex, count, sortOrder) => {
          const query = new URLSearchParams({
            sortBy: 'userName',
            sortOrder,
            ...(startIndex === undefined ? {} : { startIndex: String(startIndex) }),
            ...(count === undefined ? {} : { count: String(count) }),
          });
          const { status, body } = await scim.call('GET', `/Users?${query}`);
          expect(status).toBe(200);
          const from = Math.max(1, startIndex ?? 1);
          const all = sortOrder === 'ascending' ? NAMES : [...NAMES].reverse();
          const wanted = all.slice(from - 1, from - 1 + Math.max(0, count ?? 100));
          expect(body.Resources.map((r: { userName: string }) => r.userName)).toEqual(wanted);
          expect(body).toMatchObject({ totalResults: 3, startIndex: from, itemsPerPage: wanted.length });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('RFC 7644 §3.4.2: the list is a ListResponse with numbers as numbers, and Resources even when empty', async () => {
    const { body } = await scim.call('GET', '/Users?filter=userName eq "nobody"');
    expect(body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 0,
      startIndex: 1,
      itemsPerPage: 0,
      Resources: [],
    });
  });

  it.each(['startIndex=x', 'startIndex=1.5', 'count=', 'count=1e3', 'sortOrder=sideways', 'count=1&count=2'])(
    'RFC 7644 §3.4.2: %s is 400 invalidValue',
    async (query) => {
      const { body } = await scim.call('GET', `/Users?sortBy=userName&${query}`);
      expect(body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    },
  );
});

describe('RFC 7644 section 3.9, what is answered', () => {
  const get = async (query: string, path = `/Users/${ines}`) =>
    (await scim.call('GET', `${path}?${query}`)).body;

  it('RFC 7644 §3.9, RFC 7643 §7: id and schemas are always answered, a password never, unknown names are ignored', async () => {
    for (const query of [
      'excludedAttributes=id,schemas,meta',
      'attributes=title',
      'attributes=shoeSize',
      'attributes=password',
    ])
      expect(await get(query), query).toMatchObject({ id: ines, schemas: [CORE_USER, ENTERPRISE_USER] });
    expect(Object.keys(await get('attributes=password,shoeSize'))).toEqual(['schemas', 'id']);
    expect(await get('excludedAttributes=meta')).not.toHaveProperty('meta');
  });

  it('RFC 7644 §3.9: whole attributes, sub-attributes, an extension and one of its attributes', async () => {
    expect(await get('attributes=name')).toMatchObject({
      name: { givenName: 'Ines', familyName: 'Okonkwo' },
    });
    expect((await get('attributes=NAME.FAMILYNAME')).name).toEqual({ familyName: 'Okonkwo' });
    expect((await get('attributes=emails.type')).emails).toEqual([{ type: 'work' }, { type: 'home' }]);
    expect((await get('attributes=meta.version')).meta).toEqual({ version: 'W/"1"' });
    expect((await get(`attributes=${ENTERPRISE_USER}`))[ENTERPRISE_USER]).toEqual({
      department: 'Integration',
      manager: { value: 'boss' },
    });
    expect(await get(`excludedAttributes=${ENTERPRISE_USER}`)).not.toHaveProperty(ENTERPRISE_USER);
    expect((await get(`excludedAttributes=${ENTERPRISE_USER}:manager`))[ENTERPRISE_USER]).toEqual({
      department: 'Integration',
    });
    expect((await get('excludedAttributes=emails.value')).emails[1]).toEqual({ type: 'home' });
    expect((await get('attributes=groups.display')).groups).toEqual([{ display: 'mulesoft-dev' }]);
  });

  it('RFC 7644 §3.9: the same in lists, of members too', async () => {
    const listed = await get('attributes=userName&sortBy=userName', '/Users');
    expect(Object.keys(listed.Resources[0]).sort()).toEqual(['id', 'schemas', 'userName']);
    const members = await get('attributes=members.value', `/Groups/${group}`);
    expect(members).not.toHaveProperty('displayName');
    expect(members.members).toEqual(expect.arrayContaining([{ value: ines }]));
    expect(members.members).toHaveLength(2);
    for (const member of members.members) expect(Object.keys(member)).toEqual(['value']);
    const all = await get('attributes=members.display', '/Groups');
    expect(all.Resources[0].members).toHaveLength(2);
    expect(await get('excludedAttributes=members', `/Groups/${group}`)).toMatchObject({
      displayName: 'mulesoft-dev',
    });
  });
});
