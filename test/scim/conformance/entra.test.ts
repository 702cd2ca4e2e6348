import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CORE_GROUP,
  CORE_USER,
  ENTERPRISE_USER,
  PATCH_OP,
  type StartedScim,
  startScim,
} from '../start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const ADSCIM_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

/** Requests as entra-docs docs/identity/app-provisioning/use-scim-to-provision-users-and-groups gives them. */
function provisionUser(userName: string) {
  return scim.call('POST', '/Users', {
    schemas: [CORE_USER, ENTERPRISE_USER],
    externalId: userName.split('@')[0],
    userName,
    active: true,
    emails: [{ primary: true, type: 'work', value: userName }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Given Family', familyName: 'Family', givenName: 'Given' },
    roles: [],
  });
}

describe('Entra, as it speaks by default', () => {
  it('RFC 7644 §3.4.2: tests the connection with a filter on a random id', async () => {
    const { status, body } = await scim.call(
      'GET',
      '/Users?filter=userName+eq+%22non-existing-7f3a7a5e-6d2f-4b7f-8f0e-0b8b6a4f0c11%22',
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ totalResults: 0, Resources: [] });
  });

  it('RFC 7644 §3.3, §3.5.2, §3.6: provisions, changes and disables a user', async () => {
    const created = await provisionUser('given@contoso.example');
    expect(created.status).toBe(201);
    const id = created.body.id as string;

    const changed = await scim.patch(
      `/Users/${id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'updated@contoso.example' },
      { op: 'Replace', path: 'name.familyName', value: 'updatedFamily' },
      { op: 'Add', path: `${ENTERPRISE_USER}:department`, value: 'Integration' },
      { op: 'Add', path: `${ENTERPRISE_USER}:manager`, value: 'boss-id' },
      { op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+44 1' },
    );
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({
      emails: [{ primary: true, type: 'work', value: 'updated@contoso.example' }],
      name: { givenName: 'Given', familyName: 'updatedFamily' },
      phoneNumbers: [{ type: 'mobile', value: '+44 1' }],
      [ENTERPRISE_USER]: { department: 'Integration', manager: { value: 'boss-id' } },
    });
    expect(changed.body.schemas).toEqual([CORE_USER, ENTERPRISE_USER]);

    const disabled = await scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' });
    expect(disabled.status).toBe(200);
    expect(disabled.body.active).toBe(false);
    const enabled = await scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'True' });
    expect(enabled.body.active).toBe(true);
    expect((await scim.call('DELETE', `/Users/${id}`)).status).toBe(204);
  });

  it('RFC 7644 §3.3, §3.5.2, §3.6: provisions a group and moves its members', async () => {
    const user = (await provisionUser('member@contoso.example')).body.id as string;
    const found = await scim.call(
      'GET',
      '/Groups?excludedAttributes=members&filter=displayName+eq+%22displayName%22',
    );
    expect(found.body.Resources).toEqual([]);

    const created = await scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP, ADSCIM_GROUP],
      externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
      displayName: 'displayName',
      meta: { resourceType: 'Group' },
    });
    expect(created.status).toBe(201);
    const id = created.body.id as string;
    const read = await scim.call('GET', `/Groups/${id}?excludedAttributes=members`);
    expect(read.body.members).toBeUndefined();

    const added = await scim.patch(`/Groups/${id}`, {
      op: 'Add',
      path: 'members',
      value: [{ $ref: null, value: user }],
    });
    expect(added.status).toBe(204);
    expect(added.body).toBeNull();
    expect(await scim.membersOf(id)).toEqual([user]);

    const removed = await scim.patch(`/Groups/${id}`, {
      op: 'Remove',
      path: 'members',
      value: [{ $ref: null, value: user }],
    });
    expect(removed.status).toBe(204);
    expect(await scim.membersOf(id)).toEqual([]);
    expect(scim.observed.slice(-2).map((o) => [o.added.length, o.removed.length])).toEqual([
      [1, 0],
      [0, 1],
    ]);

    const renamed = await scim.patch(`/Groups/${id}`, {
      op: 'Replace',
      path: 'displayName',
      value: 'another name',
    });
    expect(renamed.status).toBe(204);
    const byName = await scim.call('GET', '/Groups?filter=DISPLAYNAME+EQ+%22Another+Name%22');
    expect(byName.body.Resources[0].id).toBe(id);
    expect((await scim.call('DELETE', `/Groups/${id}`)).status).toBe(204);
  });
});

describe('Entra with ?aadOptscim062020', () => {
  it('RFC 7644 §3.5.2.3: replaces without a path, with keys that are paths', async () => {
    const id = (await provisionUser('flag@contoso.example')).body.id as string;
    const { status, body } = await scim.call('PATCH', `/Users/${id}?aadOptscim062020`, {
      schemas: [PATCH_OP],
      Operations: [
        {
          op: 'replace',
          value: {
            displayName: 'Flag',
            'name.givenName': 'Bjorn',
            'emails[type eq "work"].value': 'bjorn@contoso.example',
            [`${ENTERPRISE_USER}:employeeNumber`]: '42',
            active: false,
          },
        },
      ],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      displayName: 'Flag',
      active: false,
      name: { givenName: 'Bjorn', familyName: 'Family' },
      emails: [{ type: 'work', value: 'bjorn@contoso.example' }],
      [ENTERPRISE_USER]: { employeeNumber: '42' },
    });
  });

  it('RFC 7644 §3.5.2.2: removes a member by a filter', async () => {
    const user = (await provisionUser('flag.member@contoso.example')).body.id as string;
    const id = await scim.createGroup('flag-group', [user]);
    const removed = await scim.call('PATCH', `/Groups/${id}?aadOptscim062020`, {
      schemas: [PATCH_OP],
      Operations: [{ op: 'remove', path: `members[value eq "${user}"]` }],
    });
    expect(removed.status).toBe(204);
    expect(await scim.membersOf(id)).toEqual([]);
  });
});
