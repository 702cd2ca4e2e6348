import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENTERPRISE_USER, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
let count = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const user = (more: Record<string, unknown> = {}) => scim.createUser(`user${count++}@acme.example`, more);
const twoEmails = {
  emails: [
    { type: 'work', value: 'w@acme.example', primary: true },
    { type: 'home', value: 'h@acme.example' },
  ],
};

describe('RFC 7644 section 3.5.2.1, add', () => {
  it('RFC 7644 §3.5.2.1: appends to a multi-valued attribute, once', async () => {
    const id = await user(twoEmails);
    const other = { type: 'other', value: 'o@acme.example' };
    const { body } = await scim.patch(`/Users/${id}`, { op: 'add', path: 'emails', value: [other] });
    expect(body.emails).toEqual([...twoEmails.emails, other]);
    const again = await scim.patch(`/Users/${id}`, { op: 'add', path: 'emails', value: other });
    expect(again.body.emails).toHaveLength(3);
    expect(again.body.meta).toEqual(body.meta);
  });

  it('RFC 7644 §3.5.2.1: merges a complex attribute and takes primary from the others', async () => {
    const id = await user({ ...twoEmails, name: { givenName: 'Ines', familyName: 'Okonkwo' } });
    const { body } = await scim.patch(
      `/Users/${id}`,
      { op: 'add', path: 'name', value: { middleName: 'K' } },
      { op: 'add', path: 'emails[type eq "home"].primary', value: true },
    );
    expect(body.name).toEqual({ givenName: 'Ines', familyName: 'Okonkwo', middleName: 'K' });
    expect(body.emails).toEqual([
      { type: 'work', value: 'w@acme.example', primary: false },
      { type: 'home', value: 'h@acme.example', primary: true },
    ]);
  });

  it('RFC 7644 §3.5.2.1: takes attributes without a path, extension included', async () => {
    const id = await user();
    const { body } = await scim.patch(`/Users/${id}`, {
      op: 'add',
      value: { nickname: 'Babs', [ENTERPRISE_USER]: { costCenter: '7', Manager: { value: 'm' } } },
    });
    expect(body).toMatchObject({
      nickName: 'Babs',
      [ENTERPRISE_USER]: { costCenter: '7', manager: { value: 'm' } },
    });
  });
});

describe('RFC 7644 section 3.5.2.2, remove', () => {
  it('RFC 7644 §3.5.2.2: removes an attribute, a sub-attribute and selected values', async () => {
    const id = await user({ ...twoEmails, title: 'Lead', name: { givenName: 'Ines', familyName: 'O' } });
    const { body } = await scim.patch(
      `/Users/${id}`,
      { op: 'remove', path: 'title' },
      { op: 'remove', path: 'name.familyName' },
      { op: 'remove', path: 'emails[type eq "home" and value ew ".example"]' },
    );
    expect(body.title).toBeUndefined();
    expect(body.name).toEqual({ givenName: 'Ines' });
    expect(body.emails).toEqual([twoEmails.emails[0]]);
    const extension = await scim.patch(
      `/Users/${id}`,
      { op: 'add', path: ENTERPRISE_USER, value: { division: 'x' } },
      { op: 'remove', path: ENTERPRISE_USER },
    );
    expect(extension.body[ENTERPRISE_USER]).toBeUndefined();
  });

  it('RFC 7644 §3.5.2.2: wants a path, and keeps what is required', async () => {
    const id = await user();
    expect((await scim.patch(`/Users/${id}`, { op: 'remove' })).body.scimType).toBe('noTarget');
    const required = await scim.patch(`/Users/${id}`, { op: 'remove', path: 'userName' });
    expect(required.body).toMatchObject({ status: '400', scimType: 'mutability' });
  });
});

