import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, ERROR, type StartedScim } from '../start-scim.ts';
import { idsFound, startWithPeople } from './people.ts';

let scim: StartedScim;
let ines: string;
let lena: string;
beforeAll(async () => {
  ({ scim, ines, lena } = await startWithPeople());
});
afterAll(() => scim.close());

async function find(filter: string, path = '/Users'): Promise<string[]> {
  return await idsFound(scim, filter, path);
}

describe('RFC 7644 section 3.3, creating', () => {
  it('RFC 7644 §3.3: answers 201 with the resource, Location and ETag', async () => {
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

  it('RFC 7644 §3.3: answers 409 uniqueness for a userName or displayName in any case', async () => {
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

  it('RFC 7644 §3.3: answers 400 invalidValue without a required attribute or with an unknown member', async () => {
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

  it('RFC 7644 §3.3: what is unknown is ignored; a second attempt is a conflict, not a second resource', async () => {
    const body = { userName: 'twice@acme.example', shoeSize: 39, 'urn:x:y': { a: 1 }, name: { nick: 'x' } };
    const first = await scim.call('POST', '/Users', body);
    expect(first.status).toBe(201);
    expect(Object.keys(first.body).sort()).toEqual(['active', 'groups', 'id', 'meta', 'schemas', 'userName']);
    const again = await scim.call('POST', '/Users', body);
    expect(again.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    expect(again.body.detail).toContain('userName');
    expect(await find('userName eq "twice@acme.example"')).toEqual([first.body.id]);
  });

  it('RFC 7644 §3.3: a group may come with members, each counted once; one who is not there spoils it', async () => {
    const members = [
      { value: ines },
      { value: ines.toUpperCase() },
      { value: lena, type: 'User', display: 'x' },
    ];
    const { status, body } = await scim.call('POST', '/Groups', { displayName: 'full', members });
    expect(status).toBe(201);
    expect(body.members.map((m: { value: string }) => m.value).sort()).toEqual([ines, lena].sort());
    // Lena is switched off: she is in the group, but has nothing by it.
    expect(scim.observed.at(-1)).toMatchObject({
      groupName: 'full',
      added: [{ scimUserId: ines }],
      removed: [],
    });
    for (const value of ['no-uuid', '11111111-1111-4111-8111-111111111111', 5, null, { a: 1 }]) {
      const seen = scim.observed.length;
      const refused = await scim.call('POST', '/Groups', {
        displayName: 'spoilt',
        members: [{ value: ines }, { value }],
      });
      expect(refused.body, String(value)).toMatchObject({ status: '400', scimType: 'invalidValue' });
      expect(await find('displayName eq "spoilt"', '/Groups')).toEqual([]);
      expect(scim.observed).toHaveLength(seen);
    }
  });

  it('RFC 7644 §3.3, §3.9: answers only what attributes asks for', async () => {
    const { body } = await scim.call('POST', '/Users?attributes=userName', {
      userName: 'little@acme.example',
      title: 'x',
    });
    expect(body).toEqual({ schemas: [CORE_USER], id: expect.any(String), userName: 'little@acme.example' });
  });
});
