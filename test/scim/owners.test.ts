import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../src/scim/tokens.ts';
import type { ScimSource } from '../../src/store/schema/scim-tables.ts';
import { CORE_GROUP, CORE_USER, PATCH_OP, type Response, type StartedScim, startScim } from './start-scim.ts';

let scim: StartedScim;
const tokens = new Map<ScimSource, string>();
beforeAll(async () => {
  scim = await startScim();
  for (const source of ['entra', 'other'] as const) {
    const made = await createToken(scim.database.db, { source, name: `of ${source}`, days: null });
    if (made !== null) tokens.set(source, made.token);
  }
});
afterAll(() => scim.close());

let made = 0;
const called = (what: string) => `${what}-${++made}`;

/** Okta is the IdP here, whose token the harness sends by itself. */
async function as(
  source: ScimSource,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const token = tokens.get(source);
  return await scim.call(method, path, body, {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...headers,
  });
}
const user = (source: ScimSource, userName: string, more: Record<string, unknown> = {}) =>
  as(source, 'POST', '/Users', { schemas: [CORE_USER], userName, ...more });
const group = (source: ScimSource, displayName: string, ids: string[] = []) =>
  as(source, 'POST', '/Groups', {
    schemas: [CORE_GROUP],
    displayName,
    members: ids.map((value) => ({ value })),
  });
const change = (source: ScimSource, path: string, ...Operations: unknown[]) =>
  as(source, 'PATCH', path, { schemas: [PATCH_OP], Operations });

const off = { op: 'replace', path: 'active', value: false };

