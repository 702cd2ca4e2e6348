import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CORE_GROUP,
  CORE_USER,
  ENTERPRISE_USER,
  PATCH_OP,
  type StartedScim,
  startScim,
} from '../start-scim.ts';

/**
 * The requests of Microsoft's two public collections (AzureAD/SCIMReferenceCode, PostmanCollection.json and SCIM
 * Inbound) and what they want of the answers, in our own words. Four things differ on purpose, and are tests as well:
 * - a PATCH of a user answers 200 with the user, which Entra takes as well as 204
 * - a member that is no user is refused
 * - a member is shown under the user's own name
 * - the configuration is only where the RFC has it
 */
let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim(null, 'entra');
});
afterAll(() => scim.close());

let count = 0;
const fresh = (what: string) => `${what}${++count}`;
const body = (userName: string, more: Record<string, unknown> = {}) => ({
  schemas: [ENTERPRISE_USER, CORE_USER],
  userName,
  active: true,
  displayName: 'BobIsAmazing',
  externalId: fresh('00000000-0000-0000-0000-'),
  name: { formatted: 'Ryan Leenay', familyName: 'Leenay', givenName: 'Ryan' },
  emails: [
    { Primary: true, type: 'work', value: `${userName}@bob.example` },
    { Primary: false, type: 'home', value: 'testinghome@bob.example' },
  ],
  ...more,
});
const post = (sent: unknown) => scim.call('POST', '/Users', sent);
const created = async (userName = fresh('UserName'), more: Record<string, unknown> = {}) => {
  const answer = await post(body(userName, more));
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
};
const get = (path: string) => scim.call('GET', path);
const patch = (path: string, ...Operations: unknown[]) =>
  scim.call('PATCH', path, { schemas: [PATCH_OP], Operations });
const namesOf = (found: { Resources: { userName: string }[] }) =>
  found.Resources.map((one) => one.userName).sort();

describe('endpoints', () => {
  it('RFC 7644 §4, Microsoft’s collection: lists, resource types, configuration and schemas are there', async () => {
    for (const path of ['/Users', '/Groups', '/ResourceTypes', '/ServiceProviderConfig', '/Schemas'])
      expect((await get(path)).status, path).toBe(200);
    expect((await get('/ResourceTypes')).body.Resources[0].endpoint).toBe('/Users');
    expect((await get('/ServiceProviderConfig')).body.patch.supported).toBe(true);
    expect(JSON.stringify((await get('/Schemas')).body)).toContain('User Account');
    expect((await get('/serviceConfiguration')).status).toBe(404);
  });
});

