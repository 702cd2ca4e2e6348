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
