import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OktaEmulator } from '../../src/sandbox/okta/emulator.ts';
import { credentials, oktaGroups, people } from '../../src/sandbox/seed.ts';
import { until } from './scim-recorder.ts';
import { type PushingOkta, startPushingOkta } from './start-okta.ts';

const idOf = (key: string) => people.find((p) => p.key === key)?.oktaId ?? '';
const groupId = (name: string) => oktaGroups.find((g) => g.name === name)?.id ?? '';
const ordersRead = groupId('anypoint-orders-read');
const memberOf = (group: string, key: string) => `/api/v1/groups/${groupId(group)}/users/${idOf(key)}`;

let org: PushingOkta;

beforeEach(async () => {
  org = await startPushingOkta();
});
afterEach(() => org.close());

// biome-ignore lint/suspicious/noExplicitAny: the tests look at whatever came.
type Got = Omit<Response, 'json' | 'clone'> & { json(): Promise<any>; clone(): Got };

function ask(method: string, path: string, init: RequestInit = {}): Promise<Got> {
  return fetch(`${org.url}/okta${path}`, {
    method,
    headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
    ...init,
  });
}

async function errorCode(response: Got): Promise<string> {
  const body = await response.json();
  expect(body).toMatchObject({
    errorSummary: expect.any(String),
    errorLink: body.errorCode,
    errorId: expect.stringMatching(/^oae/),
    errorCauses: expect.any(Array),
  });
  return `${response.status} ${body.errorCode}`;
}

const idle = () => until(async () => (await org.console.readPush()).pending === 0);

