import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import { createOkta } from '../../src/idp/okta/okta.ts';
import { credentials, oktaGroups, people } from '../../src/sandbox/seed.ts';
import { oktaAsSeeded } from '../sandbox/start-okta.ts';

const ines = people.find((p) => p.key === 'ines')?.oktaId ?? '';
const tom = people.find((p) => p.key === 'tom')?.oktaId ?? '';
const dora = people.find((p) => p.key === 'dora')?.oktaId ?? '';
const ordersRead = oktaGroups[0].id;

const org = oktaAsSeeded();

function okta(timeoutMs = 5_000) {
  return createOkta({
    orgUrl: `${org.url}/okta`,
    auth: { token: credentials.oktaApiToken },
    timeoutMs,
  });
}

async function faultOf(attempt: Promise<unknown>): Promise<Fault> {
  const error = await attempt.then(
    () => new Error('no fault came'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw error;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('people', () => {
  test('a person is read by id and by login, with everything that routing needs', async () => {
    const byId = await okta().readPerson(ines);
    expect(byId).toEqual({
      id: ines,
      login: 'ines@acme.example',
      email: 'ines@acme.example',
      displayName: 'Ines Moreau',
      status: 'active',
      title: 'Integration intern',
      department: 'Orders',
      manager: 'tom@acme.example',
      timeZone: 'Europe/Berlin',
      since: new Date('2026-01-05T08:00:00Z'),
    });
    expect(await okta().readPerson('INES@acme.example')).toEqual(byId);
  });

  test('nobody is null, and a short name is nobody', async () => {
    expect(await okta().readPerson('nobody@acme.example')).toBeNull();
    expect(await okta().readPerson('ines')).toBeNull();
    expect(await okta().readPerson('')).toBeNull();
    expect(await okta().readPerson('..')).toBeNull();
  });

  test.each([...'/?;[]\\#%&"\' :,()<>|^`{}=+é漢', '%2F', '..'])(
    'a login with %j is found all the same',
    async (sign) => {
      const login = `ann${sign}other@acme.example`;
      const { id } = await org.console.createUser(login);
      expect((await okta().readPerson(login))?.id).toBe(id);
      expect((await okta().readPerson(login.toUpperCase()))?.id).toBe(id);
      expect(await okta().readPerson(`ann${sign}nobody@acme.example`)).toBeNull();
    },
  );

  test('what is no name at all is nobody', async () => {
    for (const name of ['/', '?', ' ', '\\', '[]', '#', 'Tom Okafor (CTO); Berlin', '\ud800', 'a\nb', '"'])
      expect(await okta().readPerson(name), name).toBeNull();
  });

  test('e-mail is compared exactly, whatever its case, and need not be unique', async () => {
    await org.console.createUser('twin-1@acme.example', { email: 'Twin@acme.example' });
    await org.console.createUser('twin-2@acme.example', { email: 'twin@acme.example' });
    const twins = await okta().findPeopleByEmail('twin@ACME.example');
    expect(twins.map((p) => p.login).sort()).toEqual(['twin-1@acme.example', 'twin-2@acme.example']);
    expect(await okta().findPeopleByEmail('win@acme.example')).toEqual([]);
  });

  test('a quote in an e-mail stays inside the search', async () => {
    const odd = '"o\\x"@acme.example';
    const { id } = await org.console.createUser('odd@acme.example', { email: odd });
    expect((await okta().findPeopleByEmail(odd)).map((p) => p.id)).toEqual([id]);
    expect(await okta().findPeopleByEmail('x" or profile.email sw "i')).toEqual([]);
  });

  test.each([
    ['ACTIVE', 'active'],
    ['PASSWORD_EXPIRED', 'active'],
    ['RECOVERY', 'active'],
    ['SUSPENDED', 'suspended'],
    ['LOCKED_OUT', 'suspended'],
    ['DEPROVISIONED', 'deprovisioned'],
    ['STAGED', 'inactive'],
    ['PROVISIONED', 'inactive'],
  ])('somebody who is %s there is %s here', async (theirs, ours) => {
    await org.console.setStatus('ines', theirs);
    expect((await okta().readPerson(ines))?.status).toBe(ours);
    expect((await okta().findPeopleByEmail('ines@acme.example'))[0]?.status).toBe(ours);
  });
});

describe('groups', () => {
  test('an ordinary group can be written', async () => {
    expect(await okta().findGroup('anypoint-orders-read')).toEqual({
      id: ordersRead,
      name: 'anypoint-orders-read',
      description: null,
      writable: true,
    });
  });

  test.each([
    ['imported-from-ad', /imports this group/],
    ['Everyone', /built into Okta/],
    ['anypoint-everyone-view', /group rule "Members of anypoint-everyone-view"/],
  ])('%s can not, and the reason says what to do', async (name, reason) => {
    const group = await okta().findGroup(name);
    expect(group?.writable).toBe(false);
    expect(group?.writable === false && group.reason).toMatch(reason);
  });

  test('the name is compared exactly', async () => {
    expect(await okta().findGroup('ANYPOINT-orders-read')).toBeNull();
    expect(await okta().findGroup('anypoint-orders')).toBeNull();
  });

  test('quotes, slashes and backslashes in a name', async () => {
    const name = 'Orders / "prod" \\ 100% & more?';
    const { id } = await org.console.createGroup(name);
    expect((await okta().findGroup(name))?.id).toBe(id);
    expect(await okta().findGroup('x" or profile.name sw "anypoint')).toBeNull();
  });
});

describe('members', () => {
  test('adding and removing twice is the same as once', async () => {
    const idp = okta();
    expect(await idp.isMember(ordersRead, ines)).toBe(false);
    await idp.addMember(ordersRead, ines);
    await idp.addMember(ordersRead, ines);
    expect(await idp.isMember(ordersRead, ines)).toBe(true);
    expect(await idp.groupIdsOf(ines)).toContain(ordersRead);
    expect(await idp.groupIdsOf('00unobody')).toEqual([]);
    expect((await all(idp.listMembers(ordersRead))).map((p) => p.id)).toEqual([ines]);
    await idp.removeMember(ordersRead, ines);
    await idp.removeMember(ordersRead, ines);
    expect(await idp.isMember(ordersRead, ines)).toBe(false);
  });

  test('a list goes on beyond 200, and so do the groups of a person', async () => {
    await org.console.setRateLimit(10_000);
    const group = await org.console.createGroup('large');
    const idp = okta();
    const added: string[] = [];
    for (let start = 0; start < 450; start += 25)
      added.push(
        ...(await Promise.all(
          Array.from({ length: 25 }, async (_, i) => {
            const { id } = await org.console.createUser(`p${start + i}@acme.example`);
            await idp.addMember(group.id, id);
            return id;
          }),
        )),
      );
    org.world.faults.forgetSeen();
    const listed = (await all(idp.listMembers(group.id))).map((p) => p.id);
    expect(listed.sort()).toEqual(added.sort());
    expect(org.world.faults.seen({ vendor: 'okta' })).toHaveLength(3);

    for (let i = 0; i < 210; i += 1) {
      const { id } = await org.console.createGroup(`of-ines-${i}`);
      await idp.addMember(id, ines);
    }
    expect(await idp.isMember(group.id, ines)).toBe(false);
    await idp.addMember(group.id, ines);
    expect(await idp.isMember(group.id, ines)).toBe(true);
  });

  test('of a page only those are read whom the caller does not know just so', async () => {
    const idp = okta();
    const group = oktaGroups[0].id;
    await idp.addMember(group, ines);
    await idp.addMember(group, tom);
    const first = await idp.pageOfMembers(group, null);
    expect(first.met).toEqual([]);
    const known = new Map(first.rows.map((person, n) => [first.prints?.[n] ?? '', person.id]));
    await org.console.changeProfile('ines', { title: 'Engineer' });
    const second = await idp.pageOfMembers(group, null, (print) => known.get(print));
    expect(second.rows.map((person) => [person.id, person.title])).toEqual([[ines, 'Engineer']]);
    expect(second.met).toEqual(first.rows.map((person) => person.id).filter((one) => one !== ines));
  });

  test('what does not exist is not found; what is not ours to change is forbidden', async () => {
    const idp = okta();
    expect(await faultOf(idp.addMember('00gnone', ines))).toMatchObject({
      code: 'idp.not_found',
      vendorCode: 'E0000007',
      retryable: false,
      outcomeUnknown: false,
    });
    expect((await faultOf(idp.addMember(ordersRead, '../../groups'))).code).toBe('idp.not_found');
    expect((await faultOf(idp.isMember(ordersRead, '00unone'))).code).toBe('idp.not_found');
    expect((await faultOf(all(idp.listMembers('00gnone')))).code).toBe('idp.not_found');
    const everyone = await idp.findGroup('Everyone');
    expect(await faultOf(idp.removeMember(everyone?.id ?? '', ines))).toMatchObject({
      code: 'idp.forbidden',
      vendorCode: 'E0000006',
    });
    expect(await faultOf(idp.addMember(ordersRead, dora))).toMatchObject({
      code: 'idp.forbidden',
      vendorCode: 'E0000038',
    });
  });
});

describe('faults', () => {
  const cases = [
    { status: 400, code: 'idp.invalid', vendorCode: 'E0000001', retryable: false, outcomeUnknown: false },
    {
      status: 401,
      code: 'idp.unauthorized',
      vendorCode: 'E0000011',
      retryable: false,
      outcomeUnknown: false,
    },
    { status: 403, code: 'idp.forbidden', vendorCode: 'E0000006', retryable: false, outcomeUnknown: false },
    { status: 404, code: 'idp.not_found', vendorCode: 'E0000007', retryable: false, outcomeUnknown: false },
    { status: 429, code: 'idp.throttled', vendorCode: 'E0000047', retryable: true, outcomeUnknown: false },
    { status: 500, code: 'idp.unavailable', vendorCode: 'E0000009', retryable: true, outcomeUnknown: true },
    { status: 503, code: 'idp.unavailable', vendorCode: 'E0000181', retryable: true, outcomeUnknown: true },
  ];
  test.each(cases)('$status on a write is $code', async ({ status, ...expected }) => {
    org.world.faults.add({ vendor: 'okta', kind: 'status', status, method: 'PUT' });
    expect(await faultOf(okta().addMember(ordersRead, ines))).toMatchObject(expected);
  });

  test('429 tells when the bucket refills', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'status', status: 429, times: 1 });
    const told = await faultOf(okta().check());
    expect(told.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(told.retryAfterMs).toBeLessThanOrEqual(3_000);

    await org.console.setRateLimit(0);
    const empty = await faultOf(okta().check());
    expect(empty.code).toBe('idp.throttled');
    expect(empty.retryAfterMs).toBeGreaterThan(3_000);
    expect(empty.retryAfterMs).toBeLessThanOrEqual(62_000);
  });

  test('no answer to a read is a time-out; no answer to a write is an unknown outcome', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'timeout' });
    expect(await faultOf(okta(150).isMember(ordersRead, ines))).toMatchObject({
      code: 'idp.timeout',
      retryable: true,
      outcomeUnknown: false,
    });
    expect(await faultOf(okta(150).addMember(ordersRead, ines))).toMatchObject({
      code: 'idp.timeout',
      outcomeUnknown: true,
    });
    org.world.faults.clear();
    expect(await okta().isMember(ordersRead, ines)).toBe(false);
  });

  test('a write that had its effect without an answer can be read back', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'timeoutAfterWrite', method: 'PUT' });
    expect(await faultOf(okta(150).addMember(ordersRead, ines))).toMatchObject({
      code: 'idp.timeout',
      outcomeUnknown: true,
    });
    expect(await okta().isMember(ordersRead, ines)).toBe(true);
  });

  test('a connection that breaks', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'disconnect' });
    expect(await faultOf(okta().readPerson(ines))).toMatchObject({
      code: 'idp.unavailable',
      outcomeUnknown: false,
    });
    expect(await faultOf(okta().removeMember(ordersRead, ines))).toMatchObject({
      code: 'idp.unavailable',
      outcomeUnknown: true,
    });
  });

  test('a lost write looks like success and is seen only by reading', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'dropWrite', method: 'PUT', times: 1 });
    await okta().addMember(ordersRead, ines);
    expect(await okta().isMember(ordersRead, ines)).toBe(false);
  });

  test('a wrong API token', async () => {
    const idp = createOkta({ orgUrl: `${org.url}/okta`, auth: { token: 'wrong' } });
    expect(await faultOf(idp.check())).toMatchObject({ code: 'idp.unauthorized', vendorCode: 'E0000011' });
    expect(org.world.faults.seen({ vendor: 'okta' })).toHaveLength(1);
  });
});

