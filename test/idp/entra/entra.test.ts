import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../src/core/fault.ts';
import type { EntraUser } from '../../../src/sandbox/entra/tenant.ts';
import { entraAsSeeded } from './start-entra.ts';

const INES = 'e0000000-0000-4000-8000-000000000001';
const DORA = 'e0000000-0000-4000-8000-000000000009';
const NOBODY = '00000000-0000-4000-8000-000000000000';
const ORDERS_READ = 'f0000000-0000-4000-8000-000000000001';
const SECURITY = 'f0000000-0000-4000-8000-000000000010';

const entra = entraAsSeeded();

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const userAt = (userPrincipalName: string, more: Partial<EntraUser> = {}) =>
  entra.createUser({ userPrincipalName, ...more });

describe('people', () => {
  test('a person is read by id and by login, with everything that routing needs', async () => {
    const byId = await entra.idp().readPerson(INES);
    expect(byId).toEqual({
      id: INES,
      login: 'ines@acme.example',
      email: 'ines@acme.example',
      displayName: 'Ines Moreau',
      status: 'active',
      title: 'Integration intern',
      department: 'Orders',
      manager: 'tom@acme.example',
      timeZone: null,
      since: new Date('2026-01-05T08:00:00Z'),
    });
    expect(await entra.idp().readPerson('INES@acme.example')).toEqual(byId);
  });

  test.each([
    'nobody@acme.example',
    'ines',
    '',
    ' ',
    '..',
    '$count',
    "x' or startswith(mail,'i')",
    '\ud800',
    NOBODY,
  ])('%j is nobody', async (name) => {
    expect(await entra.idp().readPerson(name)).toBeNull();
  });

  test.each([..."/?;[]#%&' ,()$`+=é漢", '%2F', '#EXT#'])(
    'a login with %j is found all the same',
    async (sign) => {
      const login = `ann${sign}other@acme.example`;
      const { id } = await userAt(login);
      expect((await entra.idp().readPerson(login))?.id).toBe(id);
      expect(await entra.idp().readPerson(`ann${sign}nobody@acme.example`)).toBeNull();
    },
  );

  test('a login that looks like an id is not somebody’s id, and the other way round', async () => {
    await userAt(NOBODY);
    expect(await entra.idp().readPerson(NOBODY)).toBeNull();
  });

  test('blocked from signing in is suspended, a guest is not active, and deleted is deprovisioned', async () => {
    await entra.portal('/users', { key: 'ines', happening: 'blocked' });
    const guest = await userAt('vera_partner.example#EXT#@acme.example', {
      userType: 'Guest',
      mail: 'vera@partner.example',
    });
    const idp = entra.idp();
    expect((await idp.readPerson(INES))?.status).toBe('suspended');
    expect((await idp.readPerson(guest.id))?.status).toBe('inactive');
    expect(await idp.readPerson(DORA)).toMatchObject({ status: 'deprovisioned', login: 'dora@acme.example' });
  });

  test('whoever may not be read is no stranger: the fault says so', async () => {
    await entra.portal('/permissions', ['GroupMember.ReadWrite.All']);
    await expect(entra.idp().readPerson(INES)).rejects.toMatchObject({
      code: 'idp.forbidden',
      vendorCode: 'Authorization_RequestDenied',
    });
  });
});

describe('people by their address', () => {
  const found = async (email: string) => (await entra.idp().findPeopleByEmail(email)).map(({ id }) => id);

  test('mail, the name to sign in with and the aliases of the mailbox count, whatever their case', async () => {
    const { id } = await userAt('t.okafor@acme.example', {
      mail: 'Tom.Okafor@acme.example',
      proxyAddresses: ['SMTP:Tom.Okafor@acme.example', 'smtp:tommy@acme.example', 'X500:tom@x500.example'],
    });
    for (const email of ['tom.okafor@ACME.example', 't.okafor@acme.example', 'TOMMY@acme.example'])
      expect(await found(email), email).toEqual([id]);
    expect(await found('tom@x500.example')).toEqual([]);
  });

  test('an address that people write into their profile themselves identifies nobody', async () => {
    await userAt('mallory@acme.example', { mail: 'mallory@acme.example', otherMails: ['ceo@acme.example'] });
    expect(await found('ceo@acme.example')).toEqual([]);
  });

  test('two with one address are both told', async () => {
    const a = await userAt('one@acme.example', { mail: 'shared@acme.example' });
    const b = await userAt('two@acme.example', { proxyAddresses: ['smtp:shared@acme.example'] });
    expect((await found('shared@acme.example')).sort()).toEqual([a.id, b.id].sort());
  });

  test('a quote stays inside the search, and part of an address is none', async () => {
    const { id } = await userAt("o'brien@acme.example", { mail: "o'brien@acme.example" });
    expect(await found("o'brien@acme.example")).toEqual([id]);
    expect(await found("x' or mail eq 'ines@acme.example")).toEqual([]);
    expect(await found('nes@acme.example')).toEqual([]);
    expect(await found('')).toEqual([]);
  });
});