describe('management API', () => {
  test('membership is written with 204, twice if need be', async () => {
    for (const method of ['PUT', 'PUT', 'DELETE', 'DELETE']) {
      const response = await ask(method, memberOf('anypoint-orders-read', 'ines'));
      expect(response.status).toBe(204);
      expect(await response.text()).toBe('');
    }
  });

  test('refusals carry Okta codes', async () => {
    const refused = async (method: string, path: string) => errorCode(await ask(method, path));
    expect(await refused('PUT', memberOf('imported-from-ad', 'ines'))).toBe('403 E0000006');
    expect(await refused('DELETE', memberOf('Everyone', 'ines'))).toBe('403 E0000006');
    expect(await refused('PUT', `/api/v1/groups/00gnone/users/${idOf('ines')}`)).toBe('404 E0000007');
    expect(await refused('PUT', `/api/v1/groups/${ordersRead}/users/00unone`)).toBe('404 E0000007');
    expect(await refused('PUT', memberOf('anypoint-orders-read', 'dora'))).toBe('403 E0000038');
    expect(await refused('GET', '/api/v1/users/nobody')).toBe('404 E0000007');
    expect(await refused('GET', '/api/v1/nothing')).toBe('404 E0000007');
    expect(await refused('GET', '/api/v1/users?search=nonsense')).toBe('400 E0000001');
    expect(await refused('GET', '/api/v1/logs?limit=1001')).toBe('400 E0000001');
    expect(await errorCode(await ask('GET', '/api/v1/groups', { headers: {} }))).toBe('401 E0000011');
    expect(
      await errorCode(await ask('GET', '/api/v1/groups', { headers: { authorization: 'SSWS wrong' } })),
    ).toBe('401 E0000011');
  });

  test('every answer says how full the bucket is; an empty one is 429 without Retry-After', async () => {
    await org.console.setRateLimit(2);
    const first = await ask('GET', '/api/v1/groups');
    expect(first.headers.get('x-rate-limit-limit')).toBe('2');
    expect(first.headers.get('x-rate-limit-remaining')).toBe('1');
    const notFound = await ask('GET', '/api/v1/users/nobody');
    expect(notFound.headers.get('x-rate-limit-remaining')).toBe('0');
    const refused = await ask('GET', '/api/v1/groups');
    expect(await errorCode(refused.clone())).toBe('429 E0000047');
    expect(refused.headers.has('retry-after')).toBe(false);
    const waitSeconds = Number(refused.headers.get('x-rate-limit-reset')) - Date.now() / 1_000;
    expect(waitSeconds).toBeGreaterThan(50);
    expect(waitSeconds).toBeLessThanOrEqual(61);

    org.world.faults.add({ vendor: 'okta', kind: 'status', status: 429 });
    const told = await ask('PUT', memberOf('anypoint-orders-read', 'ines'));
    expect(await errorCode(told.clone())).toBe('429 E0000047');
    expect(told.headers.get('x-rate-limit-limit')).toBe('0');
    expect(told.headers.has('retry-after')).toBe(false);
  });

  test('lists page by Link header', async () => {
    const seen: string[] = [];
    let next: string | undefined = `${org.url}/okta/api/v1/users?limit=3`;
    let pages = 0;
    while (next !== undefined) {
      const response: Got = await fetch(next, {
        headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
      });
      seen.push(...(await response.json()).map((u: { id: string }) => u.id));
      next = /<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      pages += 1;
    }
    const active = people.filter((p) => p.oktaStatus === 'ACTIVE').map((p) => p.oktaId);
    expect(seen.sort()).toEqual([...active].sort());
    expect(pages).toBe(3);
  });

  test('searches: status, or, prefix, name; the rule names its group', async () => {
    const names = async (path: string) =>
      (await (await ask('GET', path)).json()).map((r: { profile: { login?: string; name?: string } }) =>
        String(r.profile.login ?? r.profile.name),
      );
    expect(
      await names(`/api/v1/users?${new URLSearchParams({ search: 'status eq "DEPROVISIONED"' })}`),
    ).toEqual(['dora@acme.example', 'udo@acme.example']);
    const either = 'profile.login eq "tom@acme.example" or profile.email eq "INES@acme.example"';
    expect(await names(`/api/v1/users?${new URLSearchParams({ filter: either })}`)).toHaveLength(2);
    expect(await names('/api/v1/groups?q=every')).toEqual(['Everyone']);
    expect(await names(`/api/v1/groups?${new URLSearchParams({ filter: 'type eq "APP_GROUP"' })}`)).toEqual([
      'imported-from-ad',
    ]);
    expect(await names(`/api/v1/users/sam@acme.example/groups`)).toEqual(['Everyone', 'security-officers']);
    const rules = await (await ask('GET', '/api/v1/groups/rules')).json();
    expect(rules).toMatchObject([
      {
        status: 'ACTIVE',
        actions: { assignUserToGroups: { groupIds: [groupId('anypoint-everyone-view')] } },
      },
    ]);
  });

  test('life cycle', async () => {
    const step = async (verb: string) =>
      (await ask('POST', `/api/v1/users/${idOf('ines')}/lifecycle/${verb}`)).status;
    const status = async () => (await (await ask('GET', `/api/v1/users/${idOf('ines')}`)).json()).status;
    expect(await step('unsuspend')).toBe(403);
    expect(await step('suspend')).toBe(200);
    expect(await status()).toBe('SUSPENDED');
    expect(await step('unsuspend')).toBe(200);
    expect(await step('deactivate')).toBe(200);
    expect(await status()).toBe('DEPROVISIONED');
    expect(await step('reactivate')).toBe(200);
    expect(await status()).toBe('ACTIVE');
  });

  test('a poll of the System Log always has a next link, which goes on from there', async () => {
    const poll = async (url: string) => {
      const response: Got = await fetch(url, {
        headers: { authorization: `SSWS ${credentials.oktaApiToken}` },
      });
      const next = /<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? '';
      return { events: await response.json(), next };
    };
    const filter = 'eventType eq "group.user_membership.add"';
    const since = new Date(Date.now() - 1_000).toISOString();
    const start = `${org.url}/okta/api/v1/logs?${new URLSearchParams({ since, filter })}`;
    const empty = await poll(start);
    expect(empty.events).toEqual([]);
    await ask('PUT', memberOf('anypoint-orders-read', 'ines'));
    await org.console.setStatus('erik', 'SUSPENDED');
    const one = await poll(empty.next);
    expect(one.events).toMatchObject([
      {
        eventType: 'group.user_membership.add',
        outcome: { result: 'SUCCESS' },
        target: [
          { type: 'User', id: idOf('ines'), alternateId: 'ines@acme.example' },
          { type: 'UserGroup', id: ordersRead, displayName: 'anypoint-orders-read' },
        ],
      },
    ]);
    expect((await poll(one.next)).events).toEqual([]);
    await org.console.addMember('anypoint-orders-read', 'erik');
    expect((await poll(one.next)).events).toHaveLength(1);
  });

  test('a lost write answers success and changes nothing', async () => {
    org.world.faults.add({ vendor: 'okta', kind: 'dropWrite', times: 1 });
    expect((await ask('PUT', memberOf('anypoint-orders-read', 'ines'))).status).toBe(204);
    expect(await (await ask('GET', `/api/v1/groups/${ordersRead}/users`)).json()).toEqual([]);
  });
});

