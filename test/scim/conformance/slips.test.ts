import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, PATCH_OP, type StartedScim, startScim, TOKEN } from '../start-scim.ts';

/** Requests that clients write a little otherwise than the RFC does, and their meaning. */
let scim: StartedScim;
let count = 0;
const login = (what = 'slip') => `${what}${++count}@acme.example`;
beforeAll(async () => {
  scim = await startScim(['Größe', 'plain']);
});
afterAll(() => scim.close());

const create = (userName: string, more: Record<string, unknown> = {}) =>
  scim.call('POST', '/Users', { schemas: [CORE_USER], userName, ...more });
const names = (body: { Resources: { userName: string }[] }) => body.Resources.map((one) => one.userName);

describe('a base address with a slash at its end, and other slashes too many', () => {
  it.each([
    ['/Users/', '?filter='],
    ['//Users', '?filter='],
    ['//Users/', '?filter='],
    ['/Users//', '?filter='],
    ['///Users', '?startIndex=1&filter='],
  ])('RFC 7644 §3.2, §3.4.2: %s is the same place', async (path, query) => {
    const userName = login();
    const made = await scim.call('POST', path, { schemas: [CORE_USER], userName });
    expect(made.status).toBe(201);
    expect(made.body.meta.location).toBe(`https://latchkey.example/scim/v2/Users/${made.body.id}`);
    const asked = `${path}${query}${encodeURIComponent(`userName eq "${userName}"`)}`;
    expect(names((await scim.call('GET', asked)).body)).toEqual([userName]);
    const own = `${path}/${made.body.id}/`;
    expect((await scim.call('GET', own)).body.id).toBe(made.body.id);
    const off = { schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { active: false } }] };
    expect((await scim.call('PATCH', own, off)).body.active).toBe(false);
    expect((await scim.call('PUT', own, { schemas: [CORE_USER], userName })).status).toBe(200);
    expect((await scim.call('DELETE', own)).status).toBe(204);
  });

  it.each([
    ['POST', '//Users/.search/', 200],
    ['POST', '//Bulk/', 400],
    ['GET', '/', 200],
    ['GET', '//', 200],
    ['GET', '//Groups/', 200],
    ['GET', '//ServiceProviderConfig/', 200],
    ['GET', '/Schemas/', 200],
    ['GET', '//ResourceTypes//User/', 200],
    ['PUT', '//Users/', 405],
    ['GET', '//Me/', 501],
    ['GET', '//Nothing/', 404],
  ])('RFC 7644 §3.2, §4: %s %s answers %i', async (method, path, status) => {
    expect((await scim.call(method, path, method === 'POST' ? {} : undefined)).status).toBe(status);
  });

  it('RFC 7644 §3.7: and so in a Bulk', async () => {
    const { body } = await scim.call('POST', '/Bulk', {
      Operations: [
        { method: 'POST', path: '//Users/', bulkId: 'a', data: { schemas: [CORE_USER], userName: login() } },
        { method: 'DELETE', path: '//Users//bulkId:a' },
      ],
    });
    expect(body.Operations.map((one: { status: string }) => one.status)).toEqual(['201', '204']);
  });
});

describe('pages', () => {
  it.each([
    ['count=2147483647', 200],
    ['count=2147483648', 200],
    ['count=9223372036854775807', 200],
    ['count=9223372036854775808', 200],
    [`count=${'9'.repeat(40)}`, 200],
    ['count=0', 0],
    ['count=-0', 0],
    ['count=-1', 0],
    ['count=-9223372036854775809', 0],
    ['count=1', 1],
    ['count=%2B1', 1],
    ['startIndex=0', 100],
    ['startIndex=-1', 100],
    [`startIndex=-${'9'.repeat(40)}`, 100],
    ['STARTINDEX=1&Count=1', 1],
  ])('RFC 7644 §3.4.2.4: ?%s is cut, not refused', async (query, most) => {
    await create(login());
    const { status, body } = await scim.call('GET', `/Users?${query}`);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.Resources).toHaveLength(Math.min(most, body.totalResults));
    expect(body).toMatchObject({ startIndex: 1, itemsPerPage: body.Resources.length });
  });

  const far = ['2147483647', '2147483648', '9223372036854775808', '9'.repeat(40)];
  it.each(far)(
    'RFC 7644 §3.4.2.4: startIndex=%s is behind the last: an empty page, and how many there are',
    async (startIndex) => {
      await create(login());
      for (const answer of [
        await scim.call('GET', `/Users?startIndex=${startIndex}`),
        await scim.call('POST', '/Users/.search', { startIndex: Number(startIndex), count: 2147483647 }),
      ]) {
        expect(answer.status, JSON.stringify(answer.body)).toBe(200);
        expect(answer.body).toMatchObject({ Resources: [], itemsPerPage: 0 });
        expect(answer.body.totalResults).toBeGreaterThan(0);
      }
    },
  );

  it.each(['count=x', 'count=', 'count=1.5', 'startIndex=1e3', 'count=1&count=2', 'startIndex=0x10'])(
    'RFC 7644 §3.4.2.4, §3.12: ?%s is no number, and refused',
    async (query) => {
      const { status, body } = await scim.call('GET', `/Users?${query}`);
      expect([status, body.scimType]).toEqual([400, 'invalidValue']);
    },
  );

  it('RFC 9865 §2.1: a huge count is cut with a cursor too', async () => {
    const { status } = await scim.call('GET', '/Users?cursor=&count=9223372036854775807');
    expect(status).toBe(200);
  });
});