describe('service app', () => {
  const clientId = '0oalatchkey000000001';
  const scopes = ['okta.groups.manage', 'okta.users.read'];
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicJwk = rsa.publicKey.export({ format: 'jwk' });
  const tokenRequests = () => org.world.faults.seen({ vendor: 'okta', path: '/oauth2/v1/token$' }).length;
  const asApp = (privateKey: string, timeoutMs = 5_000) =>
    createOkta({ orgUrl: `${org.url}/okta/`, auth: { clientId, privateKey }, timeoutMs });

  test('signs its way in once and keeps the token', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes });
    const idp = asApp(pem);
    await Promise.all([idp.check(), idp.readPerson(ines), idp.addMember(ordersRead, ines)]);
    expect(await idp.isMember(ordersRead, ines)).toBe(true);
    expect(tokenRequests()).toBe(1);
  });

  test('takes PKCS #1, and an EC key as JWK with its key id', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes });
    await asApp(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()).check();
    const keyed = { ...ec.publicKey.export({ format: 'jwk' }), kid: 'key-2' };
    await org.console.registerServiceApp({ clientId, publicJwk: keyed, scopes });
    const jwk = { ...ec.privateKey.export({ format: 'jwk' }), kid: 'key-2' };
    await asApp(JSON.stringify(jwk)).check();
  });

  test('gives a token up a minute before its end', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes, tokenTtlSeconds: 60 });
    const idp = asApp(pem);
    await idp.readPerson(ines);
    await idp.readPerson(ines);
    expect(tokenRequests()).toBe(2);
  });

  test('fetches a new token once when the old one is refused', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes });
    const idp = asApp(pem);
    await idp.readPerson(ines);
    await org.console.revokeTokens();
    await idp.addMember(ordersRead, ines);
    expect(tokenRequests()).toBe(2);

    org.world.faults.add({ vendor: 'okta', kind: 'status', status: 401, path: '^/api' });
    expect((await faultOf(idp.readPerson(ines))).code).toBe('idp.unauthorized');
    expect(tokenRequests()).toBe(3);
  });

  test('a key that is not registered, a scope that is not granted, a key that is none', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes: ['okta.groups.manage'] });
    const stranger = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await faultOf(asApp(stranger).check())).toMatchObject({
      code: 'idp.unauthorized',
      vendorCode: 'invalid_client',
    });
    expect(await faultOf(asApp(pem).check())).toMatchObject({
      code: 'idp.forbidden',
      vendorCode: 'invalid_scope',
    });
    expect(() => asApp('not a key')).toThrowError(expect.objectContaining({ code: 'config.invalid' }));
  });

  test('a token endpoint in trouble leaves no write in doubt', async () => {
    await org.console.registerServiceApp({ clientId, publicJwk, scopes });
    org.world.faults.add({ vendor: 'okta', kind: 'timeout', path: 'token$', times: 1 });
    expect(await faultOf(asApp(pem, 150).addMember(ordersRead, ines))).toMatchObject({
      code: 'idp.timeout',
      outcomeUnknown: false,
    });
    for (const [status, code] of [
      [429, 'idp.throttled'],
      [503, 'idp.unavailable'],
    ] as const) {
      org.world.faults.add({ vendor: 'okta', kind: 'status', status, path: 'token$', times: 1 });
      expect(await faultOf(asApp(pem).addMember(ordersRead, ines))).toMatchObject({
        code,
        retryable: true,
        outcomeUnknown: false,
      });
    }
  });
});