describe('org authorization server', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const clientId = '0oaservice0000000001';

  async function token(
    form: Record<string, string>,
  ): Promise<[number, { error?: string; access_token?: string }]> {
    const response = await ask('POST', '/oauth2/v1/token', {
      headers: {},
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'okta.groups.read', ...form }),
    });
    expect(response.headers.has('x-rate-limit-limit')).toBe(true);
    return [response.status, await response.json()];
  }

  function signed(claims: { audience?: string; ttlSeconds?: number } = {}): Promise<string> {
    return new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(claims.audience ?? `${org.url}/okta/oauth2/v1/token`)
      .setExpirationTime(Math.floor(Date.now() / 1_000) + (claims.ttlSeconds ?? 60))
      .sign(privateKey);
  }
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

  beforeEach(() =>
    org.console.registerServiceApp({
      clientId,
      publicJwk: publicKey.export({ format: 'jwk' }),
      scopes: ['okta.groups.read'],
    }),
  );

  test('takes a signed assertion, once, and no secret', async () => {
    const client_assertion = await signed();
    const [status, body] = await token({ client_assertion, client_assertion_type });
    expect([status, body]).toMatchObject([200, { token_type: 'Bearer', expires_in: 3_600 }]);
    expect(await token({ client_assertion, client_assertion_type })).toMatchObject([
      401,
      { error: 'invalid_client' },
    ]);
    expect(await token({ client_id: clientId, client_secret: 'x' })).toMatchObject([
      401,
      { error: 'invalid_client' },
    ]);

    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await ask('GET', '/api/v1/groups', { headers })).status).toBe(200);
    expect(await errorCode(await ask('PUT', memberOf('anypoint-orders-read', 'ines'), { headers }))).toBe(
      '403 E0000006',
    );
    expect(await errorCode(await ask('GET', '/api/v1/users', { headers }))).toBe('403 E0000006');
  });

  test('refuses another audience, too long a life, and a scope that was not granted', async () => {
    for (const claims of [
      { audience: 'https://elsewhere.example' },
      { ttlSeconds: 7_200 },
      { ttlSeconds: -60 },
    ])
      expect(await token({ client_assertion: await signed(claims), client_assertion_type })).toMatchObject([
        401,
        { error: 'invalid_client' },
      ]);
    const scope = 'okta.groups.read okta.users.manage';
    expect(await token({ client_assertion: await signed(), client_assertion_type, scope })).toMatchObject([
      400,
      { error: 'invalid_scope' },
    ]);
  });
});