describe('a plus in an address', () => {
  const encodings: [string, (name: string) => string][] = [
    ['plus as it is, blanks as %20', (name) => `userName%20eq%20%22${name}%22`],
    ['all encoded', (name) => encodeURIComponent(`userName eq "${name}"`)],
    [
      'as a form encodes it',
      (name) => new URLSearchParams({ f: `userName eq "${name}"` }).toString().slice(2),
    ],
    ['quotes as they are', (name) => `userName%20eq%20"${name}"`],
    ['as Microsoft’s collection writes it', (name) => `DisplayName+eq+%22${name.replace('+', '%2B')}%22`],
  ];
  it.each(encodings)('RFC 7644 §3.4.2.2: %s', async (_how, write) => {
    const plain = login('ines');
    const userName = plain.replace('@', '+test@');
    await create(plain, { displayName: plain });
    await create(plain.replace('@', ' test@'));
    await create(userName, { displayName: userName });
    const { status, body } = await scim.call('GET', `/Users?filter=${write(userName)}`);
    expect(status, JSON.stringify(body)).toBe(200);
    expect(names(body)).toEqual([userName]);
  });

  it('RFC 7644 §3.4.2.2: what is not encoded stays what it is', async () => {
    await create(login(), { title: '100%' });
    expect((await scim.call('GET', '/Users?filter=title%20eq%20"100%"')).body.totalResults).toBe(1);
    expect((await scim.call('GET', '/Users?filter=title+eq+"100%25"')).body.totalResults).toBe(1);
  });
});

describe('names in several Unicode forms', () => {
  const forms: [string, string, string][] = [
    ['composed and decomposed', 'Zo\u00eb', 'Zoe\u0308'],
    ['other case, decomposed', 'ZO\u00cb', 'zoe\u0308'],
    ['a letter and the sign for its unit', '\u00c5ngstr\u00f6m', '\u212bngstro\u0308m'],
    ['two marks, in either order', 'a\u0323\u0302', 'a\u0302\u0323'],
    ['Hangul, whole and in parts', '\ud55c\uae00', '\u1112\u1161\u11ab\u1100\u1173\u11af'],
    ['fullwidth letters', 'ines', '\uff29\uff4e\uff45\uff53'],
    ['halfwidth Katakana', '\u30ac\u30a4', '\uff76\uff9e\uff72'],
    ['a Greek word and its capitals', '\u03bf\u03b4\u03cc\u03c2', '\u039f\u0394\u039f\u0301\u03a3'],
    ['Cyrillic', '\u0439\u043e\u0434', '\u0418\u0306\u041e\u0414'],
  ];

  it.each(forms)('RFC 7644 §5: %s are one user', async (_what, one, other) => {
    const domain = login('.x');
    const made = await create(`${one}${domain}`);
    expect(made.status).toBe(201);
    const second = await create(`${other}${domain}`);
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness']);
    for (const name of [one, other])
      for (const filter of [
        `userName eq "${name}${domain}"`,
        `userName sw "${name}"  and userName co "${domain}"`,
        `not (userName ne "${name}${domain}")`,
      ]) {
        const { body } = await scim.call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
        expect(names(body), filter).toEqual([`${one}${domain}`]);
      }
    // A value comes back as it was sent, and may be changed to its other form.
    const path = `/Users/${made.body.id}`;
    const renamed = await scim.patch(path, { op: 'replace', value: { userName: `${other}${domain}` } });
    expect([renamed.status, renamed.body.userName]).toEqual([200, `${other}${domain}`]);
  });

  it.each(forms)('RFC 7644 §5: %s are one group', async (_what, one, other) => {
    const rest = `-${login()}`;
    await scim.createGroup(`${one}${rest}`);
    const second = await scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP],
      displayName: `${other}${rest}`,
    });
    expect([second.status, second.body.scimType]).toEqual([409, 'uniqueness']);
    const filter = encodeURIComponent(`displayName eq "${other}${rest}"`);
    expect((await scim.call('GET', `/Groups?filter=${filter}`)).body.totalResults).toBe(1);
  });

  it.each(['Gr\u00f6\u00dfe', 'Gro\u0308\u00dfe', 'GRO\u0308\u00dfE', '\uff27ro\u0308\u00dfe'])(
    'RFC 7644 §5: a group pushed as %s is the catalogue’s, by every way in',
    async (displayName) => {
      const user = (await create(login())).body.id;
      const before = scim.observed.length;
      const group = await scim.createGroup(displayName);
      await scim.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: user }] });
      await scim.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${user}"]` });
      const put = { schemas: [CORE_GROUP], displayName, members: [{ value: user }] };
      await scim.call('PUT', `/Groups/${group}`, put);
      await scim.call('DELETE', `/Groups/${group}`);
      expect(scim.observed.slice(before).map((one) => one.added.length - one.removed.length)).toEqual([
        1, -1, 1, -1,
      ]);
    },
  );

  it('RFC 7644 §5, §3.4.2.2: other texts are compared composed, and sorted so', async () => {
    const title = `Zoe\u0308 ${login()}`;
    await create(login(), { title });
    const filter = encodeURIComponent(`title eq "${title.normalize('NFC').toUpperCase()}"`);
    const { body } = await scim.call('GET', `/Users?sortBy=title&filter=${filter}`);
    expect(body.Resources.map((one: { title: string }) => one.title)).toEqual([title]);
  });
});

