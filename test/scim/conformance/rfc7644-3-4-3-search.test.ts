import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedScim, startScim } from '../start-scim.ts';

const SEARCH_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

let scim: StartedScim;
let ines: string;
let omar: string;
let group: string;
beforeAll(async () => {
  scim = await startScim();
  ines = await scim.createUser('ines@acme.example', {
    displayName: 'Ines',
    emails: [
      { value: 'zoe@acme.example' },
      { value: 'b@acme.example', primary: true },
      { value: 'c@acme.example' },
    ],
  });
  omar = await scim.createUser('omar@acme.example', {
    displayName: 'Omar',
    emails: [{ value: 'a@acme.example' }],
  });
  group = await scim.createGroup('mulesoft-dev', [ines]);
});
afterAll(() => scim.close());

type Resource = { id: string };
const ids = (body: { Resources: Resource[] }) => body.Resources.map((r) => r.id);
const search = async (path: string, body: Record<string, unknown>) => {
  const answer = await scim.call('POST', `${path}/.search`, { schemas: [SEARCH_REQUEST], ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
};

describe('RFC 7644 section 3.4.3, querying by POST', () => {
  it('RFC 7644 §3.4.3: finds at /Users/.search and /Groups/.search what GET finds', async () => {
    const body = await search('/Users', {
      attributes: ['userName'],
      filter: 'userName sw "o"',
      startIndex: 1,
      count: 10,
    });
    expect(body).toMatchObject({ totalResults: 1, startIndex: 1, itemsPerPage: 1 });
    expect(body.Resources).toEqual([{ schemas: expect.any(Array), id: omar, userName: 'omar@acme.example' }]);
    expect(ids(await search('/Groups', { filter: `members[value eq "${ines}"]` }))).toEqual([group]);
    const without = await search('/Groups', { excludedAttributes: ['members'] });
    expect(without.Resources[0].members).toBeUndefined();
    expect(
      (await search('/Users', { COUNT: '1', sortBy: 'userName', sortOrder: 'descending' })).Resources,
    ).toMatchObject([{ id: omar }]);
  });

  it('RFC 7644 §3.4.3: finds users and groups together at the root', async () => {
    const body = await search('', { attributes: ['displayName', 'userName'], sortBy: 'displayName' });
    expect(body.Resources).toMatchObject([
      { displayName: 'Ines' },
      { displayName: 'mulesoft-dev' },
      { displayName: 'Omar' },
    ]);
    expect(ids(await search('', { filter: 'meta.resourceType eq "Group"' }))).toEqual([group]);
    expect(ids(await search('', { count: 2 }))).toEqual([ines, omar]);
    expect(await search('', { startIndex: 3 })).toMatchObject({ totalResults: 3, itemsPerPage: 1 });
    expect(await search('', { count: 0 })).toMatchObject({ totalResults: 3, Resources: [] });
  });

  it('RFC 7644 §3.4.3: takes an attribute that only one type has as absent in the others', async () => {
    const found = async (filter: string) => ids(await search('', { filter }));
    expect(await found('userName eq "omar@acme.example" or displayName sw "mule"')).toEqual([omar, group]);
    expect(await found('userName ne "omar@acme.example"')).toEqual([ines, group]);
    expect(await found('not (userName pr)')).toEqual([group]);
    expect(await found('active eq true')).toEqual([ines, omar]);
    expect(await found('emails[value sw "a@"]')).toEqual([omar]);
    expect(ids(await search('', { sortBy: 'userName', sortOrder: 'descending' }))).toEqual([
      group,
      omar,
      ines,
    ]);
    const unknown = await scim.call('POST', '/.search', { filter: 'shoeSize gt 4' });
    expect(unknown.body.scimType).toBe('invalidFilter');
  });

  it.each([
    [[], 400],
    [{ schemas: ['urn:x'] }, 400],
    [{ filter: { a: 1 } }, 400],
    [{ filter: '' }, 400],
    [{ count: 'many' }, 400],
  ])('RFC 7644 §3.4.3: refuses %j', async (body, status) => {
    expect((await scim.call('POST', '/.search', body)).status).toBe(status);
  });
});

describe('RFC 7644 section 3.4.2.1, querying the root', () => {
  it('RFC 7644 §3.4.2.1: answers GET as it answers .search', async () => {
    const { body } = await scim.call('GET', '?filter=displayName+pr&sortBy=displayName&count=1');
    expect(body).toMatchObject({ totalResults: 3, itemsPerPage: 1, Resources: [{ id: ines }] });
  });
});

describe('RFC 7644 section 3.4.2.3, sorting', () => {
  it('RFC 7644 §3.4.2.3: sorts by the primary of several values, else by the first', async () => {
    expect(ids(await search('/Users', { sortBy: 'emails' }))).toEqual([omar, ines]);
    expect(ids(await search('/Users', { sortBy: 'emails.value', sortOrder: 'descending' }))).toEqual([
      ines,
      omar,
    ]);
  });
});

describe('RFC 7644 section 3.11, /Me', () => {
  it('RFC 7644 §3.11: is 501 and says why', async () => {
    const { status, body } = await scim.call('GET', '/Me');
    expect(status).toBe(501);
    expect(body.detail).toContain('not for a person');
  });
});