describe('groups', () => {
  test('an ordinary group can be written, by name and by object id', async () => {
    const group = { id: ORDERS_READ, name: 'anypoint-orders-read', description: null, writable: true };
    expect(await entra.idp().findGroup('anypoint-orders-read')).toEqual(group);
    expect(await entra.idp().findGroup(ORDERS_READ)).toEqual(group);
  });

  test.each([
    'ANYPOINT-orders-read',
    'anypoint-orders',
    '',
    NOBODY,
    "x' or displayName eq 'Everyone",
    'x'.repeat(300),
  ])('%j is none', async (name) => {
    expect(await entra.idp().findGroup(name)).toBeNull();
  });

  test('quotes, slashes and plus signs in a name', async () => {
    const { id } = await entra.createGroup({ displayName: "Orders / 'prod' + 100% & more?" });
    expect((await entra.idp().findGroup("Orders / 'prod' + 100% & more?"))?.id).toBe(id);
  });

  test('a group that somebody names like the id of another is not found by it', async () => {
    await entra.createGroup({ displayName: NOBODY });
    expect(await entra.idp().findGroup(NOBODY)).toBeNull();
  });

  test('of two with one name neither is meant, until one is named by its id', async () => {
    const { id } = await entra.createGroup({ displayName: 'anypoint-orders-read' });
    expect(await entra.idp().findGroup('anypoint-orders-read')).toMatchObject({
      writable: false,
      reason: expect.stringMatching(/2 groups called anypoint-orders-read.*object id/),
    });
    expect(await entra.idp().findGroup(id)).toMatchObject({ id, writable: true });
  });

  test('a Microsoft 365 group can be written', async () => {
    await entra.createGroup({
      displayName: 'team',
      groupTypes: ['Unified'],
      mailEnabled: true,
      securityEnabled: false,
    });
    expect(await entra.idp().findGroup('team')).toMatchObject({ writable: true });
  });
});

describe('groups that nobody can write', () => {
  test.each([
    ['filled by a rule', { groupTypes: ['DynamicMembership'] }, /A rule fills this group/],
    ['filled by a rule, of Microsoft 365', { groupTypes: ['Unified', 'DynamicMembership'] }, /A rule fills/],
    ['from the premises', { onPremisesSyncEnabled: true }, /Active Directory on your premises/],
    ['a distribution list', { mailEnabled: true, securityEnabled: false }, /only Exchange/],
    ['mail-enabled security', { mailEnabled: true, securityEnabled: true }, /only Exchange/],
    ['hidden', { groupTypes: ['Unified'], mailEnabled: true, visibility: 'HiddenMembership' }, /hidden/],
    ['restricted', { isManagementRestricted: true }, /restricted management/],
    ['for roles', { isAssignableToRole: true }, /RoleManagement\.ReadWrite\.Directory/],
    ['with a group in it', { members: [SECURITY] }, /another group in it \(security-officers\)/],
  ])('%s: refused with the reason and what to do', async (_what, kind, reason) => {
    await entra.createGroup({ displayName: 'odd', ...kind });
    const group = await entra.idp().findGroup('odd');
    expect(group).toMatchObject({ name: 'odd', writable: false, reason: expect.stringMatching(reason) });
    expect(group).toMatchObject({ reason: expect.stringMatching(/Name |Take /) });
  });

  test('the seed’s own: one by a rule, one from the premises', async () => {
    expect(await entra.idp().findGroup('anypoint-everyone-view')).toMatchObject({ writable: false });
    expect(await entra.idp().findGroup('imported-from-ad')).toMatchObject({ writable: false });
  });

  test('a group for roles can be written with the permission for it', async () => {
    await entra.createGroup({ displayName: 'odd', isAssignableToRole: true });
    await entra.portal('/permissions', [
      'GroupMember.ReadWrite.All',
      'User.Read.All',
      'RoleManagement.ReadWrite.Directory',
    ]);
    expect(await entra.idp().findGroup('odd')).toMatchObject({ writable: true });
  });
});

