import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_GROUP, CORE_USER, type StartedScim, startScim } from '../start-scim.ts';

let scim: StartedScim;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

const profile = (login: string, externalId: string) => ({
  schemas: [CORE_USER],
  userName: login,
  name: { givenName: 'Ines', familyName: 'Okonkwo' },
  emails: [{ primary: true, value: login, type: 'work' }],
  displayName: 'Ines Okonkwo',
  locale: 'en-US',
  externalId,
  groups: [],
  password: '1mz050nq',
  active: true,
});

/** Requests as Okta's documents give them: docs/reference/scim/scim-20, docs/concepts/scim/faqs. */
describe('Okta, catalogue (OIN) application', () => {
  it('RFC 7644 §3.3, §3.4.2, §3.5.2, §3.6: provisions, pushes a group, moves members, renames, deactivates and unlinks', async () => {
    // Is the user there? None is 200 with an empty list.
    const none = await scim.call(
      'GET',
      '/Users?filter=userName%20eq%20%22ines%40acme.example%22&startIndex=1&count=100',
    );
    expect(none.status).toBe(200);
    expect(none.body).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });

    const created = await scim.call('POST', '/Users', profile('ines@acme.example', '00u1'));
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ userName: 'ines@acme.example', active: true, externalId: '00u1' });
    expect(created.body.password).toBeUndefined();
    const ines = created.body.id as string;
    const omar = await scim.createUser('omar@acme.example', { externalId: '00u2' });

    const noGroup = await scim.call(
      'GET',
      '/Groups?filter=displayName%20eq%20%22mulesoft-dev%22&startIndex=1&count=100',
    );
    expect(noGroup.body.Resources).toEqual([]);
    const group = await scim.call('POST', '/Groups', {
      schemas: [CORE_GROUP],
      displayName: 'mulesoft-dev',
      members: [],
    });
    expect(group.status).toBe(201);
    const id = group.body.id as string;

    const added = await scim.patch(`/Groups/${id}`, {
      op: 'add',
      path: 'members',
      value: [
        { value: ines, display: 'ines@acme.example' },
        { value: omar, display: 'omar@acme.example' },
      ],
    });
    expect(added.status).toBe(204);
    expect(added.body).toBeNull();
    expect(scim.observed.at(-1)).toMatchObject({ groupName: 'mulesoft-dev', groupId: id, removed: [] });
    expect(
      scim.observed
        .at(-1)
        ?.added.map((m) => m.externalId)
        .sort(),
    ).toEqual(['00u1', '00u2']);

    // Each update comes with a rename that carries the group's read-only id.
    const seen = scim.observed.length;
    const rename = await scim.patch(`/Groups/${id}`, {
      op: 'replace',
      value: { id, displayName: 'mulesoft-dev' },
    });
    expect(rename.status).toBe(204);
    expect(scim.observed).toHaveLength(seen);

    const removed = await scim.patch(
      `/Groups/${id}`,
      { op: 'remove', path: `members[value eq "${omar}"]` },
      { op: 'add', path: 'members', value: [{ value: ines, display: 'ines@acme.example' }] },
    );
    expect(removed.status).toBe(204);
    expect(await scim.membersOf(id)).toEqual([ines]);
    expect(scim.observed.at(-1)?.removed.map((m) => m.scimUserId)).toEqual([omar]);
    expect(scim.observed.at(-1)?.added).toEqual([]);

    const full = await scim.patch(`/Groups/${id}`, {
      op: 'replace',
      path: 'members',
      value: [{ value: ines }, { value: omar }],
    });
    expect(full.status).toBe(204);
    expect(await scim.membersOf(id)).toEqual([ines, omar].sort());

    // Deactivation has no path.
    const off = await scim.patch(`/Users/${ines}`, { op: 'replace', value: { active: false } });
    expect(off.status).toBe(200);
    expect(off.body).toMatchObject({ id: ines, active: false });
    expect(scim.observed.at(-1)).toMatchObject({
      groupName: 'mulesoft-dev',
      added: [],
      removed: [{ scimUserId: ines, active: false, email: 'ines@acme.example' }],
    });
    const on = await scim.patch(`/Users/${ines}`, { op: 'replace', value: { active: true } });
    expect(on.body.active).toBe(true);
    expect(scim.observed.at(-1)?.added).toMatchObject([{ scimUserId: ines, active: true }]);

    const unlinked = await scim.call('DELETE', `/Groups/${id}`);
    expect(unlinked.status).toBe(204);
    expect(scim.observed.at(-1)?.removed).toHaveLength(2);
    expect((await scim.call('GET', `/Groups/${id}`)).status).toBe(404);
  });
});

describe('Okta, custom (AIW) application', () => {
  it('RFC 7644 §3.5.1: updates, deactivates and pushes by PUT', async () => {
    const created = await scim.call('POST', '/Users', profile('lena@acme.example', '00u3'));
    const lena = created.body.id as string;
    const id = await scim.createGroup('mulesoft-ops', [lena]);

    const updated = await scim.call('PUT', `/Users/${lena}`, {
      ...profile('lena.k@acme.example', '00u3'),
      id: lena,
      meta: { resourceType: 'User' },
    });
    expect(updated.status).toBe(200);
    expect(updated.body.userName).toBe('lena.k@acme.example');

    const off = await scim.call('PUT', `/Users/${lena}`, {
      ...profile('lena.k@acme.example', '00u3'),
      id: lena,
      active: false,
    });
    expect(off.body.active).toBe(false);
    expect(scim.observed.at(-1)).toMatchObject({
      groupName: 'mulesoft-ops',
      removed: [{ scimUserId: lena }],
    });

    // A PUT that says nothing about `active` does not bring anybody back.
    const { active: _, ...silent } = profile('lena.k@acme.example', '00u3');
    expect((await scim.call('PUT', `/Users/${lena}`, silent)).body.active).toBe(false);

    const omar = await scim.createUser('omar.put@acme.example');
    const pushed = await scim.call('PUT', `/Groups/${id}`, {
      schemas: [CORE_GROUP],
      id,
      displayName: 'mulesoft-ops-2',
      members: [{ value: omar, display: 'omar.put@acme.example' }],
    });
    expect(pushed.status).toBe(200);
    expect(pushed.body.members.map((m: { value: string }) => m.value)).toEqual([omar]);
    // Nobody active was in before; the renamed group has one.
    expect(scim.observed.at(-1)).toMatchObject({
      groupName: 'mulesoft-ops-2',
      added: [{ scimUserId: omar }],
      removed: [],
    });

    const renamed = await scim.call('PUT', `/Groups/${id}`, { schemas: [CORE_GROUP], displayName: 'ops' });
    expect(renamed.status).toBe(200);
    expect(await scim.membersOf(id)).toEqual([omar]);
    expect(scim.observed.slice(-2)).toMatchObject([
      { groupName: 'mulesoft-ops-2', added: [], removed: [{ scimUserId: omar }] },
      { groupName: 'ops', added: [{ scimUserId: omar }], removed: [] },
    ]);
  });
});
