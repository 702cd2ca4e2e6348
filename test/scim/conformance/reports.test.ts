import { afterAll, beforeAll, expect, it } from 'vitest';
import { PATCH_OP, type StartedScim, startScim } from '../start-scim.ts';

/** Inputs from public bug reports of other SCIM servers and clients; each title names the report. */
let scim: StartedScim;
let ines: string;
let omar: string;
let lena: string;
beforeAll(async () => {
  scim = await startScim();
  const email = (value: string) => [{ type: 'work', primary: true, value }];
  ines = await scim.createUser('Ines@acme.example', {
    externalId: '2a69c9a6-1708-45b7-acbe-a7b4c8fb102a',
    name: { familyName: 'Mort' },
    emails: email('ines@example.com'),
  });
  omar = await scim.createUser('omar+test125@acme.example', { emails: email('omar@example.org') });
  lena = await scim.createUser('admin');
});
afterAll(() => scim.close());

const asked = async (query: string) => {
  const { status, body } = await scim.call('GET', `/Users?${query}`);
  return status === 200 ? body.Resources.map((one: { id: string }) => one.id) : [status, body.scimType];
};
const found = async (filter: string) => await asked(`filter=${encodeURIComponent(filter)}`);

it('RFC 7644 §3.4.2.2, goauthentik/authentik#16677, wso2/product-is#5119: a name without quotes', async () => {
  expect(await asked('filter=userName+eq+admin')).toEqual([lena]);
  expect(await asked('filter=userName%20eq%20omar+test125@acme.example')).toEqual([omar]);
});

it('RFC 7644 §3.4.2.2, wso2/product-is#5087, #5086: one letter, and the end of a name', async () => {
  expect(await asked('filter=userName+co+dm')).toEqual([lena]);
  expect(await asked('filter=userName+ew+acme.example&count=10')).toEqual([ines, omar]);
});

it('RFC 7644 §3.4.2.2, open-webui/open-webui#18039, zulip/zulip#21758, simpleidserver/SimpleIdServer#489: in any case', async () => {
  for (const filter of ['USERNAME EQ "INES@ACME.EXAMPLE"', 'username Sw "ines" And Active eq True'])
    expect(await found(filter)).toEqual([ines]);
});

it('RFC 7644 §3.4.2.2, OctopusDeploy/Issues#9841: by externalId', async () => {
  expect(await found('externalId eq "2a69c9a6-1708-45b7-acbe-a7b4c8fb102a"')).toEqual([ines]);
});

it('RFC 7644 §3.4.2.2, FusionAuth/fusionauth-issues#2456, wso2/product-is#11490: selected values, brackets', async () => {
  expect(await found('emails[type eq "work"].value eq "ines@example.com"')).toEqual([ines]);
  expect(await found('name.familyName eq "Mort" and (emails co "example.com")')).toEqual([ines]);
});

it('RFC 7644 §3.4.2.2, omnissa-archive/idm#14, NorthlandPositronics/Cogtrix#124: a broken filter is refused, a compound one kept whole', async () => {
  expect(await asked('filter=userName%20eq%20%cuser123%22')).toEqual([400, 'invalidFilter']);
  expect(await found('userName eq "admin" and active eq false')).toEqual([]);
});

it('RFC 7644 §3.9, scimmyjs/scimmy#61, wso2/product-is#5090: attributes with a filter', async () => {
  const filter = encodeURIComponent('userName Eq "ines@acme.example"');
  const { body } = await scim.call('GET', `/Users?attributes=userName,emails.value&filter=${filter}`);
  expect(body.Resources).toEqual([
    {
      schemas: expect.any(Array),
      id: ines,
      userName: 'Ines@acme.example',
      emails: [{ value: 'ines@example.com' }],
    },
  ]);
});

it('RFC 7644 §3.5.2, simpleidserver/SimpleIdServer#245, #844, wso2/product-is#8589, AzureAD/SCIMReferenceCode#10: members again, others beside them, one out', async () => {
  const group = await scim.createGroup('reports', [ines]);
  const path = `/Groups/${group}`;
  const member = { value: ines, display: 'x', $ref: `https://localhost/scim2/Users/${ines}` };
  for (const operation of [
    { op: 'add', path: 'members', value: [member] },
    { op: 'add', value: { members: [member] } },
  ])
    expect((await scim.patch(path, operation)).status).toBe(204);
  await scim.patch(path, {
    op: 'replace',
    path: 'members',
    value: [omar, ines, lena].map((value) => ({ value })),
  });
  expect(await scim.membersOf(group)).toEqual([ines, omar, lena].sort());
  await scim.patch(path, { op: 'remove', path: `members[value eq "${omar}"]` });
  expect(await scim.membersOf(group)).toEqual([ines, lena].sort());
});

it('RFC 7644 §3.5.2, langwatch/langwatch#7141, TracecatHQ/tracecat#3530: a group’s externalId changes, and its members stay', async () => {
  const group = await scim.createGroup('renamed', [ines]);
  const path = `/Groups/${group}`;
  for (const [n, operation] of [
    { op: 'replace', path: 'externalId', value: 'e0' },
    { op: 'Replace', value: { externalId: 'e1' } },
  ].entries()) {
    await scim.call('PATCH', path, { schemas: [PATCH_OP], Operations: [operation] });
    const { body } = await scim.call('GET', path);
    expect([body.externalId, body.members.length]).toEqual([`e${n}`, 1]);
  }
  const put = await scim.call('PUT', path, { displayName: 'renamed', externalId: 'e2' });
  expect([put.body.externalId, await scim.membersOf(group)]).toEqual(['e2', [ines]]);
});