describe('members', () => {
  test('only people are members, page by page, each as they are read alone', async () => {
    const devices = await entra.createGroup({ displayName: 'nested' });
    const many = await Promise.all(
      Array.from({ length: 40 }, (_, i) => userAt(`many${i}@acme.example`, { managerId: INES })),
    );
    const { id } = await entra.createGroup({
      displayName: 'mixed',
      members: [...many.map((user) => user.id), devices.id],
    });
    const idp = entra.idp();
    const listed = await all(idp.listMembers(id));
    expect(listed.map((person) => person.id).sort()).toEqual(many.map((user) => user.id).sort());
    const [first] = listed;
    expect(await idp.readPerson(first?.id ?? '')).toEqual(first);
    expect(first?.manager).toBe('ines@acme.example');
    expect(await idp.pageOfMembers(id, null)).toEqual({ rows: listed, next: null, easeMs: 0 });
  });

  test('a page leads to the next, and to no other address', async () => {
    const many = await Promise.all(Array.from({ length: 5 }, (_, i) => userAt(`p${i}@acme.example`)));
    const { id } = await entra.createGroup({ displayName: 'paged', members: many.map((user) => user.id) });
    const first = await entra.idp().pageOfMembers(id, `/groups/${id}/members?$select=id&$top=2`);
    expect(first.rows).toHaveLength(2);
    const second = await entra.idp().pageOfMembers(id, first.next);
    expect(second.rows).toHaveLength(2);
    expect(first.rows.some(({ id: one }) => second.rows.some((other) => other.id === one))).toBe(false);
  });

  test('many people in few calls; strangers and what is no id are left out', async () => {
    const many = await Promise.all(Array.from({ length: 60 }, (_, i) => userAt(`m${i}@acme.example`)));
    const before = (await entra.asked()).length;
    const people = await entra
      .idp()
      .readPeople([...many.map(({ id }) => id), NOBODY, DORA, 'nickname', many[0]?.id ?? '']);
    expect(people.map(({ id }) => id).sort()).toEqual(many.map(({ id }) => id).sort());
    const asked = (await entra.asked()).slice(before);
    expect(asked.filter((one) => one === 'POST /$batch')).toHaveLength(1);
  });

  test('direct memberships alone count', async () => {
    const idp = entra.idp();
    const inner = await entra.createGroup({ displayName: 'inner', members: [INES] });
    const outer = await entra.createGroup({ displayName: 'outer', members: [inner.id] });
    expect(await idp.isMember(inner.id, INES)).toBe(true);
    expect(await idp.isMember(outer.id, INES)).toBe(false);
    const ids = await idp.groupIdsOf(INES);
    expect(ids).toContain(inner.id);
    expect(ids).not.toContain(outer.id);
    expect(await idp.groupIdsOf(NOBODY)).toEqual([]);
    expect(await idp.groupIdsOf('nickname')).toEqual([]);
    await expect(idp.isMember(inner.id, NOBODY)).rejects.toMatchObject({ code: 'idp.not_found' });
  });

  test('whoever is deleted is in no group meanwhile, and in all of them once restored', async () => {
    const idp = entra.idp();
    await idp.addMember(ORDERS_READ, INES);
    await entra.portal('/users', { key: 'ines', happening: 'deleted' });
    expect(await entra.idp().isMember(ORDERS_READ, INES)).toBe(false);
    await entra.portal('/users', { key: 'ines', happening: 'restored' });
    expect(await entra.idp().isMember(ORDERS_READ, INES)).toBe(true);
  });
});

describe('throttled, down or refused', () => {
  test.each([
    [429, { code: 'idp.throttled', retryable: true, retryAfterMs: 7_000, outcomeUnknown: false }],
    [503, { code: 'idp.unavailable', retryable: true, outcomeUnknown: true }],
    [403, { code: 'idp.forbidden', retryable: false, outcomeUnknown: false }],
  ])('%i', async (status, fault) => {
    await entra.portal('/settings', { refuse: { status, retryAfterSeconds: 7 } });
    await expect(entra.idp().addMember(ORDERS_READ, INES)).rejects.toMatchObject(fault);
    // What was asked goes on at once when Entra does: another call is no matter of this one.
    await entra.portal('/settings', { refuse: null });
    const idp = entra.idp();
    await idp.addMember(ORDERS_READ, INES);
  });

  test('one of a batch that is throttled throttles the whole', async () => {
    await entra.portal('/settings', { refuse: { status: 429, retryAfterSeconds: 3, below: '/users?' } });
    await expect(entra.idp().readPeople([INES])).rejects.toMatchObject({
      code: 'idp.throttled',
      retryAfterMs: 3_000,
    });
  });

  test('the credentials follow no link to another address', async () => {
    const fault = await entra
      .idp({ url: `${entra.url}/entra/` })
      .check()
      .catch((error: Fault) => error);
    expect(fault).toBeUndefined();
  });
});