describe('names and addresses of nothing', () => {
  const blanks = ['', ' ', '\t', '\u00a0', '\u3000', '\u200b', '\ufeff', ' \u2060 '];
  it.each(blanks)('RFC 7643 §4.1.1, §2.5: %j is no userName', async (blank) => {
    const refused = { status: 400, body: { scimType: 'invalidValue' } };
    expect(await create(blank)).toMatchObject(refused);
    const made = (await create(login())).body;
    const path = `/Users/${made.id}`;
    expect(await scim.call('PUT', path, { schemas: [CORE_USER], userName: blank })).toMatchObject(refused);
    for (const operation of [
      { op: 'replace', path: 'userName', value: blank },
      { op: 'add', value: { userName: blank } },
    ])
      expect(await scim.patch(path, operation)).toMatchObject(refused);
    expect((await scim.call('GET', path)).body.userName).toBe(made.userName);
    const group = { schemas: [CORE_GROUP], displayName: blank };
    expect(await scim.call('POST', '/Groups', group)).toMatchObject(refused);
  });

  it.each(blanks)('RFC 7643 §4.1.2, §2.5: an address %j is none', async (blank) => {
    const work = { type: 'work', value: 'work@acme.example' };
    const made = await create(login(), { emails: [{ type: 'home', primary: true, value: blank }, work] });
    expect(made.body.emails).toEqual([work]);
    const stored = async (id: string) =>
      (await scim.database.db.selectFrom('scim_users').select('email').where('id', '=', id).execute())[0]
        ?.email;
    expect(await stored(made.body.id)).toBe(work.value);
    const path = `/Users/${made.body.id}`;
    for (const operation of [
      { op: 'replace', path: 'emails[type eq "work"].value', value: blank },
      { op: 'replace', path: 'emails[type eq "work"]', value: { value: blank } },
      { op: 'replace', path: 'emails', value: [{ value: blank }] },
      { op: 'add', path: 'emails[type eq "other"].value', value: blank },
      { op: 'replace', value: { emails: [{ type: 'work', value: blank }] } },
    ]) {
      const { status, body } = await scim.patch(path, operation);
      expect(status, JSON.stringify(body)).toBe(200);
      if (operation.op === 'replace') {
        expect(body).not.toHaveProperty('emails');
        expect(await stored(made.body.id)).toBeNull();
      }
      await scim.patch(path, { op: 'replace', path: 'emails', value: [work] });
    }
    const only = await create(login(), { emails: [{ value: blank }], phoneNumbers: [{ value: blank }] });
    expect(only.body).not.toHaveProperty('emails');
    expect(only.body).not.toHaveProperty('phoneNumbers');
  });

  it('RFC 7643 §3.1, §2.5: a blank externalId names nobody, and many may send it', async () => {
    for (const blank of ['', ' ', '']) {
      const made = await create(login(), { externalId: blank });
      expect(made.status).toBe(201);
      expect(made.body).not.toHaveProperty('externalId');
    }
    const made = await create(login(), { externalId: login('id') });
    const { body } = await scim.patch(`/Users/${made.body.id}`, {
      op: 'replace',
      path: 'externalId',
      value: '',
    });
    expect(body).not.toHaveProperty('externalId');
  });
});

