import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Told } from '../../src/core/drift/observation.ts';
import { CORE_USER, type Response, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
let count = 0;
beforeAll(async () => {
  scim = await startScim();
});
afterAll(() => scim.close());

type Account = { id: string; userName: string; path: string };
async function account(): Promise<Account> {
  const userName = `user${count++}@acme.example`;
  const id = await scim.createUser(userName, { externalId: `00u${count}` });
  return { id, userName, path: `/Users/${id}` };
}
const off = { op: 'replace', path: 'active', value: false };
const STALE = { 'if-match': 'W/"99"' };
const NOBODY = '11111111-1111-4111-8111-111111111111';

type Refusal = {
  name: string;
  held: string;
  request: string;
  why: string;
  times: number;
  settled_at: Date | null;
};
async function refusalsOf(resourceId: string): Promise<Refusal[]> {
  const { rows } = await sql<Refusal>`select * from refused_pushes where resource_id = ${resourceId}
    order by first_at`.execute(scim.database.db);
  return rows;
}
async function lastTold(): Promise<Told[]> {
  const { rows } = await sql<{ told: Told }>`select payload as told from observed
    where key like 'scim:refused:%' order by id desc limit 5`.execute(scim.database.db);
  return rows.map((row) => row.told);
}
async function jobs(): Promise<string[]> {
  const { rows } = await sql<{ job: string }>`select job from outbox`.execute(scim.database.db);
  return rows.map((row) => row.job);
}

/** Refused, nothing changed, the person is looked at, and a message to the admins is owed. */
async function expectTold(
  who: Account,
  { status }: Response,
  held: string,
  refusedWith: number,
): Promise<void> {
  expect(status).toBe(refusedWith);
  expect((await scim.call('GET', who.path)).body.active).toBe(true);
  expect(await refusalsOf(who.id)).toMatchObject([
    { name: who.userName, held, request: expect.stringContaining(`refused with ${refusedWith}`), times: 1 },
  ]);
  expect((await lastTold())[0]).toMatchObject({
    idp: 'okta',
    kind: 'person',
    happening: 'switchedOff',
    person: { pushed: { login: who.userName } },
  });
  expect(await jobs()).toEqual(expect.arrayContaining(['processObservations', 'updateCard']));
}

describe('a deactivation that had to be refused is told', () => {
  const patch = { Operations: [off] };
  const raw = (text: string) => text;
  it.each<[string, string, number, (of: Account) => Promise<Response>]>([
    ['of another version', 'deactivation', 412, (of) => scim.call('PATCH', of.path, patch, STALE)],
    [
      'a PUT of another version',
      'deactivation',
      412,
      (of) => scim.call('PUT', of.path, { userName: of.userName, active: false }, STALE),
    ],
    [
      'a deletion of another version',
      'deletion',
      412,
      (of) => scim.call('DELETE', of.path, undefined, STALE),
    ],
    [
      'a word that is neither',
      'possible deactivation',
      400,
      (of) => scim.patch(of.path, { ...off, value: 'perhaps' }),
    ],
    [
      'no value',
      'possible deactivation',
      400,
      (of) => scim.patch(of.path, { op: 'replace', path: 'active' }),
    ],
    [
      'JSON that is none',
      'possible deactivation',
      400,
      (of) =>
        scim.call('PATCH', of.path, raw('{"Operations":[{"op":"replace","path":"active","value":false}')),
    ],
    [
      'JSON that is too deep',
      'possible deactivation',
      400,
      (of) => scim.call('PATCH', of.path, raw(`{"active":false,"x":${'['.repeat(99)}${']'.repeat(99)}}`)),
    ],
    [
      'a body that is too large to be seen',
      'possible deactivation',
      413,
      (of) => scim.call('PUT', of.path, { active: false, title: 'x'.repeat(1_100_000) }),
    ],
    [
      'a path that is no text',
      'possible deactivation',
      400,
      (of) => scim.patch(of.path, { op: 'replace', path: ['active'], value: false }),
    ],
    [
      'operations that are no list',
      'possible deactivation',
      400,
      (of) => scim.call('PATCH', of.path, { Operations: JSON.stringify([off]) }),
    ],
    [
      'an encoding that nobody reads',
      'possible deactivation',
      400,
      (of) => scim.call('PATCH', of.path, Buffer.from(JSON.stringify(patch), 'utf16le').toString('latin1')),
    ],
    [
      'an address in another case',
      'deactivation',
      404,
      (of) => scim.call('PATCH', of.path.toLowerCase(), patch),
    ],
    ['a deletion in another case', 'deletion', 404, (of) => scim.call('DELETE', of.path.toLowerCase())],
    ['more in the address', 'deactivation', 404, (of) => scim.call('PATCH', `${of.path}/active`, patch)],
    [
      'a form',
      'possible deactivation',
      400,
      (of) =>
        scim.call('PATCH', of.path, raw('active=false'), {
          'content-type': 'application/x-www-form-urlencoded',
        }),
    ],
  ])('%s', async (_name, held, status, send) => {
    const of = await account();
    await expectTold(of, await send(of), held, status);
  });

  it('JSON under another name, and with a byte order mark, is read', async () => {
    for (const [type, text] of [
      ['text/plain', JSON.stringify(patch)],
      ['application/json-patch+json', JSON.stringify(patch)],
      ['application/scim+json', `\ufeff${JSON.stringify(patch)}`],
    ] as const) {
      const of = await account();
      expect((await scim.call('PATCH', of.path, text, { 'content-type': type })).status).toBe(200);
      expect((await scim.call('GET', of.path)).body.active).toBe(false);
    }
  });

  it('a deletion with odd headers is done', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'if-match': '' },
      { 'if-match': '*' },
      { 'content-type': '' },
    ]) {
      const of = await account();
      expect((await scim.call('DELETE', of.path, undefined, headers)).status).toBe(204);
    }
    const of = await account();
    expect((await scim.call('DELETE', of.path, 'x', { 'content-type': 'text/plain' })).status).toBe(204);
  });

  it('sent again and again it is told once, and counted; once it has come through, the message says so', async () => {
    const of = await account();
    for (let n = 0; n < 3; n += 1) await scim.call('PATCH', of.path, patch, STALE);
    expect(await refusalsOf(of.id)).toMatchObject([{ times: 3, settled_at: null }]);
    await scim.patch(of.path, off);
    expect(await refusalsOf(of.id)).toMatchObject([{ times: 3, settled_at: expect.any(Date) }]);
    await scim.call('PATCH', of.path, patch, STALE);
    expect(await refusalsOf(of.id)).toHaveLength(1);
  });

  it('several at once are one message', async () => {
    const [a, b] = [await account(), await account()];
    await Promise.all([a, b].map((of) => scim.call('PATCH', of.path, patch, STALE)));
    const { rows } = await sql<{ n: number }>`select count(distinct notice_id)::int as n from refused_pushes
      where resource_id in (${a.id}, ${b.id})`.execute(scim.database.db);
    expect(rows).toEqual([{ n: 1 }]);
  });

  it('is in the audit', async () => {
    const of = await account();
    await scim.call('PATCH', of.path, patch, STALE);
    const last = await scim.database.db
      .selectFrom('audit')
      .select('data')
      .where('type', '=', 'scimPushRefused')
      .orderBy('id', 'desc')
      .executeTakeFirst();
    expect(last?.data).toMatchObject({
      scimId: of.id,
      name: of.userName,
      held: 'deactivation',
      why: 'the resource is at version W/"1"',
    });
  });

  it('what takes nothing away, or is nobody’s, is refused alone', async () => {
    const of = await account();
    const { n } = await all();
    await scim.call('PATCH', of.path, { Operations: [{ ...off, value: true }] }, STALE);
    await scim.patch(of.path, { op: 'replace', path: 'title', value: { a: 1 } });
    await scim.call('PATCH', of.path, 'not JSON');
    await scim.call('PATCH', `/Users/${NOBODY}`, patch);
    await scim.call('PATCH', of.path, patch, { authorization: 'Bearer wrong' });
    await scim.call('POST', '/Users', { schemas: [CORE_USER], active: false });
    expect(await all()).toEqual({ n });
  });
});
async function all(): Promise<{ n: number }> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from refused_pushes`.execute(
    scim.database.db,
  );
  return rows[0] ?? { n: 0 };
}

describe('a Bulk loses no deactivation', () => {
  it('of an operation that fails, that is not done, or in a Bulk that is refused', async () => {
    const [failed, reverted, refused] = [await account(), await account(), await account()];
    const operation = (of: Account, more: object = {}) => ({
      method: 'PATCH',
      path: of.path,
      data: { Operations: [off] },
      ...more,
    });
    await scim.call('POST', '/Bulk', {
      failOnErrors: 1,
      Operations: [operation(failed, { version: 'W/"99"' }), operation(reverted)],
    });
    await scim.call('POST', '/Bulk', { failOnErrors: -1, Operations: [operation(refused)] });
    for (const of of [failed, reverted, refused])
      expect(await refusalsOf(of.id)).toMatchObject([{ held: 'deactivation' }]);
  });
});

it('a path of a megabyte holds up nobody', async () => {
  const of = await account();
  const path = `x${' '.repeat(900_000)}x`;
  const before = performance.now();
  await scim.patch(of.path, { op: 'replace', path, value: false });
  await scim.call('POST', '/Bulk', {
    Operations: [{ method: 'PATCH', path: `${of.path}?${path}\n${path}`.slice(0, 900_000), data: {} }],
  });
  expect(performance.now() - before).toBeLessThan(5_000);
});

describe('an operation of a Bulk is found', () => {
  it.each<[string, (of: Account) => string]>([
    ['by its whole address', (of) => `https://latchkey.example/scim/v2${of.path}`],
    ['below the base address', (of) => `/scim/v2${of.path}`],
    ['in another case', (of) => of.path.toLowerCase()],
    ['with a query', (of) => `${of.path}?attributes=id`],
  ])('%s', async (_name, path) => {
    const of = await account();
    const { body } = await scim.call('POST', '/Bulk', {
      Operations: [{ method: 'PATCH', path: path(of), data: { Operations: [off] } }],
    });
    expect(body.Operations).toMatchObject([{ status: '204' }]);
    expect((await scim.call('GET', of.path)).body.active).toBe(false);
  });
});