describe('RFC 7644 section 3.5.2.3, replace', () => {
  it('RFC 7644 §3.5.2.3: replaces all, selected values and sub-attributes', async () => {
    const id = await user(twoEmails);
    const sub = await scim.patch(`/Users/${id}`, { op: 'replace', path: 'emails.type', value: 'other' });
    expect(sub.body.emails.map((e: { type: string }) => e.type)).toEqual(['other', 'other']);
    const one = await scim.patch(`/Users/${id}`, {
      op: 'replace',
      path: 'emails[value eq "H@acme.example"]',
      value: { value: 'n@acme.example' },
    });
    expect(one.body.emails[1]).toEqual({ type: 'other', value: 'n@acme.example' });
    const all = await scim.patch(`/Users/${id}`, { op: 'replace', path: 'emails', value: [] });
    expect(all.body.emails).toBeUndefined();
  });

  it('RFC 7644 §3.5.2.3: a filter that selects nothing is what is meant to be there, as Entra has it; else noTarget', async () => {
    const id = await user(twoEmails);
    const fax = { op: 'replace', path: 'emails[type eq "fax"].value', value: 'x' };
    expect((await scim.patch(`/Users/${id}`, fax)).body.emails[2]).toEqual({ type: 'fax', value: 'x' });
    const { status, body } = await scim.patch(`/Users/${id}`, {
      ...fax,
      path: 'emails[not (value pr)].value',
    });
    expect(status).toBe(400);
    expect(body.scimType).toBe('noTarget');
  });
});

describe('RFC 7644 section 3.5.2, refusals change nothing', () => {
  it.each([
    ['no string for a path', { op: 'replace', path: 1, value: 1 }, 'invalidPath'],
    ['unreadable path', { op: 'replace', path: 'emails[type eq', value: 1 }, 'invalidPath'],
    ['filter on a single value', { op: 'replace', path: 'title[value eq "x"]', value: 1 }, 'invalidPath'],
    ['read-only attribute', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    ['read-only groups', { op: 'add', path: 'groups', value: [] }, 'mutability'],
    ['unknown operation', { op: 'move', path: 'title', value: 'x' }, 'invalidSyntax'],
    ['wrong type', { op: 'replace', path: 'active', value: 'perhaps' }, 'invalidValue'],
    ['no value', { op: 'add', path: 'title' }, 'invalidValue'],
    ['list without a path', { op: 'add', value: [1] }, 'invalidValue'],
    ['NUL in a string', { op: 'add', path: 'title', value: 'a\0b' }, 'invalidValue'],
  ])('RFC 7644 §3.5.2: %s', async (_name, operation, scimType) => {
    const id = await user({ title: 'before' });
    const before = (await scim.call('GET', `/Users/${id}`)).body;
    const { status, body } = await scim.patch(
      `/Users/${id}`,
      { op: 'replace', path: 'title', value: 'after' },
      operation,
    );
    expect(status).toBe(400);
    expect(body.scimType).toBe(scimType);
    expect((await scim.call('GET', `/Users/${id}`)).body).toEqual(before);
  });

  it('RFC 7644 §3.5.2: takes back earlier member operations when a later one fails', async () => {
    const one = await user();
    const id = await scim.createGroup('atomic', [one]);
    const seen = scim.observed.length;
    const { status } = await scim.patch(
      `/Groups/${id}`,
      { op: 'remove', path: 'members' },
      { op: 'add', path: 'members', value: [{ value: '11111111-1111-4111-8111-111111111111' }] },
    );
    expect(status).toBe(400);
    expect(await scim.membersOf(id)).toEqual([one]);
    expect(scim.observed).toHaveLength(seen);
  });
});

describe('members', () => {
  it('RFC 7644 §3.5.2.2: can be selected by more than their id', async () => {
    const anna = await user({ displayName: 'Anna' });
    const bert = await user({ displayName: 'Bert' });
    const carl = await user({ displayName: 'Carl' });
    const id = await scim.createGroup('selected', [anna, bert, carl]);
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: 'members[display sw "an" and type eq "User"]' });
    expect(await scim.membersOf(id)).toEqual([bert, carl].sort());
    const both = `members[value eq "${bert}" or value eq "${carl.toUpperCase()}"]`;
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: both });
    expect(await scim.membersOf(id)).toEqual([]);
  });

  it('RFC 7644 §3.5.2: observes only the net difference of one request', async () => {
    const one = await user();
    const two = await user();
    const id = await scim.createGroup('net', [one]);
    const seen = scim.observed.length;
    await scim.patch(
      `/Groups/${id}`,
      { op: 'remove', path: 'members' },
      { op: 'add', path: 'members', value: [{ value: one }, { value: two }] },
      { op: 'remove', path: `members[value eq "${two}"]` },
    );
    expect(scim.observed).toHaveLength(seen);
  });

  it('RFC 7644 §3.5.2, §3.9: answers a group PATCH with a body when attributes are asked for', async () => {
    const one = await user();
    const id = await scim.createGroup('asked');
    const { status, body } = await scim.call('PATCH', `/Groups/${id}?attributes=members`, {
      Operations: [{ op: 'add', path: 'members', value: [{ value: one }] }],
    });
    expect(status).toBe(200);
    expect(body.members[0].value).toBe(one);
    expect(body.displayName).toBeUndefined();
  });

  it('RFC 7644 §3.5.2: writes one audit entry for each thing that changed, with counts', async () => {
    const ids = await Promise.all(Array.from({ length: 101 }, () => user()));
    const id = await scim.createGroup('audited', ids);
    const notes = await scim.database.db
      .selectFrom('audit')
      .select(['type', 'data'])
      .where('type', 'in', ['scimGroupChanged', 'scimMembersChanged'])
      .orderBy('id', 'desc')
      .limit(2)
      .execute();
    const [members, created] = notes as { type: string; data: Record<string, unknown> }[];
    expect(created).toMatchObject({ type: 'scimGroupChanged', data: { scimGroupId: id, did: 'created' } });
    expect(members).toMatchObject({
      type: 'scimMembersChanged',
      data: { groupName: 'audited', addedCount: 101 },
    });
    expect(members?.data.added).toHaveLength(100);
  });
});