describe('part of an element', () => {
  const work = { type: 'work', primary: true, value: 'old@acme.example', display: 'Old' };
  const parts: [string, unknown, unknown][] = [
    ['its value', { value: 'new@acme.example' }, { ...work, value: 'new@acme.example' }],
    ['its display', { display: 'New' }, { ...work, display: 'New' }],
    [
      'all but primary',
      { type: 'work', value: 'new@acme.example', display: 'New' },
      { type: 'work', primary: true, value: 'new@acme.example', display: 'New' },
    ],
    ['another type', { type: 'other' }, { ...work, type: 'other' }],
    ['no more primary', { primary: false }, { ...work, primary: false }],
  ];
  it.each(parts)('RFC 7644 §3.5.2.3: replaces %s, and nothing else of it', async (_what, value, after) => {
    for (const op of ['replace', 'Replace', 'add']) {
      const home = { type: 'home', value: 'home@acme.example' };
      const made = (await create(login(), { emails: [work, home] })).body;
      const { body } = await scim.patch(`/Users/${made.id}`, { op, path: 'emails[type eq "work"]', value });
      expect(body.emails).toEqual([after, home]);
    }
  });

  it('RFC 7644 §3.5.2.3: null in its place takes it away', async () => {
    const made = (await create(login(), { emails: [work] })).body;
    const { status, body } = await scim.patch(`/Users/${made.id}`, {
      op: 'replace',
      path: 'emails[type eq "work"]',
      value: null,
    });
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('emails');
  });
});

describe('schemas', () => {
  it.each([[[]], [null], [undefined]])('RFC 7643 §3: %j is taken like none', async (schemas) => {
    const userName = login();
    const made = await scim.call('POST', '/Users', { schemas, userName });
    expect(made.status).toBe(201);
    const path = `/Users/${made.body.id}`;
    expect((await scim.call('PUT', path, { schemas, userName, title: 'x' })).status).toBe(200);
    const Operations = [{ op: 'replace', value: { title: 'y' } }];
    expect((await scim.call('PATCH', path, { schemas, Operations })).body.title).toBe('y');
    expect((await scim.call('POST', '/Groups', { schemas, displayName: login() })).status).toBe(201);
    expect((await scim.call('POST', '/Users/.search', { schemas, count: 1 })).status).toBe(200);
    expect((await scim.call('POST', '/Bulk', { schemas, Operations: [{}] })).status).toBe(200);
  });

  it.each([[['urn:other']], ['urn:other'], [[7]]])('RFC 7643 §3: %j is still refused', async (schemas) => {
    const { status, body } = await scim.call('POST', '/Users', { schemas, userName: login() });
    expect([status, body.scimType]).toEqual([400, 'invalidValue']);
  });
});

describe('a token in another shape', () => {
  it.each([
    [TOKEN, 'does not begin with Bearer'],
    [`Token ${TOKEN}`, 'does not begin with Bearer'],
    [`SSWS ${TOKEN}`, 'does not begin with Bearer'],
    [`Bearer: ${TOKEN}`, 'does not begin with Bearer'],
    ['Bearer', 'does not begin with Bearer'],
    ['Bearer wrong', 'wrong, expired or revoked'],
    [null, 'no token'],
  ])('RFC 7644 §2: %s gets a 401 that says what to do', async (authorization, hint) => {
    const { status, body, headers } = await scim.call('GET', '/Users', undefined, { authorization });
    expect(status).toBe(401);
    expect(body.detail).toContain(hint);
    expect(JSON.stringify([body, [...headers]])).not.toContain(TOKEN);
    const challenge = headers.get('www-authenticate');
    expect(challenge).toMatch(/^Bearer realm="scim"/);
    if (authorization === null) expect(challenge).not.toContain('error');
    else expect(challenge).toContain(`error="invalid_token", error_description="${body.detail}"`);
  });

  const good = [`bearer ${TOKEN}`, `BEARER  ${TOKEN}`, `Bearer ${TOKEN} `];
  it.each(good)('RFC 7644 §2: %j is taken', async (authorization) => {
    expect((await scim.call('GET', '/Users', undefined, { authorization })).status).toBe(200);
  });
});
