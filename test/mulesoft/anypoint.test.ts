import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retryAfterMsOf } from '../../src/mulesoft/throttle.ts';
import type { MuleSoft } from '../../src/ports/mulesoft.ts';
import { createAnypointEmulator } from '../../src/sandbox/anypoint/emulator.ts';
import type { FaultSpec } from '../../src/sandbox/fault-plan.ts';
import { anypointTeams, company, credentials, people } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type StartedEmulator, startEmulator } from '../sandbox/start-emulator.ts';
import { connectTo, type Over } from './connect.ts';

const readers = anypointTeams[0];
const idOf = (key: string) => people.find((person) => person.key === key)?.anypointId ?? '';
const who = (key: string) => ({ email: `${key}@acme.example`, login: `${key}@acme.example` });

let running: StartedEmulator;
let anypoint: MuleSoft;

const connect = (over: Over = {}) => connectTo(running, over);

beforeEach(async () => {
  running = await startEmulator(createAnypointEmulator);
  anypoint = connect();
});
afterEach(() => running.close());

async function sim(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${running.url}/anypoint/sim${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
  return answer.status === 204 ? null : answer.json();
}
const fault = (spec: Omit<FaultSpec, 'vendor'>) => running.world.faults.add({ vendor: 'anypoint', ...spec });
const seen = (method: string, path: string) =>
  running.world.faults.seen({ vendor: 'anypoint', method, path }).length;
const MEMBERS = '/members';
const TOKEN = 'oauth2/token';

describe('token', () => {
  test('one for many concurrent calls', async () => {
    await Promise.all(Array.from({ length: 10 }, () => anypoint.check()));
    expect(seen('POST', TOKEN)).toBe(1);
  });

  test('refused once: fetched anew and the call repeated', async () => {
    await anypoint.check();
    fault({ kind: 'status', status: 401, path: 'teams', times: 1 });
    await anypoint.addMember(readers.id, idOf('ines'));
    expect(seen('POST', TOKEN)).toBe(2);
    expect(await anypoint.readMembership(readers.id, idOf('ines'))).not.toBeNull();
  });

  test('refused twice: unauthorized', async () => {
    fault({ kind: 'status', status: 401, path: 'teams', times: 2 });
    await expect(anypoint.check()).rejects.toMatchObject({ code: 'mulesoft.unauthorized', retryable: false });
  });

  test('wrong credentials: unauthorized', async () => {
    const wrong = connect({ clientSecret: 'no' });
    await expect(wrong.check()).rejects.toMatchObject({ code: 'mulesoft.unauthorized', vendorCode: '401' });
  });

  test('a failed fetch is not remembered, and a time-out there leaves no doubt about a write', async () => {
    fault({ kind: 'disconnect', path: TOKEN, times: 1 });
    await expect(anypoint.addMember(readers.id, idOf('ines'))).rejects.toMatchObject({
      code: 'mulesoft.unavailable',
      outcomeUnknown: false,
    });
    await anypoint.addMember(readers.id, idOf('ines'));
  });
});

test('the external groups of a team, page by page', async () => {
  // given more than one page has
  const groups = Array.from({ length: 60 }, (_, n) => ({ group: `group-${n}` }));
  await sim('PUT', `/teams/${encodeURIComponent(readers?.name ?? '')}/mappings`, groups);

  // when
  const mappings = await anypoint.groupMappingsOf(readers?.id ?? '');

  // then
  expect(mappings.map(({ externalGroupName }) => externalGroupName)).toEqual(
    groups.map(({ group }) => group),
  );
  expect(mappings[0]).toMatchObject({ membershipType: 'member', providerId: company.anypointIdpId });
});

describe('finding a user', () => {
  test('by user name, in any case of letters', async () => {
    expect(await anypoint.findUsers({ email: 'elsewhere@acme.example', login: 'INES@acme.example' })).toEqual(
      [
        {
          id: idOf('ines'),
          username: 'ines@acme.example',
          email: 'ines@acme.example',
          enabled: true,
          isFederated: true,
          lastSignInAt: expect.any(Date),
          provider: company.anypointIdpId,
          matchedBy: 'username',
        },
      ],
    );
  });

  test('by e-mail when no user name fits, and says that it is only that', async () => {
    const { userId } = (await sim('POST', '/users/nadia/sign-in', { username: 'nadia.h' })) as {
      userId: string;
    };
    const found = await anypoint.findUsers(who('nadia'));
    expect(found).toMatchObject([{ id: userId, matchedBy: 'email' }]);
  });

  test('a user name that is merely the e-mail of somebody whose login is another is found by e-mail only', async () => {
    const [found] = await anypoint.findUsers({
      email: 'ines@acme.example',
      login: 'ines.moreau@acme.example',
    });
    expect(found).toMatchObject({ id: idOf('ines'), matchedBy: 'email' });
  });

  test('one with a password of Anypoint’s own says so; by its id each is read, and null once deleted', async () => {
    const { userId } = (await sim('POST', '/users/ines/sign-in', { username: 'ines', local: true })) as {
      userId: string;
    };
    expect(await anypoint.readUser(userId)).toMatchObject({ username: 'ines', isFederated: false });
    expect(await anypoint.readUser(idOf('erik'))).toMatchObject({ isFederated: true });
    expect(await anypoint.readUser('a0000000-0000-4000-8000-00000000ffff')).toBeNull();
  });

  test('nobody before the first sign-in, somebody after it', async () => {
    const gus = { email: 'nobody@acme.example', login: 'nobody@acme.example' };
    expect(await anypoint.findUsers(gus)).toEqual([]);
  });

  test('a partial match is no match, nor is an empty login', async () => {
    expect(await anypoint.findUsers({ email: 'nes@acme.example', login: '' })).toEqual([]);
  });

  test('an account that merely has the e-mail comes after the one with the user name, however new it is', async () => {
    const { userId } = (await sim('POST', '/users/ines/sign-in', { username: 'mallory' })) as {
      userId: string;
    };
    expect((await anypoint.findUsers(who('ines'))).map((user) => user.id)).toEqual([idOf('ines'), userId]);
  });

  test('of two user names of theirs the enabled one that signed in last', async () => {
    const { userId } = (await sim('POST', '/users/ines/sign-in', { username: 'ines.moreau' })) as {
      userId: string;
    };
    const both = { email: 'ines@acme.example', login: 'ines.moreau' };
    expect((await anypoint.findUsers(both))[0]?.id).toBe(userId);
    await setEnabled(userId, false);
    expect((await anypoint.findUsers(both))[0]?.id).toBe(idOf('ines'));
    await setEnabled(idOf('ines'), false);
    expect((await anypoint.findUsers(both))[0]).toMatchObject({ id: userId, enabled: false });
  });
});

async function setEnabled(id: string, enabled: boolean): Promise<void> {
  const base = `${running.url}/anypoint/accounts/api`;
  const token = await fetch(`${base}/v2/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.anypointClientId,
      client_secret: credentials.anypointClientSecret,
    }),
  });
  const { access_token } = (await token.json()) as { access_token: string };
  await fetch(`${base}/organizations/${company.anypointOrgId}/users`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify([{ id, enabled }]),
  });
}

describe('teams and members', () => {
  test('a team by its exact name only', async () => {
    expect(await anypoint.findTeam(readers.name)).toEqual({
      id: readers.id,
      name: readers.name,
      ancestorIds: [],
    });
    expect(await anypoint.findTeam('Orders API')).toBeNull();
    expect(await anypoint.findTeam('orders api readers')).toBeNull();
  });

  test('added, seen, removed; each twice', async () => {
    const ines = idOf('ines');
    await anypoint.addMember(readers.id, ines);
    await anypoint.addMember(readers.id, ines);
    expect(await anypoint.readMembership(readers.id, ines)).toEqual({
      membershipType: 'member',
      isAssignedViaExternalGroups: false,
    });
    expect(await anypoint.readMembership(readers.id, idOf('erik'))).toBeNull();
    await anypoint.removeMember(readers.id, ines);
    await anypoint.removeMember(readers.id, ines);
    expect(await anypoint.readMembership(readers.id, ines)).toBeNull();
  });

  test('a maintainer stays one', async () => {
    await sim('POST', '/teams/Orders%20API%20readers/members/ines', { membershipType: 'maintainer' });
    await anypoint.addMember(readers.id, idOf('ines'));
    expect(seen('PUT', MEMBERS)).toBe(0);
    expect(await anypoint.readMembership(readers.id, idOf('ines'))).toMatchObject({
      membershipType: 'maintainer',
    });
  });

  test('removing from a team that is gone is not success', async () => {
    await expect(anypoint.removeMember('no-such-team', idOf('ines'))).rejects.toMatchObject({
      code: 'mulesoft.not_found',
    });
  });

  test('adding an unknown user, and a team for a user', async () => {
    await expect(anypoint.addMember(readers.id, 'nobody')).rejects.toMatchObject({
      code: 'mulesoft.not_found',
    });
    await expect(anypoint.addMember(readers.id, anypointTeams[1].id)).rejects.toMatchObject({
      code: 'mulesoft.invalid',
      vendorCode: '405',
    });
  });

  test('a write that reads see late is not seen before', async () => {
    await sim('POST', '/lag', { ms: 300 });
    await anypoint.addMember(readers.id, idOf('ines'));
    expect(await anypoint.readMembership(readers.id, idOf('ines'))).toBeNull();
    await expect.poll(() => anypoint.readMembership(readers.id, idOf('ines'))).not.toBeNull();
  });

  test('a write that Anypoint lost is not seen', async () => {
    fault({ kind: 'dropWrite', method: 'PUT', times: 1 });
    await anypoint.addMember(readers.id, idOf('ines'));
    expect(await anypoint.readMembership(readers.id, idOf('ines'))).toBeNull();
  });
});

describe('faults', () => {
  test.each([429, 503] as const)('%i is a throttle', async (as) => {
    await anypoint.check();
    await sim('POST', '/throttle', { perMinute: 0, as });
    const caught = await anypoint.check().catch((error: unknown) => error);
    expect(caught).toMatchObject({ code: 'mulesoft.throttled', retryable: true, vendorCode: String(as) });
    const { retryAfterMs } = caught as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    if (as === 429) expect(retryAfterMs).toBeGreaterThan(50_000);
  });

  test('500 on a write leaves the outcome unknown, on a read not', async () => {
    fault({ kind: 'status', status: 500, method: 'PUT', times: 1 });
    await expect(anypoint.addMember(readers.id, idOf('ines'))).rejects.toMatchObject({
      code: 'mulesoft.unavailable',
      outcomeUnknown: true,
    });
    fault({ kind: 'status', status: 502, method: 'GET', times: 1 });
    await expect(anypoint.check()).rejects.toMatchObject({
      code: 'mulesoft.unavailable',
      outcomeUnknown: false,
    });
  });

  test('403 is forbidden', async () => {
    fault({ kind: 'status', status: 403, path: 'teams', times: 1 });
    await expect(anypoint.check()).rejects.toMatchObject({ code: 'mulesoft.forbidden', retryable: false });
  });

  test('an answer that never comes after a write: unknown, and it may have happened', async () => {
    const impatient = connect({ timeoutMs: 300 });
    fault({ kind: 'timeoutAfterWrite', method: 'PUT', times: 1 });
    await expect(impatient.addMember(readers.id, idOf('ines'))).rejects.toMatchObject({
      code: 'mulesoft.timeout',
      outcomeUnknown: true,
    });
    expect(await impatient.readMembership(readers.id, idOf('ines'))).not.toBeNull();
  });

  test('a cut connection is unavailable', async () => {
    fault({ kind: 'disconnect', path: 'teams', times: 1 });
    await expect(anypoint.check()).rejects.toMatchObject({ code: 'mulesoft.unavailable', retryable: true });
  });
});

describe('how long to wait', () => {
  const wait = (headers: Record<string, string>) => retryAfterMsOf(new Headers(headers));
  const date = 'Tue, 24 Nov 2026 12:00:00 GMT';
  const dateSeconds = Date.parse(date) / 1_000;

  test.each([
    ['by their own clock, not ours', { date, 'x-ratelimit-reset': String(dateSeconds + 17) }, 17_000],
    ['at least a second', { date, 'x-ratelimit-reset': String(dateSeconds - 5) }, 1_000],
    ['at most a window', { date, 'x-ratelimit-reset': String((dateSeconds + 5) * 1_000) }, 60_000],
  ])('%s', (_name, headers, expected) => {
    expect(wait(headers)).toBe(expected);
  });

  test.each([
    ['no header', { date }],
    ['no date', { 'x-ratelimit-reset': String(dateSeconds) }],
    ['not a number', { date, 'x-ratelimit-reset': 'soon' }],
  ])('%s: between five and ten seconds', (_name, headers) => {
    expect(wait(headers)).toBeGreaterThanOrEqual(5_000);
    expect(wait(headers)).toBeLessThanOrEqual(10_000);
  });
});

/** A server that answers what the emulator, being well-behaved, never would. */
describe('an Anypoint that answers oddly', () => {
  let server: Server;
  let answer: (request: IncomingMessage) => unknown;
  beforeEach(async () => {
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const body = request.url?.includes(TOKEN) ? { access_token: 't' } : answer(request);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    anypoint = connect({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const row = { identity_type: 'user', membership_type: 'member', is_assigned_via_external_groups: false };

  test('the filter is ignored: only the row of this very user counts', async () => {
    answer = () => ({ data: [{ ...row, id: 'somebody-else' }], total: 1 });
    expect(await anypoint.readMembership('t', 'u')).toBeNull();
    answer = () => ({ data: [{ ...row, identity_type: 'team', id: 'u' }], total: 1 });
    expect(await anypoint.readMembership('t', 'u')).toBeNull();
  });

  test('pages are followed to the total, even when the server gives fewer than asked', async () => {
    const teams = Array.from({ length: 7 }, (_, n) => ({ team_id: `t${n}`, team_name: `Team ${n}` }));
    answer = (request) => {
      const offset = Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset'));
      return { data: teams.slice(offset, offset + 3), total: teams.length };
    };
    expect(await anypoint.findTeam('Team 6')).toEqual({ id: 't6', name: 'Team 6', ancestorIds: [] });
    expect(await anypoint.findTeam('Team 7')).toBeNull();
  });

  test('a list without end, and a row without an id, are bad answers', async () => {
    answer = () => ({ data: Array.from({ length: 5_000 }, () => ({ team_id: 't', team_name: 'x' })) });
    await expect(anypoint.findTeam('y')).rejects.toMatchObject({ code: 'mulesoft.bad_answer' });
    answer = () => ({ data: [{ team_name: 'x' }], total: 1 });
    await expect(anypoint.findTeam('x')).rejects.toMatchObject({ code: 'mulesoft.bad_answer' });
  });
});

describe('many of one team at the same time', () => {
  const crowd = Array.from({ length: 30 }, (_, n) => crowdPerson(n));
  const ids = crowd.map(({ anypointId }) => anypointId ?? '');
  beforeEach(async () => {
    await running.close();
    running = await startEmulator((world) =>
      createAnypointEmulator({ ...world, people: [...people, ...crowd] }),
    );
    anypoint = connect();
  });

  test('are one reading of the team and one call', async () => {
    await Promise.all(ids.map((id) => anypoint.addMember(readers.id, id)));
    expect([seen('GET', MEMBERS), seen('PATCH', MEMBERS), seen('PUT', MEMBERS)]).toEqual([1, 1, 0]);
    const memberships = await Promise.all(ids.map((id) => anypoint.readMembership(readers.id, id)));
    expect(memberships.every((one) => one?.membershipType === 'member')).toBe(true);
    expect(seen('GET', MEMBERS)).toBe(2);

    await Promise.all(ids.map((id) => anypoint.removeMember(readers.id, id)));
    expect(seen('DELETE', MEMBERS)).toBe(1);
    const left = await Promise.all(ids.map((id) => anypoint.readMembership(readers.id, id)));
    expect(left.every((one) => one === null)).toBe(true);
  });

  test('a maintainer among them stays one', async () => {
    await sim('POST', `/teams/Orders%20API%20readers/members/${crowd[3]?.key}`, {
      membershipType: 'maintainer',
    });
    await Promise.all(ids.map((id) => anypoint.addMember(readers.id, id)));
    const memberships = await Promise.all(ids.map((id) => anypoint.readMembership(readers.id, id)));
    expect(memberships.filter((one) => one?.membershipType === 'maintainer')).toHaveLength(1);
    expect(memberships[3]?.membershipType).toBe('maintainer');
  });

  test('where one can’t be added, the others are all the same', async () => {
    const ended = await Promise.allSettled(
      [...ids, 'nobody'].map((id) => anypoint.addMember(readers.id, id)),
    );
    expect(ended.map(({ status }) => status)).toEqual([...ids.map(() => 'fulfilled'), 'rejected']);
    const memberships = await Promise.all(ids.map((id) => anypoint.readMembership(readers.id, id)));
    expect(memberships.every((one) => one !== null)).toBe(true);
  });

  test('their users are found by one reading of all users', async () => {
    const found = await Promise.all(
      crowd.map(({ email }) => anypoint.findUsers({ email: email.toUpperCase(), login: email })),
    );
    expect(found.map((users) => users.map(({ id }) => id))).toEqual(ids.map((id) => [id]));
    expect(seen('GET', '/users')).toBe(1);
  });
});
