import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApplicationRef, MuleSoft, OwnedApplication } from '../../src/ports/mulesoft.ts';
import { createAnypointEmulator } from '../../src/sandbox/anypoint/emulator.ts';
import type { FaultSpec } from '../../src/sandbox/fault-plan.ts';
import { anypointTeams, clientApplications, company, connectedApps, people } from '../../src/sandbox/seed.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';
import { connectTo, type Over } from './connect.ts';

const idOf = (key: string) => people.find((person) => person.key === key)?.anypointId ?? '';
const [tom, erik, olga, sam] = ['tom', 'erik', 'olga', 'sam'].map(idOf) as [string, string, string, string];
const [dashboardSeed, reconcilerSeed] = clientApplications;
const [ours, deployerSeed] = connectedApps;
const dashboard: ApplicationRef = { kind: 'clientApplication', id: String(dashboardSeed.id) };
const reconciler: ApplicationRef = { kind: 'clientApplication', id: String(reconcilerSeed.id) };
const deployer: ApplicationRef = { kind: 'connectedApp', id: deployerSeed.clientId };

type Made = ApplicationRef & { clientId: string; clientSecret: string };

let running: StartedEmulator;
let anypoint: MuleSoft;

const connect = (over: Over = {}) => connectTo(running, over);

beforeEach(async () => {
  running = await startEmulator(createAnypointEmulator);
  anypoint = connect();
});
afterEach(() => running.close());

