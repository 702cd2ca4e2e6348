import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, ERROR, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let ines: string;
let omar: string;
let lena: string;
let group: string;

beforeAll(async () => {
  scim = await startScim();
  ines = await scim.createUser('Ines@acme.example', {
    externalId: '00uInes',
    displayName: 'Ines Okonkwo',
    name: { givenName: 'Ines', familyName: 'Okonkwo' },
    title: 'Engineer 100%',
    emails: [
      { type: 'work', value: 'ines@acme.example', primary: true },
      { type: 'home', value: 'ines@home.example' },
    ],
    [ENTERPRISE_USER]: { department: 'Integration', manager: { value: 'boss' } },
  });
  omar = await scim.createUser('omar@acme.example', {
    emails: [{ type: 'home', value: 'omar@acme.example' }],
  });
  lena = await scim.createUser('lena@acme.example', { active: false, title: 'Manager' });
  group = await scim.createGroup('mulesoft-dev', [ines, lena]);
});
afterAll(() => scim.close());

async function find(filter: string, path = '/Users'): Promise<string[]> {
  const { status, body } = await scim.call('GET', `${path}?filter=${encodeURIComponent(filter)}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.Resources.map((r: { id: string }) => r.id);
}

describe('RFC 7644 section 3.3, creating', () => {
  it('answers 201 with the resource, Location and ETag', async () => {
    const { status, body, headers } = await scim.call('POST', '/Users', {
      schemas: [CORE_USER],
      USERNAME: 'new@acme.example',
      id: 'mine',
      meta: { version: 'W/"9"' },
      unknown: 1,
    });
    expect(status).toBe(201);
    expect(body.id).not.toBe('mine');
    expect(body).toMatchObject({ schemas: [CORE_USER], userName: 'new@acme.example', active: true });
    expect(body.unknown).toBeUndefined();
    expect(headers.get('location')).toBe(`https://latchkey.example/scim/v2/Users/${body.id}`);
    expect(body.meta).toMatchObject({
      resourceType: 'User',
      location: headers.get('location'),
      version: 'W/"1"',
    });
    expect(headers.get('etag')).toBe('W/"1"');
    expect(headers.get('content-type')).toContain('application/scim+json');
    await scim.call('DELETE', `/Users/${body.id}`);
  });

  it('answers 409 uniqueness for a userName or displayName in any case', async () => {
    const user = await scim.call('POST', '/Users', { schemas: [CORE_USER], userName: 'OMAR@acme.example' });
    expect(user.status).toBe(409);
    expect(user.body).toMatchObject({ schemas: [ERROR], status: '409', scimType: 'uniqueness' });
    const same = await scim.call('POST', '/Groups', { schemas: [CORE_GROUP], displayName: 'MuleSoft-Dev' });
    expect(same.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    const renamed = await scim.patch(`/Users/${lena}`, {
      op: 'replace',
      path: 'userName',
      value: 'Omar@acme.example',
    });
    expect(renamed.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
  });

  it('answers 400 invalidValue without a required attribute or with an unknown member', async () => {
    const nobody = await scim.call('POST', '/Users', { schemas: [CORE_USER], displayName: 'x' });
    expect(nobody.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    const stranger = await scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP],
      displayName: 'strangers',
      members: [{ value: ines }, { value: '11111111-1111-4111-8111-111111111111' }],
    });
    expect(stranger.body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    expect(await find('displayName eq "strangers"', '/Groups')).toEqual([]);
  });
});