describe('users', () => {
  it('RFC 7644 §3.3, Microsoft’s collection: names of attributes in any case, also of the extension’s', async () => {
    const user = await created(fresh('Enterprise'), {
      [ENTERPRISE_USER]: { Department: 'bob', Manager: { Value: 'SuzzyQ' } },
    });
    expect(user[ENTERPRISE_USER]).toEqual({ department: 'bob', manager: { value: 'SuzzyQ' } });
    expect(user.emails[0]).toMatchObject({ primary: true, type: 'work' });
    expect((await get(`/Users/${user.id}`)).body).toEqual(user);
  });

  it('RFC 7644 §3.9, §3.4.2, Microsoft’s collection: some attributes, and a filter as a form writes it', async () => {
    const displayName = fresh('Bob');
    const user = await created(fresh('filtered'), { displayName });
    const some = await get(`/Users?attributes=userName,emails&count=200`);
    const own = some.body.Resources.find((one: { id: string }) => one.id === user.id);
    expect(Object.keys(own).sort()).toEqual(['emails', 'id', 'schemas', 'userName']);
    const found = await get(`/Users/?filter=DisplayName+eq+%22${displayName}%22`);
    expect(namesOf(found.body)).toEqual([user.userName]);
  });

  it('RFC 7644 §3.9, Microsoft’s collection: a filter in attributes names the attribute', async () => {
    const user = await created(fresh('email'));
    for (const filter of ['type+eq+%22work%22', `value+eq+%22${user.userName}@bob.example%22`]) {
      const { status, body: list } = await get(`/Users?count=200&attributes=emails%5B${filter}%5D`);
      expect(status).toBe(200);
      expect(JSON.stringify(list)).toContain(`${user.userName}@bob.example`);
    }
  });

  it('RFC 7644 §3.5.2, §3.5.1, §3.6, Microsoft’s collection: PATCH, PUT, DELETE', async () => {
    const { id } = await created();
    const renamed = fresh('ryan');
    const answer = await patch(`/Users/${id}`, { op: 'replace', path: 'userName', value: renamed });
    expect([answer.status, answer.body.userName]).toEqual([200, renamed]);
    expect((await get(`/Users/${id}`)).body).toMatchObject({ id, userName: renamed });
    const next = body(fresh('Replace'), {
      id,
      name: { formatted: 'NewName', familyName: 'L', givenName: 'R' },
    });
    expect((await scim.call('PUT', `/Users/${id}`, next)).status).toBe(200);
    expect((await get(`/Users/${id}`)).body.name.formatted).toBe('NewName');
    expect((await scim.call('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await get(`/Users/${id}`)).status).toBe(404);
  });
});

describe('users with garbage', () => {
  const garbage = {
    addresses: [
      { country: 'Bermuda', formatted: '9132 Jennifer Way\nSouth Nancy', type: 'work', primary: false },
      { country: null, formatted: '18522 Lisa Unions', locality: null, type: 'other', primary: false },
    ],
    emails: [
      { type: 'work', primary: true, value: 'anna33@example.com' },
      { type: 'other', primary: false, value: 'anna33@gmail.example' },
    ],
    meta: { created: '2019-09-18T18:15:26.5788954+00:00', lastModified: 'x', resourceType: 'User' },
    ims: [],
    roles: [],
    phoneNumbers: null,
    preferredLanguage: 'xh',
  };

  it('RFC 7643 §2.5, RFC 7644 §3.3, Microsoft’s collection: nulls, empty lists and a meta of the client’s are taken', async () => {
    const user = await created(fresh('OMalley'), garbage);
    expect(user.active).toBe(true);
    expect(user.addresses[1]).toEqual({ formatted: '18522 Lisa Unions', type: 'other', primary: false });
    expect(user.meta.created).not.toContain('2019');
    for (const name of ['ims', 'roles', 'phoneNumbers']) expect(user).not.toHaveProperty(name);
  });

  it('RFC 7643 §2.3.2, Microsoft’s collection: "True" is true', async () => {
    expect((await created(fresh('emp'), { ...garbage, active: 'True' })).active).toBe(true);
  });

  it('RFC 7644 §3.3, §3.12, Microsoft’s collection: no userName, no JSON and a taken name are refused with a detail', async () => {
    const { userName: _, ...nameless } = body('x', garbage);
    const { userName } = await created(fresh('emp'), garbage);
    for (const [sent, status] of [
      [nameless, 400],
      ['{"acve": tre,\n "adadfdresses": [', 400],
      [body(userName, garbage), 409],
      [body(userName.toUpperCase(), garbage), 409],
    ] as const) {
      const answer = await post(sent);
      expect(answer.status).toBe(status);
      expect(answer.body.detail).toEqual(expect.stringMatching(/./));
    }
  });

  it('RFC 7644 §3.5.1, Microsoft’s collection: a PUT without userName is refused, a misspelt attribute ignored', async () => {
    const user = await created(fresh('OMalley'), garbage);
    const path = `/Users/${user.id}`;
    const { userName: _, ...misspelt } = body('x', { id: user.id, userame: user.userName });
    expect((await scim.call('PUT', path, misspelt)).status).toBe(400);
    const put = await scim.call(
      'PUT',
      path,
      body(user.userName, { id: user.id, adreses: garbage.addresses }),
    );
    expect(put.status).toBe(200);
    expect(put.body).not.toHaveProperty('addresses');
    expect(put.body).not.toHaveProperty('adreses');
    const back = await scim.call('PUT', path, body(user.userName, { ...garbage, active: false }));
    expect(back.body).toMatchObject({ userName: user.userName, active: false });
    expect(JSON.stringify(back.body)).toContain('Bermuda');
  });

  it('RFC 7644 §3.5.2.3, Microsoft’s collection: Replace in capitals, active as a boolean', async () => {
    const { id } = await created(fresh('OMalley'), garbage);
    const userName = fresh('newusername');
    await patch(`/Users/${id}`, { op: 'Replace', path: 'userName', value: userName });
    await patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: false });
    expect((await get(`/Users/${id}`)).body).toMatchObject({ userName, active: false });
  });

  it('RFC 7644 §3.4.2.4, Microsoft’s collection: a page, and how many there are in all', async () => {
    await created();
    await created();
    const { totalResults } = (await get('/Users?count=0')).body;
    const page = (await get('/Users?startIndex=1&count=2')).body;
    expect(page).toMatchObject({ totalResults, itemsPerPage: 2 });
    expect((await get('/Users?attributes=userName,emails')).body.totalResults).toBe(totalResults);
  });
});

describe('filters', () => {
  it('RFC 7644 §3.4.2.2, Microsoft’s collection: values without quotes, dates and brackets', async () => {
    const familyName = fresh('Employee');
    const names = [fresh('qq-O'), fresh('qq-P'), fresh('qq-R')];
    for (const [n, userName] of names.entries())
      await created(userName, {
        name: { familyName },
        emails: [{ type: 'work', value: `a@${['example.com', 'example.org', 'bob.example'][n]}` }],
      });
    const found = async (filter: string) => {
      const { status, body: list } = await get(`/Users?filter=${encodeURI(filter)}&count=200`);
      expect(status, filter).toBe(200);
      return namesOf(list);
    };
    const both = `(emails.Value co example.com or emails.Value co example.org)`;
    expect(await found(`name.FamilyName eq ${familyName} and ${both}`)).toEqual(names.slice(0, 2));
    expect(await found('userName sw qq-O')).toEqual([names[0]]);
    expect(
      await found(`name.familyName eq ${familyName} and meta.Created gt 2015-10-10T14:38:21.8617979-07:00`),
    ).toEqual(names);
    expect(
      await found(
        `name.familyName eq "${familyName}" and active eq true and (meta.lastModified ge "0001-01-03T00:00:00.0000000Z" and meta.lastModified le "2100-01-01T00:00:00Z")`,
      ),
    ).toEqual(names);
    expect(
      await found(
        `(ActiVe eq true) and meta.lastmodified ge "2021-09-23T19:35:41.8420572Z" and userName eq ${names[1]}`,
      ),
    ).toEqual([names[1]]);
    expect(
      await found(`active eq true and (meta.lastModified ge "2100-01-01T00:00:00Z")&startindex=0`),
    ).toEqual([]);
  });

  it('RFC 7644 §3.4.2.2, Microsoft’s collection: by id, as on-demand provisioning asks', async () => {
    const { id, userName } = await created();
    expect(namesOf((await get(`/Users?filter=${encodeURI(`id eq "${id}"`)}`)).body)).toEqual([userName]);
  });

  const broken = [
    'userName eq',
    'userName eq (x)',
    'eq x',
    'userName x y',
    '(((',
    'userName eq "x',
    'userName eq x"',
    'userName eq x y',
    'active eq yes',
    'userName eq ]',
  ];
  it.each(broken)('RFC 7644 §3.4.2.2, §3.12: %s is no filter, with or without quotes', async (filter) => {
    const { status, body: answer } = await get(`/Users?filter=${encodeURIComponent(filter)}`);
    expect([status, answer.scimType]).toEqual([400, 'invalidFilter']);
  });

  it('RFC 7644 §3.4.2.2: a value without quotes may hold what an address or an id does', async () => {
    for (const userName of [`${fresh('ines')}+test@acme.example`, `${fresh('5')}-x.y_z:%/'`, fresh('é')]) {
      await created(userName);
      const { body: list } = await get(`/Users?filter=userName%20eq%20${encodeURIComponent(userName)}`);
      expect(namesOf(list)).toEqual([userName]);
    }
  });
});

describe('groups', () => {
  const group = (displayName: string, ids: string[], more: Record<string, unknown> = {}) =>
    scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP],
      externalId: fresh('ext'),
      displayName,
      members: ids.map((value) => ({ value, display: 'VP' })),
      ...more,
    });

  it('RFC 7644 §3.3, §3.5.1, §3.5.2, Microsoft’s collection: empty, filled, replaced, one in, one out, all out', async () => {
    const [one, two] = [await created(), await created()];
    const empty = (await group(fresh('Group'), [])).body;
    const filled = await group(fresh('Group'), [one.id]);
    expect(filled.body.members).toMatchObject([{ value: one.id, display: 'BobIsAmazing' }]);
    const putName = fresh('putName');
    const put = await scim.call('PUT', `/Groups/${empty.id}`, {
      schemas: [CORE_GROUP],
      id: empty.id,
      displayName: putName,
      members: [{ value: one.id }, { value: two.id, display: 'SenorVP' }],
    });
    expect([put.status, put.body.displayName]).toEqual([200, putName]);
    expect(await scim.membersOf(empty.id)).toEqual([one.id, two.id].sort());
    const path = `/Groups/${empty.id}`;
    const out = { op: 'remove', path: `members[value eq "${two.id}"]` };
    expect((await patch(path, out)).status).toBe(204);
    expect(await scim.membersOf(empty.id)).toEqual([one.id]);
    const add = {
      name: 'addMember',
      op: 'add',
      path: 'members',
      value: [{ displayName: 'new User', value: two.id }],
    };
    expect((await patch(path, add)).status).toBe(204);
    expect((await patch(path, add)).status).toBe(204);
    expect(await scim.membersOf(empty.id)).toEqual([one.id, two.id].sort());
    expect(JSON.stringify((await get(path)).body)).not.toContain('new User');
    expect((await patch(path, { op: 'remove', path: 'members' })).status).toBe(204);
    expect(await scim.membersOf(empty.id)).toEqual([]);
    for (const { id } of [empty, filled.body])
      expect((await scim.call('DELETE', `/Groups/${id}`)).status).toBe(204);
  });

  it('RFC 7644 §3.5.2, Microsoft’s collection: a member as a plain text is one; one that is no user is refused', async () => {
    const { id: user } = await created();
    const { id } = (await group(fresh('Group'), [], { members: undefined })).body;
    const path = `/Groups/${id}`;
    const one = await scim.call('PATCH', path, {
      id,
      schemas: [PATCH_OP],
      Operations: [{ op: 'add', path: 'members', value: user }],
    });
    expect(one.status).toBe(204);
    expect(await scim.membersOf(id)).toEqual([user]);
    const none = await patch(path, { op: 'add', path: 'members', value: 'string id 1' });
    expect([none.status, none.body.scimType]).toEqual([400, 'invalidValue']);
    expect((await get(`${path}?excludedAttributes=members`)).body).not.toHaveProperty('members');
    const displayName = fresh('Tiffany Ortiz');
    const put = await scim.call('PUT', path, {
      id,
      displayName,
      externalId: fresh('ext'),
      schemas: [CORE_GROUP],
    });
    expect([put.status, put.body.displayName]).toEqual([200, displayName]);
  });
});

describe('inbound', () => {
  it('RFC 7644 §3.5.2, Microsoft’s collection: last name, active and the manager as a plain id', async () => {
    const manager = await created();
    const user = await created(fresh('worker'), {
      active: false,
      userType: 'Contractor',
      locale: 'de',
      phoneNumbers: [{ value: '+1 555 0100', type: 'work', primary: true }],
      [ENTERPRISE_USER]: { employeeNumber: '7', manager: { value: manager.id } },
    });
    const path = `/Users/${user.id}`;
    await patch(path, { op: 'replace', path: 'name.familyName', value: 'Newname' });
    await patch(path, { op: 'replace', path: 'active', value: true });
    const dotted = await patch(path, {
      op: 'replace',
      path: `${ENTERPRISE_USER}.manager`,
      value: manager.id,
    });
    expect(dotted.status, JSON.stringify(dotted.body)).toBe(200);
    const { body: now } = await get(path);
    expect(now).toMatchObject({ active: true, name: { familyName: 'Newname' } });
    expect(now[ENTERPRISE_USER].manager).toEqual({ value: manager.id });
  });
});