const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${running.url}/anypoint${path}`, {
    method: 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const fault = (spec: Omit<FaultSpec, 'vendor'>) => running.world.faults.add({ vendor: 'anypoint', ...spec });
const writes = () =>
  running.world.faults
    .seen({ vendor: 'anypoint' })
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/token'))
    .map(({ method, path }) => `${method} ${path.replace(/^.*organizations\/[^/]+/, '')}`);

async function make(body: unknown): Promise<Made> {
  const answer = await post('/sim/applications', body);
  expect(answer.status).toBe(201);
  return (await answer.json()) as Made;
}
/** The status that the gateway in front of an API answers to these credentials. */
async function knock(api: string, app: { clientId: string; clientSecret: string }): Promise<number> {
  const headers = { client_id: app.clientId, client_secret: app.clientSecret };
  return (await fetch(`${running.url}/anypoint/gateway/${api}`, { headers })).status;
}
const askForToken = (app: { clientId: string; clientSecret: string }) =>
  post('/accounts/api/v2/oauth2/token', {
    grant_type: 'client_credentials',
    client_id: app.clientId,
    client_secret: app.clientSecret,
  });
/** Access Management by hand. */
async function call(method: string, path: string, body: unknown): Promise<void> {
  const { access_token } = (await (await askForToken(ours)).json()) as { access_token: string };
  const answer = await fetch(
    `${running.url}/anypoint/accounts/api/organizations/${company.anypointOrgId}${path}`,
    {
      method,
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
  );
  expect(answer.ok).toBe(true);
}
const names = (apps: OwnedApplication[]) => apps.map((app) => app.name);

describe('teams of a user', () => {
  test('all of them, with how they came', async () => {
    await anypoint.addMember(anypointTeams[0].id, tom);
    expect(await anypoint.listTeamsOf(tom)).toEqual([
      {
        id: anypointTeams[0].id,
        name: anypointTeams[0].name,
        membershipType: 'member',
        isAssignedViaExternalGroups: false,
      },
    ]);
    expect(await anypoint.listTeamsOf(erik)).toEqual([]);
    await expect(anypoint.listTeamsOf('nobody')).rejects.toMatchObject({ code: 'mulesoft.not_found' });
  });
});

describe('what somebody owns', () => {
  test('client applications with their contracts in words and whom to ask about the API', async () => {
    const found = await anypoint.listApplications([tom]);
    expect(found).toEqual([
      {
        ...dashboard,
        name: 'orders-dashboard',
        clientId: dashboardSeed.clientId,
        ownerUserIds: [tom],
        ownerTeamIds: [],
        contracts: [
          {
            id: expect.stringMatching(/^\d+$/),
            api: 'Orders API v1',
            environment: 'Production',
            status: 'APPROVED',
            asset: { groupId: company.anypointOrgId, assetId: 'orders-api' },
            apiOwnerEmail: 'olga@acme.example',
          },
        ],
        isOurOwn: false,
      },
      expect.objectContaining({
        ...reconciler,
        contracts: [expect.objectContaining({ api: 'Payments API v1', apiOwnerEmail: 'sam@acme.example' })],
      }),
    ]);
    expect(JSON.stringify(found)).not.toMatch(/secret/i);
    expect(await anypoint.readApplication(dashboard)).toEqual(found[0]);
  });

  test('connected apps; that of Latchkey itself is named as such', async () => {
    const app = {
      ...deployer,
      name: 'ci-deployer',
      clientId: deployerSeed.clientId,
      ownerUserIds: [erik],
      ownerTeamIds: [],
      contracts: [],
      isOurOwn: false,
    };
    expect(await anypoint.listApplications([erik])).toEqual([app]);
    expect(await anypoint.readApplication(deployer)).toEqual(app);
    expect(await anypoint.listApplications([idOf('sofia')])).toMatchObject([
      { name: 'Latchkey', isOurOwn: true },
    ]);
  });

  test('of several users at once, those owned with others too; of nobody nothing', async () => {
    await make({ name: 'shared', owners: ['olga', 'erik'] });
    await make({ name: 'left alone', owners: ['olga'] });
    expect(names(await anypoint.listApplications([tom, erik])).sort()).toEqual([
      'ci-deployer',
      'orders-dashboard',
      'payments-reconciler',
      'shared',
    ]);
    expect((await anypoint.listApplications([erik]))[0]?.ownerUserIds).toEqual([olga, erik]);
    expect(await anypoint.listApplications([])).toEqual([]);
  });

  test('more than one page of either kind', async () => {
    for (let n = 0; n < 260; n += 1) await make({ name: `client ${n}`, owners: n % 50 === 0 ? ['sam'] : [] });
    for (let n = 0; n < 45; n += 1)
      await make({ kind: 'connectedApp', name: `app ${n}`, owners: n % 20 === 0 ? ['sam'] : [] });
    expect(names(await anypoint.listApplications([sam]))).toEqual(
      ['client 0', 'client 50', 'client 100', 'client 150', 'client 200', 'client 250'].concat([
        'app 0',
        'app 20',
        'app 40',
      ]),
    );
  });

  test('none at all is believed only with the scope to see them', async () => {
    await anypoint.revokeApplication(dashboard);
    await anypoint.revokeApplication(reconciler);
    expect(await anypoint.listApplications([tom])).toEqual([]);
    await call('PUT', `/connectedApplications/${ours.clientId}/scopes`, {
      scopes: [{ scope: 'read:users' }],
    });
    await expect(anypoint.listApplications([tom])).rejects.toMatchObject({
      code: 'mulesoft.forbidden',
      retryable: false,
    });
  });

  test('gone is null', async () => {
    expect(await anypoint.readApplication({ kind: 'clientApplication', id: '1' })).toBeNull();
    expect(await anypoint.readApplication({ kind: 'connectedApp', id: 'none' })).toBeNull();
  });
});

describe('revoking', () => {
  test('a client application: its contract first, and its credentials open nothing afterwards', async () => {
    expect(await knock('orders-api', dashboardSeed)).toBe(200);
    expect(await knock('payments-api', dashboardSeed)).toBe(401);
    await anypoint.revokeApplication(dashboard);
    expect(await knock('orders-api', dashboardSeed)).toBe(401);
    expect(await knock('payments-api', reconcilerSeed)).toBe(200);
    expect(writes().map((write) => write.replace(/\d{4,}/g, 'N'))).toEqual([
      expect.stringMatching(/^POST .*\/apis\/N\/contracts\/N\/revoke$/),
      expect.stringMatching(/^DELETE .*\/apis\/N\/contracts\/N$/),
      'DELETE /applications/N',
    ]);
    expect(await anypoint.readApplication(dashboard)).toBeNull();
    await anypoint.revokeApplication(dashboard);
    expect(names(await anypoint.listApplications([tom]))).toEqual(['payments-reconciler']);
  });

  test.each(['PENDING', 'REJECTED', 'REVOKED'])('one whose contract is %s', async (status) => {
    const made = await make({ name: 'other', owners: ['erik'], apis: ['orders-api'], status });
    await anypoint.revokeApplication(made);
    expect(await anypoint.readApplication(made)).toBeNull();
  });

  test('one API that we may not touch does not keep the others open', async () => {
    const made = await make({ name: 'both', owners: ['erik'], apis: ['orders-api', 'payments-api'] });
    fault({ kind: 'status', status: 403, path: 'revoke$', times: 1 });
    await expect(anypoint.revokeApplication(made)).rejects.toMatchObject({ code: 'mulesoft.forbidden' });
    expect(await knock('orders-api', made)).toBe(200);
    expect(await knock('payments-api', made)).toBe(401);
    await anypoint.revokeApplication(made);
    expect(await knock('orders-api', made)).toBe(401);
  });

  test('a connected app: no new token, and none that it still holds', async () => {
    const { access_token } = (await (await askForToken(deployerSeed)).json()) as { access_token: string };
    const use = () =>
      fetch(`${running.url}/anypoint/accounts/api/connectedApplications`, {
        headers: { authorization: `Bearer ${access_token}` },
      });
    // Known, though without a scope for this.
    expect((await use()).status).toBe(403);
    await anypoint.revokeApplication(deployer);
    expect((await use()).status).toBe(401);
    expect((await askForToken(deployerSeed)).status).toBe(401);
    expect(await anypoint.readApplication(deployer)).toBeNull();
    await anypoint.revokeApplication(deployer);
  });

  test('never the one that Latchkey signs in with', async () => {
    const own: ApplicationRef = { kind: 'connectedApp', id: ours.clientId };
    await expect(anypoint.revokeApplication(own)).rejects.toMatchObject({
      code: 'mulesoft.invalid',
      retryable: false,
    });
    expect(writes()).toEqual([]);
    await anypoint.check();
  });
});

describe('handing over', () => {
  test('a client application; it goes on working; twice is once', async () => {
    await anypoint.transferApplication(dashboard, { from: [tom], to: erik });
    await anypoint.transferApplication(dashboard, { from: [tom], to: erik });
    expect(writes()).toHaveLength(2);
    expect(await anypoint.readApplication(dashboard)).toMatchObject({ ownerUserIds: [erik] });
    expect(names(await anypoint.listApplications([tom]))).toEqual(['payments-reconciler']);
    expect(await knock('orders-api', dashboardSeed)).toBe(200);
  });

  test('other owners keep it, and whoever takes it over may be one of them', async () => {
    const made = await make({ name: 'shared', owners: ['tom', 'olga'] });
    await anypoint.transferApplication(made, { from: [tom], to: olga });
    expect(await anypoint.readApplication(made)).toMatchObject({ ownerUserIds: [olga] });
    await anypoint.transferApplication(made, { from: [tom], to: erik });
    expect(await anypoint.readApplication(made)).toMatchObject({ ownerUserIds: [olga] });
  });

  test('a connected app, to an organisation administrator only', async () => {
    await expect(anypoint.transferApplication(deployer, { from: [erik], to: tom })).rejects.toMatchObject({
      code: 'mulesoft.invalid',
      vendorCode: '400',
    });
    await anypoint.transferApplication(deployer, { from: [erik], to: olga });
    await anypoint.transferApplication(deployer, { from: [erik], to: olga });
    expect(await anypoint.readApplication(deployer)).toMatchObject({ ownerUserIds: [olga] });
    expect((await askForToken(deployerSeed)).status).toBe(200);
  });

  test('not a connected app that somebody else has taken meanwhile', async () => {
    await anypoint.transferApplication(deployer, { from: [tom], to: olga });
    expect(await anypoint.readApplication(deployer)).toMatchObject({ ownerUserIds: [erik] });
  });

  test('nor one without an owner', async () => {
    const made = await make({ kind: 'connectedApp', name: 'ownerless' });
    await anypoint.transferApplication(made, { from: [erik], to: olga });
    expect(await anypoint.readApplication(made)).toMatchObject({ ownerUserIds: [] });
  });

  test('to nobody, and to a user who is switched off: nothing is written', async () => {
    await expect(
      anypoint.transferApplication(dashboard, { from: [tom], to: 'nobody' }),
    ).rejects.toMatchObject({ code: 'mulesoft.not_found', retryable: false });
    await call('PUT', '/users', [{ id: erik, enabled: false }]);
    await expect(anypoint.transferApplication(dashboard, { from: [tom], to: erik })).rejects.toMatchObject({
      code: 'mulesoft.invalid',
      retryable: false,
    });
    expect(await anypoint.readApplication(dashboard)).toMatchObject({ ownerUserIds: [tom] });
  });

  test.each([
    { kind: 'clientApplication', id: '1' },
    { kind: 'connectedApp', id: 'none' },
  ] as const)('of a $kind that is gone', async (app) => {
    await expect(anypoint.transferApplication(app, { from: [tom], to: olga })).rejects.toMatchObject({
      code: 'mulesoft.not_found',
    });
  });
});

describe('faults', () => {
  test.each([
    [429, 'mulesoft.throttled', false],
    [503, 'mulesoft.throttled', false],
    [500, 'mulesoft.unavailable', true],
    [403, 'mulesoft.forbidden', false],
  ] as const)(
    '%i on any write is %s and leaves the rest to a repeat',
    async (status, code, outcomeUnknown) => {
      for (const path of ['/revoke$', 'contracts/\\d+$', 'exchange/.*/applications/\\d+$']) {
        const made = await make({ name: 'x', owners: ['erik'], apis: ['orders-api'] });
        fault({ kind: 'status', status, path, times: 1 });
        await expect(anypoint.revokeApplication(made), path).rejects.toMatchObject({ code, outcomeUnknown });
        await anypoint.revokeApplication(made);
        expect(await anypoint.readApplication(made)).toBeNull();
      }
      for (const [method, path] of [
        ['POST', 'owners$'],
        ['DELETE', 'owners/'],
      ] as const) {
        const made = await make({ name: 'y', owners: ['erik'] });
        fault({ kind: 'status', status, method, path, times: 1 });
        const hands = { from: [erik], to: sam };
        await expect(anypoint.transferApplication(made, hands)).rejects.toMatchObject({
          code,
          outcomeUnknown,
        });
        await anypoint.transferApplication(made, hands);
        expect(await anypoint.readApplication(made)).toMatchObject({ ownerUserIds: [sam] });
      }
    },
  );

  test('a list that is throttled is no short list', async () => {
    await anypoint.check();
    fault({ kind: 'status', status: 503, path: 'connectedApplications', times: 1 });
    await expect(anypoint.listApplications([tom])).rejects.toMatchObject({ code: 'mulesoft.throttled' });
    fault({ kind: 'status', status: 429, path: 'contracts', times: 1 });
    await expect(anypoint.listApplications([tom])).rejects.toMatchObject({ code: 'mulesoft.throttled' });
  });

  test('a write that happened though no answer came: unknown, and the repeat finds it done', async () => {
    const impatient = connect({ timeoutMs: 300 });
    await impatient.check();
    for (const path of ['/revoke$', 'contracts/\\d+$', 'exchange/.*/applications/\\d+$']) {
      const made = await make({ name: 'x', owners: ['erik'], apis: ['orders-api'] });
      fault({ kind: 'timeoutAfterWrite', path, times: 1 });
      await expect(impatient.revokeApplication(made), path).rejects.toMatchObject({
        code: 'mulesoft.timeout',
        outcomeUnknown: true,
      });
      await anypoint.revokeApplication(made);
      expect(await anypoint.readApplication(made)).toBeNull();
    }
    fault({ kind: 'timeoutAfterWrite', method: 'PATCH', times: 1 });
    const hands = { from: [erik], to: olga };
    await expect(impatient.transferApplication(deployer, hands)).rejects.toMatchObject({
      code: 'mulesoft.timeout',
      outcomeUnknown: true,
    });
    await anypoint.transferApplication(deployer, hands);
    expect(await anypoint.readApplication(deployer)).toMatchObject({ ownerUserIds: [olga] });
    fault({ kind: 'timeoutAfterWrite', method: 'POST', path: 'owners$', times: 1 });
    await expect(impatient.transferApplication(dashboard, { from: [tom], to: olga })).rejects.toMatchObject({
      outcomeUnknown: true,
    });
    await anypoint.transferApplication(dashboard, { from: [tom], to: olga });
    expect(await anypoint.readApplication(dashboard)).toMatchObject({ ownerUserIds: [olga] });
  });

  test('a deletion that Anypoint lost is seen when read back', async () => {
    fault({ kind: 'dropWrite', path: 'exchange/.*/applications/\\d+$', times: 1 });
    await anypoint.revokeApplication(dashboard);
    expect(await anypoint.readApplication(dashboard)).not.toBeNull();
  });
});

/** A server that answers what the emulator, being well-behaved, never would. */
describe('an Anypoint that answers oddly', () => {
  let server: Server;
  let answer: (path: string, query: URLSearchParams) => unknown;
  beforeEach(async () => {
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      const body = pathname.endsWith('/token') ? { access_token: 't' } : answer(pathname, searchParams);
      response
        .writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    anypoint = connect({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  /** No rows under any name, and nothing that the caller may not see. */
  const empty = { applications: [], data: [], total: 0 };
  const scopes = { data: [{ scope: 'full' }] };
  const app = { id: 1, name: 'a', clientId: 'c', owners: [{ id: 'u' }, { id: 't', entityType: 'team' }] };

  test('contracts: the same page again ends the list; a group and an unreadable environment have words too', async () => {
    const version = {
      id: 5,
      organizationId: 'group',
      environmentId: 'env',
      productVersion: 'v2',
      api: { name: 'groupId:g:assetId:a' },
    };
    answer = (path, query) => {
      if (path.endsWith('/contracts'))
        return [
          { id: 1, status: 'APPROVED', apiVersion: version, groupInstance: null },
          { id: 2, status: 'APPROVED', apiVersion: null, groupInstance: { name: 'Group' } },
        ];
      if (path.endsWith('/applications'))
        return { applications: query.get('offset') === '0' ? [app] : [], total: 1 };
      return path.endsWith('/connectedApplications') ? empty : undefined;
    };
    expect(await anypoint.listApplications(['u'])).toMatchObject([
      {
        ownerUserIds: ['u'],
        ownerTeamIds: ['t'],
        contracts: [
          { id: '1', api: 'a v2', environment: 'env', apiOwnerEmail: null },
          { id: '2', api: 'Group', environment: 'unknown', apiOwnerEmail: null },
        ],
      },
    ]);
  });

  test('a connected app whose owner the list leaves out is asked for', async () => {
    answer = (path) => {
      if (path.endsWith('/connectedApplications'))
        return { data: [{ client_id: 'x', client_name: 'X' }], total: 1 };
      if (path.endsWith('/scopes')) return scopes;
      return path.endsWith('/connectedApplications/x')
        ? { client_id: 'x', client_name: 'X', owner_user_id: 'u' }
        : empty;
    };
    expect(await anypoint.listApplications(['u'])).toMatchObject([{ id: 'x', ownerUserIds: ['u'] }]);
  });

  test('applications without owners’ names, and a list without end, are bad answers', async () => {
    answer = () => ({ ...empty, applications: [{ ...app, owners: undefined }], total: 1 });
    await expect(anypoint.listApplications(['u'])).rejects.toMatchObject({ code: 'mulesoft.bad_answer' });
    answer = () => ({ applications: Array.from({ length: 5_000 }, () => app) });
    await expect(anypoint.listApplications(['x'])).rejects.toMatchObject({ code: 'mulesoft.bad_answer' });
  });
});
