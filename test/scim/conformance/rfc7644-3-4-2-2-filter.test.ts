import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, ERROR, type StartedScim } from '../start-scim.ts';
import { idsFound, startWithPeople } from './people.ts';

let scim: StartedScim;
let ines: string;
let omar: string;
let lena: string;
let group: string;
beforeAll(async () => {
  ({ scim, ines, omar, lena, group } = await startWithPeople());
});
afterAll(() => scim.close());

async function find(filter: string, path = '/Users'): Promise<string[]> {
  return await idsFound(scim, filter, path);
}

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
  ])('RFC 7644 §3.4.2.2: %s', async (filter, who) => {
    const ids = { ines, omar, lena };
    const wanted = who === '' ? [] : who.split(' ').map((name) => ids[name as keyof typeof ids]);
    expect((await find(filter)).sort()).toEqual(wanted.sort());
  });

  it('RFC 7644 §3.4.2.2: ids and members', async () => {
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
  ])('RFC 7644 §3.4.2.2: invalidFilter for %s', async (filter) => {
    const { status, body } = await scim.call('GET', `/Users?filter=${encodeURIComponent(filter)}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ schemas: [ERROR], status: '400', scimType: 'invalidFilter' });
  });
});

describe('RFC 7644 section 5, comparing strings of any language', () => {
  it('RFC 7644 §5: takes upper and lower case as one beyond ASCII, in filters, uniqueness and order', async () => {
    const id = await scim.createUser('Ürsula.Ångström@acme.example', {
      title: 'Straße',
      displayName: 'Ørsted',
    });
    expect(await find('userName eq "ÜRSULA.ÅNGSTRÖM@acme.example"')).toEqual([id]);
    expect(await find('displayName sw "ø"')).toEqual([id]);
    const again = await scim.call('POST', '/Users', { userName: 'üRSULA.åNGSTRÖM@ACME.example' });
    expect(again.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    const { body } = await scim.call('GET', '/Users?sortBy=userName&sortOrder=descending&count=1');
    expect(body.Resources[0].id).toBe(id);
  });
});

describe('RFC 7643 section 2.3.5, times', () => {
  it.each(['1', '2026', '2026-11-25', 'Nov 25 2026', '2026-11-25T10:00', '10:00:00Z'])(
    'RFC 7643 §2.3.5: %s is no dateTime',
    async (text) => {
      const { body } = await scim.call('GET', `/Users?filter=meta.created gt "${text}"`);
      expect(body).toMatchObject({ schemas: [ERROR], status: '400', scimType: 'invalidFilter' });
    },
  );

  it('RFC 7643 §2.3.5: a dateTime without a zone is in UTC', async () => {
    const { created } = (await scim.call('GET', `/Users/${omar}`)).body.meta;
    expect(await find(`meta.created eq "${created.slice(0, -1)}" and userName sw "omar"`)).toEqual([omar]);
    expect(await find(`meta.created lt "${created.slice(0, -1)}" and userName sw "omar"`)).toEqual([]);
  });
});