describe('SCIM push', () => {
  test('first push: look up, create, add; then one PATCH and its rename a change', async () => {
    await ask('PUT', memberOf('anypoint-orders-read', 'ines'));
    await until(() => org.scim.pushes.length === 6);
    await idle();
    expect(org.scim.lines()).toEqual([
      'GET /Groups?filter=displayName eq "anypoint-orders-read"&startIndex=1&count=100',
      'POST /Groups',
      'GET /Users?filter=userName eq "ines@acme.example"&startIndex=1&count=100',
      'POST /Users',
      'PATCH /Groups/Groups-1',
      'PATCH /Groups/Groups-1',
    ]);
    const [, group, , user, add, rename] = org.scim.pushes;
    expect(group?.body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'anypoint-orders-read',
      members: [],
    });
    expect(user?.body).toMatchObject({
      userName: 'ines@acme.example',
      externalId: idOf('ines'),
      active: true,
      emails: [{ primary: true, value: 'ines@acme.example', type: 'work' }],
    });
    expect(add?.body.Operations).toEqual([
      { op: 'add', path: 'members', value: [{ value: 'Users-2', display: 'ines@acme.example' }] },
    ]);
    expect(rename?.body.Operations).toEqual([
      { op: 'replace', value: { id: 'Groups-1', displayName: 'anypoint-orders-read' } },
    ]);
    for (const push of org.scim.pushes)
      expect(push.headers).toMatchObject({
        'user-agent': 'Okta SCIM Client 1.0.0',
        authorization: 'Bearer s3cret',
      });

    await ask('DELETE', memberOf('anypoint-orders-read', 'ines'));
    await ask('DELETE', memberOf('anypoint-orders-read', 'ines'));
    await until(() => org.scim.pushes.length === 8);
    await idle();
    expect(org.scim.lines().slice(6)).toEqual(['PATCH /Groups/Groups-1', 'PATCH /Groups/Groups-1']);
    expect(org.scim.memberOperations().at(-1)).toEqual({ op: 'remove', path: 'members[value eq "Users-2"]' });
  });

  test('only members who are assigned to the app, and only groups that are pushed', async () => {
    await org.console.assign('erik', false);
    await org.console.addMember('anypoint-orders-read', 'erik');
    await org.console.addMember('security-officers', 'ines');
    await sleep(100);
    expect(org.scim.pushes).toEqual([]);
    await org.console.assign('erik', true);
    await until(() => org.scim.memberOperations().length === 1);
  });

  test('deactivation is a PATCH without path; a suspension is not told', async () => {
    await org.console.addMember('anypoint-orders-read', 'ines');
    await until(() => org.scim.pushes.length === 6);
    await org.console.setStatus('ines', 'SUSPENDED');
    await org.console.setStatus('ines', 'ACTIVE');
    await idle();
    expect(org.scim.pushes).toHaveLength(6);
    await org.console.setStatus('ines', 'DEPROVISIONED');
    await until(() => org.scim.pushes.length === 7);
    expect(org.scim.pushes[6]).toMatchObject({
      method: 'PATCH',
      path: '/Users/Users-2',
      body: { Operations: [{ op: 'replace', value: { active: false } }] },
    });
    await org.console.setStatus('ines', 'ACTIVE');
    await until(() => org.scim.pushes.length === 10);
    expect(org.scim.pushes[7]?.body.Operations).toEqual([{ op: 'replace', value: { active: true } }]);
  });

  test('a group keeps its order through an outage, and nothing is pushed twice', async () => {
    await org.console.addMember('anypoint-orders-read', 'ines');
    await until(() => org.scim.pushes.length === 6);
    await org.console.setPush({ latencyMs: 0, jitterMs: 40 });
    org.scim.refuseNext(503, /Groups-1$/);
    await org.console.removeMember('anypoint-orders-read', 'ines');
    await org.console.addMember('anypoint-orders-read', 'erik');
    await org.console.addMember('anypoint-orders-read', 'ines');
    // The outage holds up its own group only.
    await org.console.addMember('anypoint-orders-deploy', 'tom');
    await until(() => org.scim.lines().includes('POST /Groups') && org.scim.memberOperations().length >= 3);
    expect((await org.console.readPush()).lastError).toMatch(/503/);
    await idle();
    const toFirstGroup = org.scim.pushes
      .filter((p) => p.path === '/Groups/Groups-1')
      .flatMap((p) => p.body.Operations ?? [])
      .filter((o) => o.path !== undefined)
      .map((o) => [o.op, o.path, (o.value as { display: string }[] | undefined)?.[0]?.display]);
    const removal = ['remove', 'members[value eq "Users-2"]', undefined];
    expect(toFirstGroup).toEqual([
      ['add', 'members', 'ines@acme.example'],
      removal, // refused
      removal,
      ['add', 'members', 'erik@acme.example'],
      ['add', 'members', 'ines@acme.example'],
    ]);
    expect(org.scim.lines().filter((l) => l === 'POST /Users')).toHaveLength(3);
  });

  test('a refusal that will not pass is given up', async () => {
    org.scim.refuseNext(401);
    await org.console.addMember('anypoint-orders-read', 'ines');
    await idle();
    expect(org.scim.pushes).toHaveLength(1);
    expect((await org.console.readPush()).lastError).toMatch(/401/);
  });

  test('pushes can be lost, by kind, or held', async () => {
    await org.console.pushNow('anypoint-orders-read');
    await idle();
    org.scim.pushes.length = 0;
    await org.console.setPush({ drop: 'add' });
    await org.console.addMember('anypoint-orders-read', 'ines');
    await sleep(50);
    expect(org.scim.pushes).toEqual([]);
    await org.console.setPush({ drop: 'remove' });
    await org.console.removeMember('anypoint-orders-read', 'ines');
    await org.console.addMember('anypoint-orders-read', 'erik');
    await until(() => org.scim.memberOperations().length === 1);
    await org.console.setPush({ drop: 'all' });
    await org.console.addMember('anypoint-orders-read', 'tom');
    await org.console.setPush({ drop: 'none', paused: true });
    await org.console.addMember('anypoint-orders-read', 'sam');
    await sleep(50);
    expect(await org.console.readPush()).toMatchObject({ pending: 1, paused: true });
    await org.console.setPush({ paused: false });
    await idle();
    const added = org.scim.memberOperations().map((o) => (o.value as { display: string }[])[0]?.display);
    expect(added).toEqual(['erik@acme.example', 'sam@acme.example']);
  });

  test('a full push replaces the members, and covers what was waiting', async () => {
    await org.console.pushNow('anypoint-orders-read');
    await idle();
    await org.console.setPush({ paused: true });
    await org.console.addMember('anypoint-orders-read', 'ines');
    await org.console.pushNow('anypoint-orders-read');
    await org.console.addMember('anypoint-orders-read', 'erik');
    await org.console.setPush({ paused: false });
    await idle();
    const operations = org.scim.memberOperations();
    // The first change was ahead of the full push, the last one is inside it.
    expect(operations.map((o) => [o.op, (o.value as unknown[]).length])).toEqual([
      ['add', 1],
      ['replace', 2],
    ]);
  });

  test('the initial push goes out once, with people and their groups', async () => {
    const emulator = org.emulator as OktaEmulator;
    emulator.pushInitially();
    emulator.pushInitially();
    await idle();
    expect(org.scim.lines().filter((l) => l === 'POST /Groups')).toHaveLength(7);
    expect(org.scim.lines().filter((l) => l === 'POST /Users')).toHaveLength(1);
    expect(org.scim.memberOperations()).toHaveLength(1);
  });

  test('ids that are gone at the provider are looked up and made again', async () => {
    await org.console.addMember('anypoint-orders-read', 'ines');
    await idle();
    org.scim.forget();
    org.scim.pushes.length = 0;
    await org.console.addMember('anypoint-orders-read', 'erik');
    await idle();
    expect(org.scim.lines().filter((l) => l === 'POST /Groups')).toHaveLength(1);
    // The new group is told all its members.
    expect(org.scim.memberOperations().at(-1)).toMatchObject({
      value: [{ display: 'ines@acme.example' }, { display: 'erik@acme.example' }],
    });
    expect(org.scim.lines().filter((l) => l === 'POST /Users')).toHaveLength(2);

    org.scim.forget();
    org.scim.pushes.length = 0;
    await org.console.setStatus('ines', 'DEPROVISIONED');
    await idle();
    expect(org.scim.lines()).toEqual([
      expect.stringMatching(/^PATCH .Users/),
      expect.stringMatching(/^GET .Users/),
    ]);
  });
});

test('a snapshot brings back groups, statuses, remote ids and pushes that wait', async () => {
  await org.console.addMember('anypoint-orders-read', 'ines');
  await idle();
  await org.console.setPush({ paused: true });
  await org.console.addMember('anypoint-orders-read', 'erik');
  const saved = JSON.parse(JSON.stringify(org.emulator.snapshot()));
  await org.console.removeMember('anypoint-orders-read', 'ines');
  await org.console.setStatus('tom', 'SUSPENDED');
  org.scim.pushes.length = 0;

  org.emulator.restore(saved);
  const group = (await org.console.readGroups()).find((g) => g.name === 'anypoint-orders-read');
  expect(group?.members.map((m) => m.key)).toEqual(['ines', 'erik']);
  await org.console.setPush({ paused: false });
  await idle();
  expect(org.scim.lines()).toEqual([
    expect.stringMatching(/^GET \/Users/),
    'POST /Users',
    'PATCH /Groups/Groups-1',
    'PATCH /Groups/Groups-1',
  ]);
  expect(org.world.changes()).toBeGreaterThan(0);
});
