import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAnypointEmulator } from '../../src/sandbox/anypoint/emulator.ts';
import { environments } from '../../src/sandbox/anypoint/roles.ts';
import {
  anypointApis,
  anypointTeams,
  clientApplications,
  company,
  connectedApps,
  credentials,
  people,
} from '../../src/sandbox/seed.ts';
import { type StartedEmulator, startEmulator } from './start-emulator.ts';

const org = company.anypointOrgId;
const readers = anypointTeams[0].id;
const deployers = anypointTeams[1].id;
const idOf = (key: string) => people.find((person) => person.key === key)?.anypointId ?? '';
const secret = {
  grant_type: 'client_credentials',
  client_id: credentials.anypointClientId,
  client_secret: credentials.anypointClientSecret,
};

type SimTeam = { name: string; members: unknown[]; leaving: unknown[] };
/** What the answers read below may hold. */
type Answer = {
  data: { [field: string]: string }[];
  total: number;
  cursor: string;
  errors: unknown[];
  access_token: string;
  userId: string;
};
const json = async (answer: Promise<Response>) => (await (await answer).json()) as Answer;

let running: StartedEmulator;
let token: string;

beforeEach(async () => {
  running = await startEmulator(createAnypointEmulator);
  token = (await json(post('/accounts/api/v2/oauth2/token', secret))).access_token;
});
afterEach(async () => {
  vi.useRealTimers();
  await running.close();
});

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return fetch(`${running.url}/anypoint${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
const post = (path: string, body?: unknown) => send('POST', path, body);
const api = (method: string, path: string, body?: unknown) =>
  send(method, `/accounts/api/organizations/${org}${path}`, body);
const read = (path: string) => json(api('GET', path));
const memberIds = async (team: string) => (await read(`/teams/${team}/members`)).data.map((row) => row.id);
const trueTeam = async (name: string) =>
  ((await (await send('GET', '/sim/teams')).json()) as SimTeam[]).find((team) => team.name === name);

describe('token', () => {
  test('by JSON, form and Basic; wrong secret is 401, another grant 400', async () => {
    const url = `${running.url}/anypoint/accounts/api/v2/oauth2/token`;
    const form = await fetch(url, { method: 'POST', body: new URLSearchParams(secret) });
    expect(await form.json()).toMatchObject({ expires_in: 3_600, token_type: 'bearer' });
    const basic = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${secret.client_id}:${secret.client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(basic.status).toBe(200);
    expect((await post('/accounts/api/v2/oauth2/token', { ...secret, client_secret: 'no' })).status).toBe(
      401,
    );
    expect((await post('/accounts/api/v2/oauth2/token', { ...secret, grant_type: 'password' })).status).toBe(
      400,
    );
  });

  test('ends after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    expect((await api('GET', '/teams')).status).toBe(200);
    vi.setSystemTime(Date.now() + 3_601_000);
    const late = await api('GET', '/teams');
    expect(late.status).toBe(401);
    expect(await late.text()).toBe('Unauthorized');
  });
});

describe('teams and members', () => {
  test('teams are searched in any case of letters and paged', async () => {
    expect(await read('/teams?search=ORDERS')).toMatchObject({ total: 2 });
    const second = await read('/teams?limit=2&offset=6');
    expect(second).toMatchObject({ total: 7, data: [{ team_type: 'internal', ancestor_team_ids: [] }] });
    expect((await api('GET', '/teams?limit=501')).status).toBe(400);
    expect((await api('GET', `/teams/${readers}`)).status).toBe(200);
    expect((await send('GET', '/accounts/api/organizations/other/teams')).status).toBe(404);
  });

  test('PUT and DELETE of one member answer 204 with nothing', async () => {
    const put = await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, { membership_type: 'member' });
    expect([put.status, await put.text()]).toEqual([204, '']);
    expect((await read(`/teams/${readers}/members?member_ids=${idOf('ines')},${idOf('tom')}`)).data).toEqual([
      expect.objectContaining({
        identity_type: 'user',
        id: idOf('ines'),
        name: 'Ines Moreau',
        membership_type: 'member',
        is_assigned_via_external_groups: false,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/),
      }),
    ]);
    expect(await read(`/users/${idOf('ines')}/teams`)).toMatchObject({
      total: 1,
      data: [{ team_id: readers, org_id: org, membership_type: 'member' }],
    });
    expect((await api('DELETE', `/teams/${readers}/members/${idOf('ines')}`)).status).toBe(204);
    expect(await memberIds(readers)).toEqual([]);
    expect((await api('DELETE', `/teams/${readers}/members/${idOf('ines')}`)).status).toBe(404);
  });

  test('a team id where a user id belongs is 405, in bulk 400', async () => {
    const body = { membership_type: 'member' };
    expect((await api('PUT', `/teams/${readers}/members/${deployers}`, body)).status).toBe(405);
    expect((await api('DELETE', `/teams/${readers}/members/${deployers}`)).status).toBe(405);
    const bulk = await api('PATCH', `/teams/${readers}/members`, [{ id: deployers, ...body }]);
    expect(bulk.status).toBe(400);
    expect((await json(Promise.resolve(bulk))).errors[0]).toHaveProperty('keyword');
  });

  test('bulk add and bulk removal with a body take 1 to 100', async () => {
    const both = [idOf('ines'), idOf('erik')];
    const add = both.map((id) => ({ id, membership_type: 'member' }));
    expect((await api('PATCH', `/teams/${readers}/members`, add)).status).toBe(204);
    expect((await memberIds(readers)).sort()).toEqual([...both].sort());
    expect((await api('DELETE', `/teams/${readers}/members`, both)).status).toBe(204);
    expect(await memberIds(readers)).toEqual([]);
    expect((await api('DELETE', `/teams/${readers}/members`, [])).status).toBe(400);
    const many = Array.from({ length: 101 }, (_, n) => `u${n}`);
    expect((await api('DELETE', `/teams/${readers}/members`, many)).status).toBe(400);
  });

  test('an unknown field or type is a validation error', async () => {
    const put = await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, { membership_type: 'owner' });
    expect(put.status).toBe(400);
    expect(await put.json()).toMatchObject({ errors: [{ dataPath: '.membership_type' }] });
    const extra = { membership_type: 'member', note: 'x' };
    expect((await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, extra)).status).toBe(400);
  });

  test('a nested team is a row of its parent', async () => {
    const made = await api('POST', '/teams', { team_name: 'Nested', parent_team_id: readers });
    expect(made.status).toBe(201);
    expect(await read(`/teams/${readers}/members?identity_type=team`)).toMatchObject({
      data: [{ identity_type: 'team', name: 'Nested' }],
    });
  });

  test('a lost write answers success and changes nothing', async () => {
    running.world.faults.add({ vendor: 'anypoint', method: 'PUT', kind: 'dropWrite', times: 1 });
    const body = { membership_type: 'member' };
    expect((await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, body)).status).toBe(204);
    expect(await memberIds(readers)).toEqual([]);
  });

  test('roles are listed, added and removed', async () => {
    const { data } = await read(`/teams/${deployers}/roles`);
    expect(data).toEqual([expect.objectContaining({ name: 'Deploy API Proxies' })]);
    const viewer = { role_id: 'f5555555-0000-4000-8000-000000000001', context_params: { org } };
    expect((await api('POST', `/teams/${deployers}/roles`, [viewer])).status).toBe(201);
    expect((await read(`/teams/${deployers}/roles`)).total).toBe(2);
    expect((await api('DELETE', `/teams/${deployers}/roles`, [viewer])).status).toBe(204);
    expect((await read(`/teams/${deployers}/roles`)).total).toBe(1);
  });
});

describe('users and the rest of the organisation', () => {
  test('users are searched; the default type shows no federated ones', async () => {
    expect((await read('/users')).total).toBe(0);
    expect((await read('/users?type=all&search=INES@')).data).toEqual([
      expect.objectContaining({ id: idOf('ines'), firstName: 'Ines', isFederated: true, enabled: true }),
    ]);
    expect((await read('/members?search=okafor')).data).toHaveLength(1);
    expect(await read(`/users/${idOf('ines')}`)).toMatchObject({ username: 'ines@acme.example' });
    expect((await api('GET', '/users/nobody')).status).toBe(404);
    expect((await api('PUT', '/users', [{ id: idOf('ines'), enabled: false }])).status).toBe(204);
    expect(await read(`/users/${idOf('ines')}`)).toMatchObject({ enabled: false });
  });

  test('environments and identity providers', async () => {
    expect(await read('/environments')).toMatchObject({
      data: [{ isProduction: true }, { type: 'sandbox' }],
    });
    expect(await read('/identityProviders')).toMatchObject({
      data: [{ provider_id: company.anypointIdpId }],
    });
  });
});

describe('external group mappings', () => {
  const mapping = (name: string, membership_type = 'member') => ({
    membership_type,
    external_group_name: name,
    provider_id: company.anypointIdpId,
  });
  const path = `/teams/${readers}/groupmappings`;

  test('PUT replaces, PATCH adds or changes, DELETE takes away, 100 are the limit', async () => {
    const names = async () => (await read(path)).data.map((m) => m.external_group_name);
    expect((await api('PUT', path, [mapping('a'), mapping('b')])).status).toBe(204);
    expect((await api('PATCH', path, [mapping('b', 'maintainer'), mapping('c')])).status).toBe(204);
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect((await api('DELETE', path, [mapping('b')])).status).toBe(204);
    expect((await api('PUT', path, [mapping('d')])).status).toBe(204);
    expect(await names()).toEqual(['d']);
    const many = Array.from({ length: 101 }, (_, n) => mapping(`g${n}`));
    expect((await api('PUT', path, many)).status).toBe(400);
    expect((await api('PUT', path, [{ ...mapping('a'), provider_id: 'other' }])).status).toBe(400);
  });

  test('a claim acts at sign-in, a direct removal lasts until the next one', async () => {
    await api('PUT', path, [mapping('anypoint-orders-read')]);
    expect(await memberIds(readers)).toEqual([]);
    const { userId } = await json(post('/sim/users/nadia/sign-in', { groups: ['anypoint-orders-read'] }));
    expect((await read(`/teams/${readers}/members`)).data).toEqual([
      expect.objectContaining({ id: userId, is_assigned_via_external_groups: true }),
    ]);
    await api('DELETE', `/teams/${readers}/members/${userId}`);
    expect(await memberIds(readers)).toEqual([]);
    await post('/sim/users/nadia/sign-in');
    expect(await memberIds(readers)).toEqual([]);
    await post('/sim/users/nadia/sign-in', { groups: ['anypoint-orders-read'] });
    expect(await memberIds(readers)).toEqual([userId]);
    await post('/sim/users/nadia/sign-in', { groups: [] });
    expect(await memberIds(readers)).toEqual([]);
  });

  test('where Anypoint keeps what a claim gave, only a sign-in without the group ends it', async () => {
    await api('PUT', path, [mapping('anypoint-orders-read')]);
    const { userId } = await json(post('/sim/users/nadia/sign-in', { groups: ['anypoint-orders-read'] }));
    await post('/sim/claims', { keepsClaimed: true });
    expect((await api('DELETE', `/teams/${readers}/members/${userId}`)).status).toBe(204);
    expect(await memberIds(readers)).toEqual([userId]);
    await post('/sim/users/nadia/sign-in', { groups: [] });
    expect(await memberIds(readers)).toEqual([]);
    await post('/sim/claims', { keepsClaimed: false });
  });

  test('an explicit maintainer stays one whatever the claim says', async () => {
    await api('PUT', path, [mapping('anypoint-orders-read')]);
    await api('PUT', `/teams/${readers}/members/${idOf('erik')}`, { membership_type: 'maintainer' });
    await post('/sim/users/erik/sign-in', { groups: ['anypoint-orders-read'] });
    expect((await read(`/teams/${readers}/members`)).data[0]).toMatchObject({
      membership_type: 'maintainer',
      is_assigned_via_external_groups: false,
    });
  });
});

describe('lag', () => {
  test('a write is accepted at once and seen by reads later; the console shows the truth', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await post('/sim/lag', { ms: 5_000 });
    expect(await (await send('GET', '/sim/lag')).json()).toEqual({ ms: 5_000 });
    await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, { membership_type: 'member' });
    expect(await memberIds(readers)).toEqual([]);
    expect((await trueTeam('Orders API readers'))?.members).toEqual([
      expect.objectContaining({ key: 'ines', membershipType: 'member', visibleAt: expect.any(String) }),
    ]);
    vi.setSystemTime(Date.now() + 5_000);
    expect(await memberIds(readers)).toEqual([idOf('ines')]);
    expect((await trueTeam('Orders API readers'))?.members[0]).not.toHaveProperty('visibleAt');

    await api('DELETE', `/teams/${readers}/members/${idOf('ines')}`);
    expect(await memberIds(readers)).toEqual([idOf('ines')]);
    expect(await trueTeam('Orders API readers'))?.toMatchObject({ members: [], leaving: [{ key: 'ines' }] });
    vi.setSystemTime(Date.now() + 5_000);
    expect(await memberIds(readers)).toEqual([]);
  });
});

describe('throttle', () => {
  test('as 429 it carries the window in headers', async () => {
    await post('/sim/throttle', { perMinute: 2, as: 429 });
    const first = await api('GET', '/teams');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('1');
    await api('GET', '/teams');
    const over = await api('GET', '/teams');
    expect(over.status).toBe(429);
    const waitSeconds = Number(over.headers.get('x-ratelimit-reset')) - Date.now() / 1_000;
    expect(waitSeconds).toBeGreaterThan(50);
    expect(waitSeconds).toBeLessThan(62);
    expect(over.headers.get('retry-after')).toBeNull();
  });

  test('as 503 it carries nothing', async () => {
    await post('/sim/throttle', { perMinute: 0, as: 503 });
    const over = await api('GET', '/teams');
    expect([over.status, await over.text(), over.headers.get('content-length')]).toEqual([503, '', '0']);
    expect(over.headers.get('x-ratelimit-reset')).toBeNull();
    await post('/sim/throttle', { perMinute: null });
    expect((await api('GET', '/teams')).status).toBe(200);
  });
});

describe('audit log', () => {
  const query = (body: Record<string, unknown>, search = 'cursorPagination=true') =>
    json(
      post(`/audit/v2/organizations/${org}/query?${search}`, {
        startDate: '2020-01-01T00:00:00.000Z',
        objectTypes: ['team'],
        ...body,
      }),
    );

  test('member changes become rows; the cursor ends in an empty page without one', async () => {
    await post('/sim/teams/Orders%20API%20readers/members/ines');
    await api('PUT', `/teams/${readers}/members/${idOf('erik')}`, { membership_type: 'member' });
    await api('DELETE', `/teams/${readers}/members/${idOf('ines')}`);
    const first = await query({ limit: 2 });
    expect(first.data).toHaveLength(2);
    expect(first.data[0]).toMatchObject({ action: 'Edit', userName: 'Anypoint administrator' });
    expect(JSON.parse(first.data[1]?.payload ?? '')).toEqual({
      subaction: 'Add Members',
      payload: [{ id: idOf('erik'), membership_type: 'member' }],
    });
    const second = await query({ limit: 2, cursor: first.cursor });
    expect(JSON.parse(second.data[0]?.payload ?? '{}').subaction).toBe('Remove Members');
    expect(await query({ limit: 2, cursor: second.cursor })).toEqual({ data: [] });
    expect(await query({ limit: 1 }, 'cursorPagination=true&doIncludeTotal=true')).toMatchObject({
      total: 3,
    });
    const newest = await query({ limit: 1, ascending: false });
    expect(newest.data).toEqual(second.data);
    await api('PUT', `/teams/${readers}/members/${idOf('tom')}`, { membership_type: 'member' });
    expect((await query({ limit: 1, ascending: false, cursor: newest.cursor })).data).toEqual([
      first.data[1],
    ]);
    expect(await query({ limit: 1, offset: 2 }, '')).toMatchObject({ total: 4, data: [{}] });
  });
});

describe('applications', () => {
  const platform = `/apiplatform/repository/v2/organizations/${org}/applications`;
  const exchange = `/exchange/api/v2/organizations/${org}/applications`;
  const [orders] = anypointApis;
  const contractsOf = (kind: 'api' | 'xapi') =>
    `/apimanager/${kind}/v1/organizations/${org}/environments/${environments[0].id}/apis/${orders.id}/contracts`;
  const [dashboard] = clientApplications;
  const knock = async (api: string, app: { clientId: string; clientSecret: string }) =>
    (
      await send('GET', `/gateway/${api}`, undefined, {
        client_id: app.clientId,
        client_secret: app.clientSecret,
      })
    ).status;
  const statuses = async (calls: [string, string, unknown?][]) => {
    const found: number[] = [];
    for (const [method, path, body] of calls) found.push((await send(method, path, body)).status);
    return found;
  };

  test('who asks as an administrator sees them all with owners; otherwise only one’s own, which are none', async () => {
    const all = await (await send('GET', `${platform}?targetAdminSite=true&limit=1`)).json();
    expect(all).toMatchObject({
      total: 2,
      applications: [
        {
          id: dashboard.id,
          clientId: dashboard.clientId,
          owners: [{ id: idOf('tom'), email: 'tom@acme.example', entityType: 'user' }],
        },
      ],
    });
    expect(await (await send('GET', platform)).json()).toEqual({ total: 0, applications: [] });
    expect((await send('GET', `${platform}?limit=251`)).status).toBe(400);
    expect((await send('GET', '/accounts/api/connectedApplications?limit=21')).status).toBe(400);
  });

  test('a contract opens the API while it is approved, and is deleted only when it no longer is', async () => {
    const [{ id }] = (await (await send('GET', `${platform}/${dashboard.id}/contracts`)).json()) as [
      { id: number },
    ];
    const act = (action: string): [string, string] => ['POST', `${contractsOf('xapi')}/${id}/${action}`];
    const remove: [string, string] = ['DELETE', `${contractsOf('api')}/${id}`];
    expect(await knock('orders-api', dashboard)).toBe(200);
    expect(await knock('payments-api', dashboard)).toBe(401);
    expect(await knock('orders-api', { ...dashboard, clientSecret: 'no' })).toBe(401);
    expect(await knock('no-api', dashboard)).toBe(404);
    expect(await statuses([remove, act('reject'), act('revoke'), act('revoke')])).toEqual([
      409, 409, 201, 409,
    ]);
    expect(await knock('orders-api', dashboard)).toBe(401);
    expect(await statuses([act('restore'), act('revoke'), remove, remove])).toEqual([201, 201, 204, 404]);
  });

  test('owners come and go one by one', async () => {
    const owners = `${platform}/${dashboard.id}/owners`;
    expect(
      await statuses([
        ['POST', owners, { id: idOf('erik') }],
        ['POST', owners, { id: idOf('erik') }],
        ['POST', owners, { id: 'nobody' }],
        ['DELETE', `${owners}/${idOf('tom')}`],
        ['DELETE', `${owners}/${idOf('tom')}`],
        ['DELETE', `${exchange}/${dashboard.id}`],
        ['DELETE', `${exchange}/${dashboard.id}`],
        ['GET', `${platform}/${dashboard.id}`],
      ]),
    ).toEqual([201, 409, 404, 204, 404, 204, 404, 404]);
  });

  test('an owner who is switched off, or gone, goes on being one', async () => {
    await api('PUT', '/users', [{ id: idOf('tom'), enabled: false, deleted: true }]);
    expect(await knock('orders-api', dashboard)).toBe(200);
    expect(await (await send('GET', `${platform}/${dashboard.id}`)).json()).toMatchObject({
      owners: [{ id: idOf('tom') }],
    });
  });

  test('a connected app that is switched off gets no token; its tokens end when they are revoked', async () => {
    const [, deployer] = connectedApps;
    const grant = { ...secret, client_id: deployer.clientId, client_secret: deployer.clientSecret };
    const { access_token } = await json(post('/accounts/api/v2/oauth2/token', grant));
    const use = async () =>
      (await send('GET', `${platform}`, undefined, { authorization: `Bearer ${access_token}` })).status;
    expect(await use()).toBe(403);
    const path = `/connectedApplications/${deployer.clientId}`;
    expect((await api('PATCH', path, { owner_user_id: idOf('ines') })).status).toBe(400);
    expect((await api('PATCH', path, { enabled: false })).status).toBe(200);
    expect((await post('/accounts/api/v2/oauth2/token', grant)).status).toBe(401);
    expect(await use()).toBe(403);
    expect((await api('DELETE', `${path}/revoke`)).status).toBe(204);
    expect(await use()).toBe(401);
    expect([(await api('DELETE', path)).status, (await api('DELETE', path)).status]).toEqual([204, 404]);
  });

  test('the console makes one, shows what it opens, and saves it with the rest', async () => {
    const made = (await (
      await post('/sim/applications', { name: 'report', owners: ['ines'], apis: ['orders-api'] })
    ).json()) as { id: string; clientId: string; clientSecret: string };
    const shown = async () =>
      ((await (await send('GET', '/sim/applications')).json()) as { id: string }[]).find(
        ({ id }) => id === made.id,
      );
    expect(await shown()).toMatchObject({ owners: ['ines'], opens: ['orders-api'] });
    const saved = JSON.parse(JSON.stringify(running.emulator.snapshot()));
    await send('DELETE', `${exchange}/${made.id}`);
    expect(await shown()).toBeUndefined();
    running.emulator.restore(saved);
    expect(await knock('orders-api', made)).toBe(200);
    expect((await post('/sim/applications', { name: 'x', owners: ['nadia'] })).status).toBe(409);
    expect((await post('/sim/applications', { name: 'x', apis: ['no'] })).status).toBe(404);
  });

  test('a state kept before there were applications leaves the seed’s', async () => {
    const { applications: _, ...older } = running.emulator.snapshot() as Record<string, unknown>;
    running.emulator.restore(older);
    expect(await knock('orders-api', dashboard)).toBe(200);
  });
});

describe('console and saving', () => {
  test('an admin adds and removes by hand, by name and key', async () => {
    expect(
      (await post('/sim/teams/Platform%20admins/members/ines', { membershipType: 'maintainer' })).status,
    ).toBe(204);
    expect((await trueTeam('Platform admins'))?.members).toEqual([
      expect.objectContaining({ key: 'olga' }),
      expect.objectContaining({ key: 'ines', membershipType: 'maintainer', external: false }),
    ]);
    expect((await send('DELETE', '/sim/teams/Platform%20admins/members/ines')).status).toBe(204);
    expect((await post('/sim/teams/Platform%20admins/members/nadia')).status).toBe(409);
  });

  test('a changed user name makes a second user', async () => {
    const { userId } = await json(post('/sim/users/ines/sign-in', { username: 'ines.moreau' }));
    expect(userId).not.toBe(idOf('ines'));
    expect((await read('/users?type=all&search=ines')).total).toBe(2);
  });

  test('a snapshot survives JSON and brings everything back', async () => {
    await post('/sim/teams/Orders%20API%20readers/members/ines');
    const saved = JSON.parse(JSON.stringify(running.emulator.snapshot()));
    await send('DELETE', '/sim/teams/Orders%20API%20readers/members/ines');
    running.emulator.restore(saved);
    expect(await memberIds(readers)).toEqual([idOf('ines')]);
  });

  test('every change is told', async () => {
    const before = running.world.changes();
    await api('PUT', `/teams/${readers}/members/${idOf('ines')}`, { membership_type: 'member' });
    expect(running.world.changes()).toBeGreaterThan(before);
  });

  test('the console is never under faults nor counted', async () => {
    running.world.faults.add({ vendor: 'anypoint', kind: 'status', status: 500 });
    expect((await send('GET', '/sim/teams')).status).toBe(200);
    const failed = await api('GET', '/teams');
    expect(failed.status).toBe(500);
    expect(running.world.faults.seen({ vendor: 'anypoint' }).at(-1)?.path).toBe(
      `/accounts/api/organizations/${org}/teams`,
    );
  });
});
