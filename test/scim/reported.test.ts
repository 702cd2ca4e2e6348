import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CORE_USER, ENTERPRISE_USER, PATCH_OP, type StartedScim, startScim } from './start-scim.ts';

/** Requests that others' servers had trouble with, as their public reports quote them. */
let scim: StartedScim;
let count = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

async function account(active: boolean) {
  const userName = `user${count++}@acme.example`;
  return { userName, id: await scim.createUser(userName, { active }) };
}
const patch = (...Operations: unknown[]) => ({ schemas: [PATCH_OP], Operations });
const manager = `${ENTERPRISE_USER}:manager`;

describe('users', () => {
  it.each<[string, unknown, Record<string, unknown>]>([
    ['scimmyjs/scimmy#86', patch({ op: 'Replace', path: 'active', value: 'false' }), { active: false }],
    ['ssoready/ssoready#155', patch({ op: 'Replace', path: 'active', value: 'False' }), { active: false }],
    [
      'ssoready/ssoready#206',
      { Operations: [{ op: 'replace', value: { active: false } }] },
      { active: false },
    ],
    [
      'ssoready/ssoready#228',
      patch(
        { op: 'Replace', path: 'displayName', value: 'Test 01' },
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'test01@example.com' },
        { op: 'Replace', path: 'name.familyName', value: 'Tesst 01' },
        { op: 'Replace', path: 'name.formatted', value: 'Test 01' },
      ),
      {
        displayName: 'Test 01',
        emails: [{ type: 'work', value: 'test01@example.com' }],
        name: { formatted: 'Test 01' },
      },
    ],
    [
      'limosa-io/laravel-scim-server#34',
      patch(
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'AdeleV2@example.com' },
        { op: 'Replace', path: 'addresses[type eq "work"].formatted', value: '18/2111' },
        { op: 'Add', path: `${ENTERPRISE_USER}:department`, value: 'Retail' },
      ),
      { addresses: [{ type: 'work', formatted: '18/2111' }], [ENTERPRISE_USER]: { department: 'Retail' } },
    ],
    [
      'thomaspoignant/scim-patch#453',
      patch(
        { op: 'add', path: manager, value: { value: 'manager-id' } },
        { op: 'remove', path: `${manager}[value eq "manager-id"]` },
      ),
      { active: true },
    ],
    [
      'thomaspoignant/scim-patch#453, without the schema’s name',
      patch({ op: 'remove', path: 'manager[value eq "manager-id"]' }),
      { active: true },
    ],
    [
      'Captain-P-Goldfish/SCIM-SDK#541, #686',
      patch({ op: 'Add', path: manager, value: '271' }),
      { [ENTERPRISE_USER]: { manager: { value: '271' } } },
    ],
    [
      'Captain-P-Goldfish/SCIM-SDK#516',
      patch({
        op: 'Add',
        path: 'roles',
        value: [{ value: '{"id":"827f0d2e","value":"DocumentMgmt-Admin"}' }],
      }),
      { roles: [{ value: '{"id":"827f0d2e","value":"DocumentMgmt-Admin"}' }] },
    ],
    [
      'MicrosoftDocs/azure-docs#42220',
      patch({ op: 'Replace', path: 'displayName', value: [{ $ref: null, value: 'User x' }] }),
      { displayName: 'User x' },
    ],
    [
      'MicrosoftDocs/azure-docs#50772',
      patch({ op: 'Add', path: 'roles', value: [{ id: '1', displayName: 'Admin', value: 'admin' }] }),
      { roles: [{ value: 'admin' }] },
    ],
    [
      'sourcegraph/sourcegraph-public-snapshot#49119',
      patch(
        { op: 'replace', path: 'emails[type eq "work"].value', value: 'oren.collins@white.com' },
        { op: 'add', path: 'emails[type eq "home"].value', value: 'angelita@mante.us' },
        { op: 'replace', path: 'emails[type eq "home"].display', value: '14UDKFEIO3YS' },
        { op: 'add', path: 'emails[type eq "work"].primary', value: false },
        { op: 'replace', path: 'emails[type eq "home"].primary', value: true },
      ),
      {
        emails: [
          { type: 'work', value: 'oren.collins@white.com', primary: false },
          { type: 'home', value: 'angelita@mante.us', display: '14UDKFEIO3YS', primary: true },
        ],
      },
    ],
    [
      'Captain-P-Goldfish/scim-for-keycloak#26',
      patch({
        op: 'replace',
        value: {
          displayName: 'Bjfe',
          'name.givenName': 'Kkom',
          'name.familyName': 'Unua',
          [`${ENTERPRISE_USER}:employeeNumber`]: 'Aklq',
        },
      }),
      {
        displayName: 'Bjfe',
        name: { givenName: 'Kkom', familyName: 'Unua' },
        [ENTERPRISE_USER]: { employeeNumber: 'Aklq' },
      },
    ],
  ])('%s', async (_report, body, expected) => {
    const { id } = await account(true);
    const answer = await scim.call('PATCH', `/Users/${id}`, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(answer.body).toMatchObject(expected);
  });

  it('FusionAuth/fusionauth-issues#3311: Entra switches somebody on again', async () => {
    const { id } = await account(false);
    const { body } = await scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'True' });
    expect(body.active).toBe(true);
  });

  it('oktadeveloper/okta-blog-archive#1956: Okta deactivates by a PUT of the whole user', async () => {
    const { id, userName } = await account(true);
    const { body } = await scim.call('PUT', `/Users/${id}`, {
      schemas: [CORE_USER, ENTERPRISE_USER],
      id,
      userName,
      name: { givenName: 'A', familyName: 'B' },
      emails: [{ primary: true, value: userName, type: 'work' }],
      active: false,
      groups: [],
      meta: { resourceType: 'User' },
    });
    expect(body.active).toBe(false);
  });

  it('OneUptime/oneuptime#3852: a PATCH body by PUT', async () => {
    const { id } = await account(true);
    const { body } = await scim.call(
      'PUT',
      `/Users/${id}`,
      patch({ op: 'Replace', path: 'active', value: 'False' }),
    );
    expect(body.active).toBe(false);
  });
});

describe('groups', () => {
  it.each([
    ['Captain-P-Goldfish/SCIM-SDK#149', (value: string) => [{ $ref: null, value }]],
    ['Captain-P-Goldfish/SCIM-SDK#167, apache/directory-scimple#436', (value: string) => [{ value }]],
  ])('%s: one member goes, the others stay', async (_report, named) => {
    const [gone, stays] = [await account(true), await account(true)];
    const group = await scim.createGroup(`group ${count++}`, [gone.id, stays.id]);
    const remove = { op: 'Remove', path: 'members', value: named(gone.id) };
    expect((await scim.patch(`/Groups/${group}`, remove)).status).toBe(204);
    expect(await scim.membersOf(group)).toEqual([stays.id]);
  });
});