describe('a removal from a group is not lost to what stands beside it', () => {
  it.each<[string, (member: string) => unknown[]]>([
    [
      'members that name nobody',
      (id) => [{ op: 'remove', path: 'members', value: [{ display: 'x' }, { value: id }] }],
    ],
    [
      'members that nobody knows',
      (id) => [{ op: 'Remove', path: 'members', value: [{ value: NOBODY }, { value: id }] }],
    ],
    ['no path', (id) => [{ op: 'remove', value: { members: [{ value: id }] } }]],
    ['the id of a member', (id) => [{ op: 'remove', path: `members[value eq "${id}"].value` }]],
    [
      'what there is not',
      (id) => [
        { op: 'remove', path: `members[value eq "${id}"]` },
        { op: 'replace', path: 'description', value: 'x' },
        { op: 'replace', value: { '@odata.type': '#group', id: NOBODY } },
      ],
    ],
  ])('beside %s it is done', async (_name, operations) => {
    const of = await account();
    const group = await scim.createGroup(`group ${count++}`, [of.id]);
    const { status, body } = await scim.patch(`/Groups/${group}`, ...operations(of.id));
    expect(status, JSON.stringify(body)).toBe(204);
    expect(await scim.membersOf(group)).toEqual([]);
  });

  it('beside what has to be refused whoever is named is looked at', async () => {
    const [of, stays] = [await account(), await account()];
    const displayName = `group ${count++}`;
    const group = await scim.createGroup(displayName, [of.id, stays.id]);
    for (const bad of [
      { op: 'add', path: 'members', value: [{ value: NOBODY }] },
      { op: 'replace', path: 'displayName', value: { a: 1 } },
      { op: 'move', path: 'displayName', value: 'x' },
    ]) {
      const removal = { op: 'remove', path: `members[value eq "${of.id}"]` };
      expect((await scim.patch(`/Groups/${group}`, removal, bad)).status).toBe(400);
      expect((await lastTold())[0]).toMatchObject({
        idp: 'okta',
        kind: 'membership',
        direction: 'removed',
        group: { name: displayName },
        person: { pushed: { login: of.userName } },
      });
    }
    expect(await refusalsOf(group)).toMatchObject([{ held: 'removal of members', times: 3 }]);
    expect(await scim.membersOf(group)).toEqual([of.id, stays.id].sort());
  });

  it.each<[string, number, (group: string, name: string) => Promise<Response>]>([
    [
      'all replaced beside somebody nobody knows',
      400,
      (group) =>
        scim.patch(`/Groups/${group}`, { op: 'replace', path: 'members', value: [{ value: NOBODY }] }),
    ],
    ['a PUT without a name', 400, (group) => scim.call('PUT', `/Groups/${group}`, { members: [] })],
    [
      'a deletion of another version',
      412,
      (group) => scim.call('DELETE', `/Groups/${group}`, undefined, STALE),
    ],
    [
      'JSON that is none',
      400,
      (group) => scim.call('PATCH', `/Groups/${group}`, '{"op":"remove","path":"members"'),
    ],
  ])('of %s the whole group is looked at', async (_name, status, send) => {
    const of = await account();
    const displayName = `group ${count++}`;
    const group = await scim.createGroup(displayName, [of.id]);
    expect((await send(group, displayName)).status).toBe(status);
    expect((await lastTold())[0]).toEqual({ idp: 'okta', kind: 'group', group: { name: displayName } });
    expect(await refusalsOf(group)).toHaveLength(1);
  });
});