describe('what another source has made', () => {
  it('is neither read nor changed, and the answer says whose it is and what to do', async () => {
    const ines = (await user('okta', called('ines'))).body.id;
    const team = (await group('okta', called('readers'), [ines])).body.id;
    const before = await scim.call('GET', `/Users/${ines}`);
    const tries = [
      ['GET', `/Users/${ines}`, undefined],
      ['PUT', `/Users/${ines}`, { schemas: [CORE_USER], userName: called('renamed'), active: false }],
      ['PATCH', `/Users/${ines}`, { schemas: [PATCH_OP], Operations: [off] }],
      ['DELETE', `/Users/${ines}`, undefined],
      ['GET', `/Groups/${team}`, undefined],
      ['PUT', `/Groups/${team}`, { schemas: [CORE_GROUP], displayName: called('renamed'), members: [] }],
      [
        'PATCH',
        `/Groups/${team}`,
        { schemas: [PATCH_OP], Operations: [{ op: 'replace', value: { displayName: 'x' } }] },
      ],
      ['DELETE', `/Groups/${team}`, undefined],
    ] as const;
    for (const source of ['entra', 'other'] as const)
      for (const [method, path, body] of tries) {
        const { status, body: said } = await as(source, method, path, body);
        expect(status, `${source} ${method} ${path}`).toBe(403);
        expect(said.detail).toContain('belongs to the source okta');
        expect(said.detail).toContain('Use a token of okta');
      }
    expect((await scim.call('GET', `/Users/${ines}`)).body).toEqual(before.body);
    expect(await scim.membersOf(team)).toEqual([ines]);
  });

  it.each([
    ['add', (id: string) => ({ op: 'add', path: 'members', value: [{ value: id }] })],
    ['remove', (id: string) => ({ op: 'remove', path: `members[value eq "${id}"]` })],
    ['remove by value', (id: string) => ({ op: 'remove', path: 'members', value: [{ value: id }] })],
    ['replace', (id: string) => ({ op: 'replace', path: 'members', value: [{ value: id }] })],
  ])('keeps its members: %s', async (_, operation) => {
    const ines = (await user('okta', called('ines'))).body.id;
    const team = (await group('okta', called('readers'), [ines])).body.id;
    const mallory = (await user('other', called('mallory'))).body.id;
    for (const id of [ines, mallory]) {
      const { status, body } = await change('other', `/Groups/${team}`, operation(id));
      expect([status, body?.detail]).toEqual([403, expect.stringContaining('belongs to the source okta')]);
    }
    expect(await scim.membersOf(team)).toEqual([ines]);
  });

  it('can’t become a member: to others it does not exist', async () => {
    const ines = (await user('okta', called('ines'))).body.id;
    const name = called('mallory');
    const mallory = (await user('other', name)).body.id;
    const refused = { status: 400, body: { scimType: 'invalidValue', detail: `there is no user ${ines}` } };
    expect(await group('other', called('gang'), [mallory, ines])).toMatchObject(refused);
    const gang = (await group('other', called('gang'), [mallory])).body.id;
    for (const op of ['add', 'replace'])
      for (const value of [[{ value: ines }], [{ value: mallory }, { value: ines }]])
        expect(await change('other', `/Groups/${gang}`, { op, path: 'members', value })).toMatchObject(
          refused,
        );
    const put = { schemas: [CORE_GROUP], displayName: called('gang'), members: [{ value: ines }] };
    expect(await as('other', 'PUT', `/Groups/${gang}`, put)).toMatchObject(refused);
    expect((await as('other', 'GET', `/Groups/${gang}`)).body.members).toMatchObject([{ display: name }]);
    // The other way round as well: Okta can't take a stranger's user into its group.
    const team = (await group('okta', called('readers'))).body.id;
    const add = { op: 'add', path: 'members', value: [{ value: mallory }] };
    expect((await change('okta', `/Groups/${team}`, add)).status).toBe(400);
  });

  it('many adds of both at once keep to their own', async () => {
    const own = (await user('okta', called('ines'))).body.id;
    const strange = (await user('other', called('mallory'))).body.id;
    const teams = await Promise.all(
      Array.from({ length: 8 }, async () => (await group('okta', called('readers'))).body.id as string),
    );
    const add = (id: string) => ({ op: 'add', path: 'members', value: [{ value: id }] });
    const statuses = await Promise.all(
      teams.flatMap((team) => [
        change('okta', `/Groups/${team}`, add(own)),
        change('okta', `/Groups/${team}`, add(strange)),
        change('other', `/Groups/${team}`, add(strange)),
      ]),
    );
    expect(statuses.map(({ status }) => status)).toEqual(teams.flatMap(() => [204, 400, 403]));
    for (const team of teams) expect(await scim.membersOf(team)).toEqual([own]);
  });

  it('shows up in no list, filter, search or Bulk', async () => {
    const name = called('ines');
    const ines = (await user('okta', name, { externalId: called('00u') })).body;
    const team = (await group('okta', called('readers'), [ines.id])).body;
    const mallory = (await user('other', called('mallory'))).body.id;
    const idsOf = ({ body }: Response) => body.Resources.map((one: { id: string }) => one.id);
    const found = async (path: string) => idsOf(await as('other', 'GET', path));
    expect(await found('/Users')).toContain(mallory);
    expect(await found('/')).toContain(mallory);
    for (const path of ['/Users', '/Groups', '/', '/Users?sortBy=userName', '/Users?cursor=']) {
      const ids = await found(path);
      expect(ids).not.toContain(ines.id);
      expect(ids).not.toContain(team.id);
    }
    const filters = [
      `userName eq "${name}"`,
      `externalId eq "${ines.externalId}" or userName eq "${name}"`,
      `id eq "${ines.id}"`,
      `not (userName eq "nobody") and id eq "${ines.id}"`,
      `groups.value eq "${team.id}"`,
    ];
    for (const filter of filters) {
      const asked = await as('other', 'GET', `/Users?filter=${encodeURIComponent(filter)}`);
      expect(asked.body).toMatchObject({ totalResults: 0 });
      const searched = await as('other', 'POST', '/Users/.search', {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
        filter,
      });
      expect(searched.body).toMatchObject({ totalResults: 0 });
    }
    const total = (await as('other', 'GET', '/Users?count=0')).body.totalResults;
    await user('okta', called('another'));
    expect((await as('other', 'GET', '/Users?count=0')).body.totalResults).toBe(total);
    const bulk = await as('other', 'POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [
        { method: 'PATCH', path: `/Users/${ines.id}`, data: { schemas: [PATCH_OP], Operations: [off] } },
        { method: 'DELETE', path: `/Users/${ines.id}` },
        { method: 'DELETE', path: `/Groups/${team.id}` },
        { method: 'DELETE', path: `/Users/${mallory}` },
      ],
    });
    expect(bulk.body.Operations.map((one: { status: string }) => one.status)).toEqual([
      '403',
      '403',
      '403',
      '204',
    ]);
    expect((await scim.call('GET', `/Users/${ines.id}`)).body.active).toBe(true);
  });
});