/** The examples of RFC 7644 sections 3.5.2.1 to 3.5.2.3, with our ids in place of theirs. */
describe('RFC 7644 section 3.5.2, its own examples', () => {
  const address = {
    type: 'work',
    streetAddress: '100 Universal City Plaza',
    locality: 'Hollywood',
    country: 'USA',
  };
  const emails = [
    { value: 'babs@jensen.org', type: 'home' },
    { value: 'bjensen@example.com', type: 'work', primary: true },
  ];

  it('RFC 7644 §3.5.2.1: adds a member, and the same member again without a change', async () => {
    const babs = await user({ displayName: 'Babs Jensen' });
    const id = await scim.createGroup('example add');
    const add = {
      op: 'add',
      path: 'members',
      value: [{ display: 'Babs Jensen', $ref: `/v2/Users/${babs}`, value: babs }],
    };
    expect((await scim.patch(`/Groups/${id}`, add)).headers.get('etag')).toBe('W/"2"');
    expect((await scim.patch(`/Groups/${id}`, add)).headers.get('etag')).toBe('W/"2"');
    expect(await scim.membersOf(id)).toEqual([babs]);
  });

  it('RFC 7644 §3.5.2.1: adds several attributes without a path', async () => {
    const id = await user();
    const value = { emails: [emails[0]], nickname: 'Babs' };
    const { status, body } = await scim.patch(`/Users/${id}`, { op: 'add', value });
    expect(status).toBe(200);
    expect(body).toMatchObject({ emails: [emails[0]], nickName: 'Babs' });
  });

  it('RFC 7644 §3.5.2.1: adds what is not there yet, whatever it is', async () => {
    const id = await user();
    const { body } = await scim.patch(
      `/Users/${id}`,
      { op: 'add', path: 'name.givenName', value: 'Barbara' },
      { op: 'add', path: 'title', value: 'Guide' },
      { op: 'add', path: 'title', value: 'Tour Guide' },
      { op: 'add', path: 'addresses', value: address },
      { op: 'add', path: 'addresses[type eq "work"].region', value: 'CA' },
      { op: 'add', path: `${ENTERPRISE_USER}:manager.value`, value: 'boss' },
    );
    expect(body).toMatchObject({
      name: { givenName: 'Barbara' },
      title: 'Tour Guide',
      addresses: [{ ...address, region: 'CA' }],
      [ENTERPRISE_USER]: { manager: { value: 'boss' } },
    });
  });

  it('RFC 7644 §3.5.2.2: removes one member, all members, and the members that a filter picks', async () => {
    const [a, b, c] = [
      await user({ displayName: 'Babs' }),
      await user({ displayName: 'James' }),
      await user(),
    ];
    const id = await scim.createGroup('example remove', [a, b, c]);
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: `members[value eq "${a}"]` });
    expect(await scim.membersOf(id)).toEqual([b, c].sort());
    const swap = [
      { op: 'remove', path: `members[value eq "${b}"]` },
      { op: 'add', path: 'members', value: [{ display: 'Babs', value: a }] },
    ];
    await scim.patch(`/Groups/${id}`, ...swap);
    expect(await scim.membersOf(id)).toEqual([a, c].sort());
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: 'members[display sw "B" or display sw "J"]' });
    expect(await scim.membersOf(id)).toEqual([c]);
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: 'members' });
    expect(await scim.membersOf(id)).toEqual([]);
    // Entra names the members to remove in the value; of nobody named, nobody goes.
    await scim.patch(`/Groups/${id}`, { op: 'add', path: 'members', value: { value: c } });
    await scim.patch(`/Groups/${id}`, { op: 'remove', path: 'members', value: [] });
    expect(await scim.membersOf(id)).toEqual([c]);
  });

  it('RFC 7644 §3.5.2.2: removes the values that a filter picks; when none is left the attribute is unassigned', async () => {
    const id = await user({ emails });
    const first = await scim.patch(`/Users/${id}`, {
      op: 'remove',
      path: 'emails[type eq "work" and value ew "example.com"]',
    });
    expect(first.body.emails).toEqual([emails[0]]);
    const none = await scim.patch(`/Users/${id}`, { op: 'remove', path: 'emails[type eq "fax"]' });
    expect(none.body).toEqual(first.body);
    const last = await scim.patch(`/Users/${id}`, { op: 'remove', path: 'emails[not (type eq "work")]' });
    expect(last.body).not.toHaveProperty('emails');
    const absent = await scim.patch(`/Users/${id}`, { op: 'remove', path: 'nickName' });
    expect(absent.body).toEqual(last.body);
  });

  it('RFC 7644 §3.5.2.3: replaces all members', async () => {
    const [a, b, c] = [await user(), await user(), await user()];
    const id = await scim.createGroup('example replace', [a, b]);
    const members = [b, c].map((value) => ({ display: 'x', $ref: `/v2/Users/${value}`, value }));
    await scim.patch(`/Groups/${id}`, { op: 'replace', path: 'members', value: members });
    expect(await scim.membersOf(id)).toEqual([b, c].sort());
    expect(scim.observed.at(-1)).toMatchObject({ added: [{ scimUserId: c }], removed: [{ scimUserId: a }] });
    await scim.patch(`/Groups/${id}`, {
      op: 'replace',
      value: { displayName: 'example replaced', members: [] },
    });
    expect(await scim.membersOf(id)).toEqual([]);
  });

  it('RFC 7644 §3.5.2.3: replaces the work address, one of its parts, and several attributes without a path', async () => {
    const id = await user({ addresses: [address, { type: 'home', country: 'UK' }] });
    const other = { ...address, streetAddress: '911 Universal City Plaza' };
    const whole = await scim.patch(`/Users/${id}`, {
      op: 'replace',
      path: 'addresses[type eq "work"]',
      value: other,
    });
    expect(whole.body.addresses).toEqual([other, { type: 'home', country: 'UK' }]);
    const part = await scim.patch(`/Users/${id}`, {
      op: 'replace',
      path: 'addresses[type eq "work"].streetAddress',
      value: '1010 Broadway Ave',
    });
    expect(part.body.addresses[0]).toEqual({ ...address, streetAddress: '1010 Broadway Ave' });
    const several = await scim.patch(`/Users/${id}`, { op: 'replace', value: { emails, nickname: 'Babs' } });
    expect(several.body).toMatchObject({ emails, nickName: 'Babs', addresses: part.body.addresses });
  });

  it('RFC 7644 §3.5.2.3: replacing what is not there adds it; a complex attribute keeps the parts not named', async () => {
    const id = await user({ name: { givenName: 'Barbara', familyName: 'Jensen' } });
    const { body } = await scim.patch(
      `/Users/${id}`,
      { op: 'replace', path: 'title', value: 'Guide' },
      { op: 'replace', path: 'name', value: { familyName: 'Smith' } },
      { op: 'replace', path: `${ENTERPRISE_USER}:division`, value: 'EU' },
    );
    expect(body).toMatchObject({
      title: 'Guide',
      name: { givenName: 'Barbara', familyName: 'Smith' },
      [ENTERPRISE_USER]: { division: 'EU' },
    });
  });

  it('RFC 7644 §3.5.2: a value that becomes primary takes that from the others', async () => {
    const id = await user({ emails });
    const { body } = await scim.patch(`/Users/${id}`, {
      op: 'add',
      path: 'emails',
      value: [{ value: 'new@example.com', primary: true }],
    });
    expect(body.emails.filter((one: { primary?: boolean }) => one.primary)).toEqual([
      { value: 'new@example.com', primary: true },
    ]);
  });
});
