import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ENTERPRISE_USER, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
let serial = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const login = () => `user${serial++}@acme.example`;
const create = async (body: Record<string, unknown>) => {
  const answer = await scim.call('POST', '/Users', { schemas: [CORE_USER], userName: login(), ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
};
const refused = async (body: Record<string, unknown>) =>
  (await scim.call('POST', '/Users', { schemas: [CORE_USER], userName: login(), ...body })).body;

describe('RFC 7643 section 2, attributes', () => {
  it('RFC 7643 §2.1: names are read in any case and answered as the schema has them', async () => {
    const body = await create({
      NICKNAME: 'Babs',
      Name: { GIVENNAME: 'Barbara' },
      EMAILS: [{ VALUE: 'b@x' }],
    });
    expect(body).toMatchObject({
      nickName: 'Babs',
      name: { givenName: 'Barbara' },
      emails: [{ value: 'b@x' }],
    });
    expect(body).not.toHaveProperty('NICKNAME');
  });

  it('RFC 7643 §2.2: what is read-only in a POST or PUT is ignored', async () => {
    const group = await scim.createGroup(`group ${serial++}`);
    const sent = { id: 'mine', groups: [{ value: group }], meta: { created: '1999-01-01T00:00:00Z' } };
    const body = await create(sent);
    expect(body.id).not.toBe('mine');
    expect(body.groups).toEqual([]);
    expect(body.meta.created).not.toContain('1999');
    const put = await scim.call('PUT', `/Users/${body.id}`, { userName: body.userName, ...sent, title: 'x' });
    expect(put.body).toMatchObject({
      id: body.id,
      groups: [],
      title: 'x',
      meta: { created: body.meta.created },
    });
    expect(await scim.membersOf(group)).toEqual([]);
  });

  it('RFC 7643 §2.2: the parts of a member are immutable: 400 mutability', async () => {
    const [one, two] = [(await create({})).id, (await create({})).id];
    const id = await scim.createGroup(`group ${serial++}`, [one]);
    for (const path of [
      'members.value',
      `members[value eq "${one}"].value`,
      'members.display',
      'members.type',
    ]) {
      const { body } = await scim.patch(`/Groups/${id}`, { op: 'replace', path, value: two });
      expect(body, path).toMatchObject({ status: '400', scimType: 'mutability' });
    }
    expect(await scim.membersOf(id)).toEqual([one]);
  });

  it('RFC 7643 §2.3.1: a text stays as it was sent, whatever is in it', async () => {
    const text = '  Ünï "quoted" \\ \n\t 名前 🐙 <b>&amp;</b> %s \' ; -- ';
    expect((await create({ title: text, displayName: text })).title).toBe(text);
  });

  it('RFC 7643 §2.3.2: a boolean is true or false, and a client’s "True" or "False"; nothing else', async () => {
    for (const [sent, kept] of [
      [true, true],
      [false, false],
      ['True', true],
      ['false', false],
    ])
      expect((await create({ active: sent })).active).toBe(kept);
    for (const sent of ['yes', '1', 1, 0, {}, [true]])
      expect(await refused({ active: sent }), JSON.stringify(sent)).toMatchObject({
        scimType: 'invalidValue',
      });
  });

  it('RFC 7643 §2.3.5: times are answered as dateTimes in UTC', async () => {
    const { meta } = await create({});
    for (const time of [meta.created, meta.lastModified])
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('RFC 7643 §2.3.7: a reference leads to the resource it names', async () => {
    const { id } = await create({});
    const group = await scim.createGroup(`group ${serial++}`, [id]);
    const [member] = (await scim.call('GET', `/Groups/${group}`)).body.members;
    expect(member.$ref.split('/scim/v2')[1]).toBe(`/Users/${id}`);
    const [ref] = (await scim.call('GET', `/Users/${id}`)).body.groups;
    expect((await scim.call('GET', ref.$ref.split('/scim/v2')[1])).body.id).toBe(group);
  });

  it('RFC 7643 §2.3.8: the parts of a complex attribute are kept, unknown ones and other types are not', async () => {
    const { name } = await create({ name: { givenName: 'B', familyName: 'J', shoeSize: 39 } });
    expect(name).toEqual({ givenName: 'B', familyName: 'J' });
    for (const sent of [
      { name: { givenName: { deep: 1 } } },
      { name: 'Barbara' },
      { title: ['x'] },
      { title: {} },
    ])
      expect(await refused(sent), JSON.stringify(sent)).toMatchObject({ scimType: 'invalidValue' });
  });

  it('RFC 7643 §2.4: of several values at most one is primary, and they keep their order', async () => {
    const phones = [
      { value: '+44 2', type: 'work' },
      { value: '+44 1', type: 'mobile', primary: true },
    ];
    expect((await create({ phoneNumbers: phones })).phoneNumbers).toEqual(phones);
    const both = phones.map((one) => ({ ...one, primary: true }));
    expect(await refused({ phoneNumbers: both })).toMatchObject({ scimType: 'invalidValue' });
    expect((await create({ phoneNumbers: { value: '+44 3' } })).phoneNumbers).toEqual([{ value: '+44 3' }]);
  });

  it('RFC 7643 §2.5: null and an empty list leave an attribute unassigned, and it is not answered', async () => {
    const body = await create({ title: null, emails: [], name: null, roles: null, [ENTERPRISE_USER]: null });
    for (const name of ['title', 'emails', 'name', 'roles', ENTERPRISE_USER])
      expect(body).not.toHaveProperty(name);
    const { id } = await create({ title: 'x', emails: [{ value: 'x@y' }] });
    const { body: cleared } = await scim.patch(
      `/Users/${id}`,
      { op: 'replace', path: 'title', value: null },
      { op: 'replace', path: 'emails', value: [] },
    );
    expect(cleared).not.toHaveProperty('title');
    expect(cleared).not.toHaveProperty('emails');
  });
});

describe('RFC 7643 section 3, resources', () => {
  it('RFC 7643 §3.1: an id is ours, stays for the resource’s life and never comes again; externalId is the client’s', async () => {
    const name = login();
    const first = await create({ userName: name, externalId: 'same' });
    expect(first.externalId).toBe('same');
    // It names one person of the client's, so that nobody else's record can stand in for theirs.
    const second = await scim.call('POST', '/Users', {
      schemas: [CORE_USER],
      userName: login(),
      externalId: 'same',
    });
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness']);
    await scim.patch(`/Users/${first.id}`, { op: 'replace', path: 'userName', value: `renamed.${name}` });
    expect((await scim.call('GET', `/Users/${first.id}`)).body.id).toBe(first.id);
    await scim.call('DELETE', `/Users/${first.id}`);
    expect((await create({ userName: name, externalId: 'same' })).id).not.toBe(first.id);
  });

  it('RFC 7643 §3.1: meta says type, times, address and version, and lastModified moves with each change', async () => {
    const { id, meta } = await create({});
    expect(meta).toEqual({
      resourceType: 'User',
      created: meta.lastModified,
      lastModified: expect.any(String),
      location: `https://latchkey.example/scim/v2/Users/${id}`,
      version: 'W/"1"',
    });
    const { body } = await scim.patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'x' });
    expect(body.meta).toMatchObject({ created: meta.created, version: 'W/"2"' });
    expect(Date.parse(body.meta.lastModified)).toBeGreaterThanOrEqual(Date.parse(meta.lastModified));
  });

  it('RFC 7643 §3, §3.3: schemas names an extension when there is something in it, sent or not', async () => {
    const { id, schemas } = await create({ schemas: [CORE_USER, ENTERPRISE_USER] });
    expect(schemas).toEqual([CORE_USER]);
    const path = `${ENTERPRISE_USER}:costCenter`;
    const added = await scim.patch(`/Users/${id}`, { op: 'add', path, value: '7' });
    expect(added.body.schemas).toEqual([CORE_USER, ENTERPRISE_USER]);
    const removed = await scim.patch(`/Users/${id}`, { op: 'remove', path });
    expect(removed.body.schemas).toEqual([CORE_USER]);
    const unsaid = await create({ [ENTERPRISE_USER]: { department: 'x' } });
    expect(unsaid.schemas).toEqual([CORE_USER, ENTERPRISE_USER]);
    const strange = await create({ 'urn:example:extension:2.0:User': { shoeSize: 39 } });
    expect(strange).not.toHaveProperty('urn:example:extension:2.0:User');
  });
});

/** RFC 7643 section 8.2, but for what only the server says. */
const full = {
  schemas: [CORE_USER],
  externalId: '701984',
  userName: 'bjensen@example.com',
  name: {
    formatted: 'Ms. Barbara J Jensen, III',
    familyName: 'Jensen',
    givenName: 'Barbara',
    middleName: 'Jane',
    honorificPrefix: 'Ms.',
    honorificSuffix: 'III',
  },
  displayName: 'Babs Jensen',
  nickName: 'Babs',
  profileUrl: 'https://login.example.com/bjensen',
  emails: [
    { value: 'bjensen@example.com', type: 'work', primary: true },
    { value: 'babs@jensen.example', type: 'home' },
  ],
  addresses: [
    {
      streetAddress: '100 Universal City Plaza',
      locality: 'Hollywood',
      region: 'CA',
      postalCode: '91608',
      country: 'USA',
      formatted: '100 Universal City Plaza\nHollywood, CA 91608 USA',
      type: 'work',
      primary: true,
    },
  ],
  phoneNumbers: [
    { value: '555-555-5555', type: 'work' },
    { value: '555-555-4444', type: 'mobile' },
  ],
  ims: [{ value: 'someaimhandle', type: 'aim' }],
  photos: [{ value: 'https://photos.example.com/profilephoto/F', type: 'photo' }],
  userType: 'Employee',
  title: 'Tour Guide',
  preferredLanguage: 'en-US',
  locale: 'en-US',
  timezone: 'America/Los_Angeles',
  active: true,
  entitlements: [{ value: 'delete users' }],
  roles: [{ value: 'operator', display: 'Operator' }],
  x509Certificates: [{ value: 'MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx' }],
};
const enterprise = {
  employeeNumber: '701984',
  costCenter: '4130',
  organization: 'Universal Studios',
  division: 'Theme Park',
  department: 'Tour Operations',
  manager: {
    value: '26118915-6090-4610-87e4-49d8ca9f808d',
    $ref: '../Users/26118915',
    displayName: 'John Smith',
  },
};

describe('RFC 7643 sections 4 and 8, users and groups', () => {
  it('RFC 7643 §4.1.1, §8.1: the least user is a userName, and is active', async () => {
    expect(await create({ userName: 'least@example.com' })).toEqual({
      schemas: [CORE_USER],
      id: expect.any(String),
      userName: 'least@example.com',
      active: true,
      groups: [],
      meta: expect.any(Object),
    });
    for (const userName of [undefined, null, '', { value: 'x' }])
      expect(await refused({ userName }), JSON.stringify(userName)).toMatchObject({
        scimType: 'invalidValue',
      });
  });

  it('RFC 7643 §4.1, §8.2: the full user comes back as it was sent, but for the password', async () => {
    const { id, groups, meta, ...body } = await create({ ...full, password: 't1meMa$heen' });
    expect(body).toEqual(full);
    const { body: read } = await scim.call('GET', `/Users/${id}`);
    expect(read).toEqual({ ...full, id, groups, meta });
    const { body: put } = await scim.call('PUT', `/Users/${id}`, read);
    expect(put).toEqual(read);
    await scim.call('DELETE', `/Users/${id}`);
  });

  it('RFC 7643 §4.3, §8.3: the enterprise user comes back as it was sent', async () => {
    const body = await create({
      ...full,
      schemas: [CORE_USER, ENTERPRISE_USER],
      [ENTERPRISE_USER]: enterprise,
    });
    expect(body).toMatchObject({
      ...full,
      schemas: [CORE_USER, ENTERPRISE_USER],
      [ENTERPRISE_USER]: enterprise,
    });
  });

  it('RFC 7643 §4.3: a manager may come as a bare id or as a list of one, as Entra sends it', async () => {
    for (const manager of [
      '26118915',
      { value: '26118915' },
      [{ $ref: '../Users/26118915', value: '26118915' }],
    ]) {
      const { id } = await create({});
      const path = `${ENTERPRISE_USER}:manager`;
      const { body } = await scim.patch(`/Users/${id}`, { op: 'Add', path, value: manager });
      expect(body[ENTERPRISE_USER].manager, JSON.stringify(manager)).toMatchObject({ value: '26118915' });
    }
    expect(await refused({ [ENTERPRISE_USER]: { manager: [{ value: 'a' }, { value: 'b' }] } })).toMatchObject(
      {
        scimType: 'invalidValue',
      },
    );
  });

  it('RFC 7643 §4.2, §8.4: a group has a displayName and members with value, $ref, display and type', async () => {
    const { id } = await create({ displayName: 'Babs Jensen' });
    const answer = await scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP],
      displayName: 'Tour Guides',
      members: [{ value: id, $ref: `../Users/${id}`, display: 'sent', type: 'User' }, { value: id }],
    });
    expect(answer.body).toEqual({
      schemas: [CORE_GROUP],
      id: answer.body.id,
      displayName: 'Tour Guides',
      members: [
        {
          value: id,
          $ref: `https://latchkey.example/scim/v2/Users/${id}`,
          display: 'Babs Jensen',
          type: 'User',
        },
      ],
      meta: expect.objectContaining({ resourceType: 'Group' }),
    });
    for (const body of [{}, { displayName: '' }, { displayName: 'x', members: [{ display: 'nobody' }] }])
      expect((await scim.call('POST', '/Groups', body)).body).toMatchObject({ scimType: 'invalidValue' });
    const nested = { displayName: 'Nested', members: [{ value: answer.body.id, type: 'Group' }] };
    expect((await scim.call('POST', '/Groups', nested)).body).toMatchObject({ scimType: 'invalidValue' });
  });
});