describe('names of users', () => {
  it('of the IdP are nobody else’s: a stranger’s POST, PUT and PATCH get 409', async () => {
    const name = called('Olga');
    const externalId = called('00u');
    await user('okta', name, { externalId });
    const mallory = (await user('other', called('mallory'))).body;
    const doc = { schemas: [CORE_USER], userName: mallory.userName };
    const tries = [
      await user('other', name.toUpperCase()),
      await user('entra', called('mallory'), { externalId }),
      await as('other', 'PUT', `/Users/${mallory.id}`, { ...doc, userName: name }),
      await as('other', 'PUT', `/Users/${mallory.id}`, { ...doc, externalId }),
      await change('other', `/Users/${mallory.id}`, { op: 'replace', path: 'userName', value: name }),
      await change('other', `/Users/${mallory.id}`, { op: 'add', path: 'externalId', value: externalId }),
      await change('other', `/Users/${mallory.id}`, { op: 'replace', value: { externalId } }),
    ];
    for (const { status, body } of tries)
      expect([status, body.scimType, body.detail]).toEqual([
        409,
        'uniqueness',
        expect.stringContaining('the source okta, the identity provider'),
      ]);
    expect((await as('other', 'GET', `/Users/${mallory.id}`)).body).toEqual(mallory);
  });

  it('that a stranger took first do not stop the IdP; and the stranger still ends what it made', async () => {
    const name = called('olga');
    const externalId = called('00u');
    const first = (await user('other', name, { externalId })).body.id;
    const theirs = await user('okta', name, { externalId });
    expect(theirs.status).toBe(201);
    expect((await change('other', `/Users/${first}`, off)).status).toBe(200);
    expect((await as('other', 'GET', `/Users/${first}`)).body.active).toBe(false);
    expect((await scim.call('GET', `/Users/${theirs.body.id}`)).body.active).toBe(true);
    expect((await as('other', 'DELETE', `/Users/${first}`)).status).toBe(204);
    expect((await scim.call('GET', `/Users/${theirs.body.id}`)).status).toBe(200);
  });

  it('are unique within a source: of many at once one gets the name, and one the externalId', async () => {
    for (const source of ['okta', 'other'] as const) {
      const name = called('race');
      const sameName = await Promise.all(Array.from({ length: 8 }, () => user(source, name)));
      expect(sameName.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
      const externalId = called('00u');
      const sameId = await Promise.all(
        Array.from({ length: 8 }, () => user(source, called('racer'), { externalId })),
      );
      expect(sameId.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
      const loser = sameId.find(({ status }) => status === 409);
      expect(loser?.body).toMatchObject({
        scimType: 'uniqueness',
        detail: 'another user has this externalId',
      });
    }
  });

  it('an externalId is moved by PUT and PATCH only to where nobody has it', async () => {
    const externalId = called('00u');
    await user('okta', called('ines'), { externalId });
    const omar = (await user('okta', called('omar'), { externalId: called('00u') })).body;
    const taken = { status: 409, body: { scimType: 'uniqueness' } };
    const path = `/Users/${omar.id}`;
    expect(
      await change('okta', path, { op: 'replace', path: 'externalId', value: externalId }),
    ).toMatchObject(taken);
    expect(await change('okta', path, { op: 'add', value: { externalId } })).toMatchObject(taken);
    const doc = { schemas: [CORE_USER], userName: omar.userName };
    expect(await as('okta', 'PUT', path, { ...doc, externalId })).toMatchObject(taken);
    // His own once more is no change, and another that is free is.
    expect((await as('okta', 'PUT', path, { ...doc, externalId: omar.externalId })).status).toBe(200);
    expect((await as('okta', 'PUT', path, { ...doc, externalId: called('00u') })).status).toBe(200);
  });
});

describe('names of groups', () => {
  it('are unique within a source, and each source has its own', async () => {
    const name = called('Readers');
    const okta = await group('okta', name);
    const entra = await group('entra', name);
    expect([okta.status, entra.status]).toEqual([201, 201]);
    expect(okta.body.id).not.toBe(entra.body.id);
    for (const source of ['okta', 'entra'] as const) {
      const again = await group(source, name.toLowerCase());
      expect([again.status, again.body.detail]).toEqual([409, 'another group has this displayName']);
      const found = await as(
        source,
        'GET',
        `/Groups?filter=${encodeURIComponent(`displayName eq "${name}"`)}`,
      );
      expect(found.body.totalResults).toBe(1);
    }
    const raced = called('race');
    const statuses = await Promise.all(Array.from({ length: 6 }, () => group('entra', raced)));
    expect(statuses.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
  });
});

describe('what another source pushes', () => {
  it('is observed by nobody: no membership, no person', async () => {
    const observedBefore = await scim.database.db.selectFrom('observed').selectAll().execute();
    const mallory = (await user('other', called('mallory'), { externalId: called('00u') })).body.id;
    const name = called('readers');
    const gang = (await group('other', name, [mallory])).body.id;
    const path = `/Groups/${gang}`;
    await change('other', path, { op: 'remove', path: `members[value eq "${mallory}"]` });
    await change('other', path, { op: 'add', path: 'members', value: [{ value: mallory }] });
    await change('other', path, { op: 'replace', path: 'displayName', value: called('renamed') });
    await change('other', `/Users/${mallory}`, off);
    await change('other', `/Users/${mallory}`, { op: 'replace', path: 'active', value: true });
    await as('other', 'DELETE', `/Users/${mallory}`);
    await as('other', 'DELETE', path);
    const observed = await scim.database.db.selectFrom('observed').selectAll().execute();
    expect(observed).toEqual(observedBefore);
    // The IdP's own is, by the same requests.
    const ines = (await user('okta', called('ines'))).body.id;
    await group('okta', called('readers'), [ines]);
    expect((await scim.database.db.selectFrom('observed').selectAll().execute()).length).toBe(
      observed.length + 1,
    );
  });
});