describe('RFC 7644 section 3.4.2, querying', () => {
  // Each filter with whom it finds.
  it.each([
    ['userName eq "INES@ACME.EXAMPLE"', 'ines'],
    ['USERNAME EQ "ines@acme.example"', 'ines'],
    [`${CORE_USER}:userName eq "ines@acme.example"`, 'ines'],
    ['externalId eq "00uInes"', 'ines'],
    ['externalId eq "00UINES"', ''],
    ['externalId ne "00uInes"', 'omar lena'],
    ['userName sw "o"', 'omar'],
    ['userName ew "ACME.example" and userName co "ar@"', 'omar'],
    ['title co "100%"', 'ines'],
    ['title co "%"', 'ines'],
    ['title co "_"', ''],
    ['title pr', 'ines lena'],
    ['not (title pr)', 'omar'],
    ['not (title eq "manager")', 'ines omar'],
    ['title ne "manager"', 'ines omar'],
    ['title eq null', 'omar'],
    ['active eq false', 'lena'],
    ['active eq "True"', 'ines omar'],
    ['name.familyName eq "okonkwo"', 'ines'],
    ['name pr', 'ines'],
    ['emails.value eq "omar@acme.example"', 'omar'],
    ['emails eq "omar@acme.example"', 'omar'],
    ['emails[type eq "work" and value co "@acme"]', 'ines'],
    ['emails[type eq "work" and value co "@home"]', ''],
    ['emails[type eq "work"].value eq "ines@home.example"', ''],
    ['emails[type eq "home"].value eq "ines@home.example"', 'ines'],
    ['emails[primary eq true]', 'ines'],
    ['emails pr', 'ines omar'],
    [`${ENTERPRISE_USER}:department eq "integration"`, 'ines'],
    [`${ENTERPRISE_USER}:manager.value eq "boss"`, 'ines'],
    [`${ENTERPRISE_USER} pr`, 'ines'],
    ['userName gt "m" and userName le "omar@acme.example"', 'omar'],
    ['userName eq "omar@acme.example" or title eq "Manager" and active eq true', 'omar'],
    ['(userName eq "omar@acme.example" or title eq "Manager") and active eq false', 'lena'],
    ['meta.created gt "2020-01-01T00:00:00Z"', 'ines omar lena'],
    ['meta.lastModified lt "2020-01-01T00:00:00Z"', ''],
    ['groups.display eq "MULESOFT-DEV"', 'ines lena'],
    ['userName eq "a\\"b\\\\"', ''],
  ])('section 3.4.2.2: %s', async (filter, who) => {
    const ids = { ines, omar, lena };
    const wanted = who === '' ? [] : who.split(' ').map((name) => ids[name as keyof typeof ids]);
    expect((await find(filter)).sort()).toEqual(wanted.sort());
  });

  it('section 3.4.2.2: ids and members', async () => {
    expect(await find(`id eq "${ines}"`)).toEqual([ines]);
    expect(await find('id eq "no uuid"')).toEqual([]);
    expect(await find(`members.value eq "${ines}"`, '/Groups')).toEqual([group]);
    expect(await find(`members[value eq "${omar}"]`, '/Groups')).toEqual([]);
    expect(await find(`displayName eq "mulesoft-dev" and members[value eq "${lena}"]`, '/Groups')).toEqual([
      group,
    ]);
  });

  it.each([
    'userName',
    'userName eq',
    'userName is "x"',
    'shoeSize eq "x"',
    'password eq "x"',
    'userName eq 5',
    'active gt true',
    'active eq "perhaps"',
    'meta.created eq "yesterday"',
    'meta.created co "2020"',
    'name eq "x"',
    'userName[value eq "x"]',
    'emails[shoe eq "x"]',
    'userName eq "x" and',
    '(userName eq "x"',
    'userName eq "x")',
    'userName eq "\\u0000"',
    'userName eq "x" userName eq "y"',
    "userName eq 'x'",
  ])('section 3.4.2.2: invalidFilter for %s', async (filter) => {
    const { status, body } = await scim.call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ schemas: [ERROR], status: '400', scimType: 'invalidFilter' });
  });

  it('section 3.4.2.3: sorts', async () => {
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

  it('section 3.4.2.4: pages', async () => {
    const page = async (query: string) => (await scim.call('GET', `/Users?${query}`)).body;
    expect(await page('count=2')).toMatchObject({ totalResults: 3, startIndex: 1, itemsPerPage: 2 });
    expect(await page('count=2&startIndex=3')).toMatchObject({ startIndex: 3, itemsPerPage: 1 });
    expect(await page('count=0')).toMatchObject({ totalResults: 3, itemsPerPage: 0, Resources: [] });
    expect(await page('count=-1')).toMatchObject({ itemsPerPage: 0 });
    expect(await page('startIndex=0&count=1')).toMatchObject({ startIndex: 1, itemsPerPage: 1 });
    expect(await page('startIndex=99')).toMatchObject({ totalResults: 3, itemsPerPage: 0, Resources: [] });
    expect(await page('count=many')).toMatchObject({ status: '400', scimType: 'invalidValue' });
  });

  it('section 3.9: attributes and excludedAttributes', async () => {
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

  it('shows members of a group and groups of a user', async () => {
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

describe('RFC 7644 section 3.14, versions', () => {
  it('answers 304 to If-None-Match and 412 to a stale If-Match', async () => {
    const id = await scim.createUser('version@acme.example');
    const etag = (await scim.call('GET', `/Users/${id}`)).headers.get('etag') as string;
    const same = await scim.call('GET', `/Users/${id}`, undefined, { 'if-none-match': etag });
    expect(same.status).toBe(304);
    const change = { op: 'replace', path: 'title', value: 'Lead' };
    const current = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [change] };
    expect((await scim.call('PATCH', `/Users/${id}`, current, { 'if-match': etag })).status).toBe(200);
    const stale = await scim.call('PATCH', `/Users/${id}`, current, { 'if-match': etag });
    expect(stale.body).toMatchObject({ status: '412' });
    expect((await scim.call('DELETE', `/Users/${id}`, undefined, { 'if-match': etag })).status).toBe(412);
    expect((await scim.call('GET', `/Users/${id}`, undefined, { 'if-none-match': etag })).status).toBe(200);
    expect((await scim.call('DELETE', `/Users/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
  });

  it('leaves the version alone when nothing changes (section 3.5.2.1)', async () => {
    const before = (await scim.call('GET', `/Groups/${group}`)).body.meta;
    await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: ines }] });
    await scim.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${omar}"]` });
    expect((await scim.call('GET', `/Groups/${group}`)).body.meta).toEqual(before);
  });
});

describe('RFC 7644 section 4, discovery', () => {
  it('says what is supported', async () => {
    const { status, body } = await scim.call('GET', '/ServiceProviderConfig');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 1_048_576 },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 100,
        maxPageSize: 200,
        cursorTimeout: 3_600,
      },
      etag: { supported: true },
    });
    const types = await scim.call('GET', '/ResourceTypes');
    expect(types.body.Resources.map((r: { id: string }) => r.id)).toEqual(['User', 'Group']);
    expect((await scim.call('GET', '/ResourceTypes/Group')).body.endpoint).toBe('/Groups');
    const all = await scim.call('GET', '/Schemas');
    expect(all.body.Resources.map((r: { id: string }) => r.id)).toEqual([
      CORE_USER,
      ENTERPRISE_USER,
      CORE_GROUP,
    ]);
    expect((await scim.call('GET', `/Schemas/${CORE_USER}`)).body.name).toBe('User');
    expect((await scim.call('GET', '/Schemas?filter=id+pr')).body.status).toBe('403');
    expect((await scim.call('GET', '/Schemas/urn:none')).body.status).toBe('404');
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
    ['GET', '/Users/.search/', 404],
  ])('%s %s is %d with an Error body', async (method, path, status) => {
    const { status: answered, body, headers } = await scim.call(method, path);
    expect(answered).toBe(status);
    expect(body).toMatchObject({ schemas: [ERROR], status: String(status) });
    if (status === 405) expect(headers.get('allow')).toMatch(/GET|POST/);
  });
});
