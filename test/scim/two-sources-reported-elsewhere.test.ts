import { afterAll, beforeAll, expect, it } from 'vitest';
import { createToken } from '../../src/scim/tokens.ts';
import { CORE_GROUP, CORE_USER, PATCH_OP, type Response, type StartedScim, startScim } from './start-scim.ts';

/**
 * Two sources provision to one endpoint. What others' users reported of that, of directories that are linked, and of
 * connectors that leave members behind, by their public reports.
 */
let scim: StartedScim;
let count = 0;
type Source = { call: StartedScim['call']; create(userName: string, more?: object): Promise<Response> };
let okta: Source;
let entra: Source;
beforeAll(async () => {
  scim = await startScim(null, 'okta', ['entra']);
  const made = await createToken(scim.database.db, { source: 'entra', name: 'entra', days: null });
  okta = sourceOf(scim.token);
  entra = sourceOf(made?.token ?? '');
});
afterAll(() => scim.close());

function sourceOf(token: string): Source {
  const call: Source['call'] = (method, path, body, headers = {}) =>
    scim.call(method, path, body, { authorization: `Bearer ${token}`, ...headers });
  return {
    call,
    create: (userName, more = {}) => call('POST', '/Users', { schemas: [CORE_USER], userName, ...more }),
  };
}
const someone = () => `reported${count++}@acme.example`;
const patch = (...Operations: unknown[]) => ({ schemas: [PATCH_OP], Operations });
async function groupOf(source: Source, displayName: string, memberIds: string[]): Promise<Response> {
  const members = memberIds.map((value) => ({ value }));
  return await source.call('POST', '/Groups', { schemas: [CORE_GROUP], displayName, members });
}
async function membersOf(source: Source, id: string): Promise<string[]> {
  const { body } = await source.call('GET', `/Groups/${id}`);
  return ((body.members ?? []) as { value: string }[]).map(({ value }) => value).sort();
}

it('FusionAuth/fusionauth-site#2501: two clients have one person, and neither has the other’s', async () => {
  const userName = someone();
  const [first, second] = [await okta.create(userName), await entra.create(userName)];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.body.id).not.toBe(second.body.id);
  for (const [source, id] of [
    [okta, first.body.id],
    [entra, second.body.id],
  ] as const) {
    const found = await source.call(
      'GET',
      `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`,
    );
    expect(found.body.Resources.map((one: { id: string }) => one.id)).toEqual([id]);
  }
});

it('onyx-dot-app/onyx#8959: a client lists only whom it has provisioned', async () => {
  const userName = someone();
  await okta.create(userName);
  const { body } = await entra.call('GET', '/Users?count=1000');
  expect(JSON.stringify(body)).not.toContain(userName);
});

it.each(['PATCH', 'PUT', 'DELETE'])(
  'FusionAuth/fusionauth-site#1490: whom one client made, the other can’t %s',
  async (method) => {
    const userName = someone();
    const { body } = await okta.create(userName, { active: true });
    const off = { schemas: [CORE_USER], userName, active: false };
    const sent = method === 'PATCH' ? patch({ op: 'replace', path: 'active', value: false }) : off;
    expect(
      (await entra.call(method, `/Users/${body.id}`, method === 'DELETE' ? undefined : sent)).status,
    ).toBe(403);
    expect((await okta.call('GET', `/Users/${body.id}`)).body.active).toBe(true);
  },
);

it('eneo-ai/eneo#443: who is created with somebody’s address takes over neither name nor external id', async () => {
  const userName = someone();
  const emails = [{ value: userName, primary: true }];
  const { body } = await okta.create(userName, { externalId: '00u1', emails });
  await entra.create(`other-${userName}`, { externalId: 'f-1', emails });
  expect((await okta.call('GET', `/Users/${body.id}`)).body).toMatchObject({ userName, externalId: '00u1' });
});

it('eneo-ai/eneo#461: a group of the same name is refused to one client, and kept apart for two', async () => {
  const name = `group of two ${count++}`;
  const first = await groupOf(okta, name, []);
  expect((await groupOf(okta, name, [])).status).toBe(409);
  const second = await groupOf(entra, name, []);
  expect(second.status).toBe(201);
  expect(second.body.id).not.toBe(first.body.id);
});

it('hashicorp/vault#11487: what one directory says of nobody takes nothing that another gives', async () => {
  const name = `group of two ${count++}`;
  const member = await okta.create(someone());
  const group = await groupOf(okta, name, [member.body.id]);
  const emptied = await groupOf(entra, name, []);
  await entra.call('PUT', `/Groups/${emptied.body.id}`, {
    schemas: [CORE_GROUP],
    displayName: name,
    members: [],
  });
  await entra.call('DELETE', `/Groups/${emptied.body.id}`);
  expect(await membersOf(okta, group.body.id)).toEqual([member.body.id]);
});

it('hashicorp/vault#4351: a member of the one can’t be put into the other’s group', async () => {
  const stranger = await entra.create(someone());
  const group = await groupOf(okta, `group of one ${count++}`, []);
  const add = patch({ op: 'add', path: 'members', value: [{ value: stranger.body.id }] });
  expect((await okta.call('PATCH', `/Groups/${group.body.id}`, add)).status).toBeGreaterThanOrEqual(400);
  expect(await membersOf(okta, group.body.id)).toEqual([]);
});

it('keycloak/keycloak#20677: another spelling of capitals makes no second account', async () => {
  const userName = `Hello.World${count++}@ad.example`;
  const { body } = await okta.create(userName);
  expect((await okta.create(userName.toLowerCase())).status).toBe(409);
  const filter = encodeURIComponent(`userName eq "${userName.toUpperCase()}"`);
  expect((await okta.call('GET', `/Users?filter=${filter}`)).body.Resources[0].id).toBe(body.id);
});

it('croffasia/itsaplan#250: a create that is sent again is a conflict, and clears nothing', async () => {
  const userName = someone();
  const { body } = await okta.create(userName, { externalId: '00u2', displayName: 'Ana' });
  expect((await okta.create(userName)).status).toBe(409);
  expect((await okta.call('GET', `/Users/${body.id}`)).body).toMatchObject({
    externalId: '00u2',
    displayName: 'Ana',
  });
});

it('better-auth/better-auth#11111: whom Okta deactivated it finds again, and switches on', async () => {
  const userName = someone();
  const { body } = await okta.create(userName, { externalId: `00u-${userName}`, active: true });
  await okta.call('PATCH', `/Users/${body.id}`, patch({ op: 'replace', value: { active: false } }));
  const filter = encodeURIComponent(`userName eq "${userName}"`);
  const [found] = (await okta.call('GET', `/Users?filter=${filter}`)).body.Resources;
  expect(found).toMatchObject({ id: body.id, active: false });
  const on = { schemas: [CORE_USER], userName, externalId: `00u-${userName}`, active: true };
  expect((await okta.call('PUT', `/Users/${body.id}`, on)).body.active).toBe(true);
});

it('Budibase/budibase#17628: who was deleted and is provisioned anew is a new resource, with the same external id', async () => {
  const userName = someone();
  const first = await okta.create(userName, { externalId: `00u-${userName}` });
  expect((await okta.call('DELETE', `/Users/${first.body.id}`)).status).toBe(204);
  const again = await okta.create(userName, { externalId: `00u-${userName}` });
  expect(again.status).toBe(201);
  expect(again.body).toMatchObject({ userName, externalId: `00u-${userName}` });
});

it('goauthentik/authentik#24173, appsmithorg/appsmith#35719: a removal by filter removes, and somebody added again is in', async () => {
  const { body: user } = await okta.create(someone());
  const { body: group } = await groupOf(okta, `group ${count++}`, [user.id]);
  const remove = patch({ op: 'remove', path: `members[value eq "${user.id}"]` });
  await okta.call('PATCH', `/Groups/${group.id}`, remove);
  expect(await membersOf(okta, group.id)).toEqual([]);
  await okta.call(
    'PATCH',
    `/Groups/${group.id}`,
    patch({ op: 'add', path: 'members', value: [{ value: user.id }] }),
  );
  expect(await membersOf(okta, group.id)).toEqual([user.id]);
});

it('fleetdm/fleet#50724: many who are added and removed at once lose nobody', async () => {
  const users = await Promise.all(Array.from({ length: 12 }, () => okta.create(someone())));
  const ids = users.map(({ body }) => body.id as string);
  const { body: group } = await groupOf(okta, `group ${count++}`, ids.slice(0, 4));
  const change = (op: object) => okta.call('PATCH', `/Groups/${group.id}`, patch(op));
  await Promise.all([
    ...ids.slice(4).map((value) => change({ op: 'add', path: 'members', value: [{ value }] })),
    change({ op: 'remove', path: `members[value eq "${ids[0]}"]` }),
  ]);
  expect(await membersOf(okta, group.id)).toEqual(ids.slice(1).sort());
});

it('tuist/tuist#13209: a group that is renamed without its members keeps them', async () => {
  const { body: user } = await okta.create(someone());
  const { body: group } = await groupOf(okta, `group ${count++}`, [user.id]);
  const rename = patch({ op: 'replace', value: { id: group.id, displayName: `renamed ${count++}` } });
  await okta.call('PATCH', `/Groups/${group.id}`, rename);
  expect(await membersOf(okta, group.id)).toEqual([user.id]);
});

it('gravitational/teleport#67372: a group that is pushed whole keeps all who were pushed', async () => {
  const users = await Promise.all([okta.create(someone()), okta.create(someone())]);
  const ids = users.map(({ body }) => body.id as string).sort();
  const { body: group } = await groupOf(okta, `group ${count++}`, []);
  const members = ids.map((value) => ({ value }));
  const answer = await okta.call('PUT', `/Groups/${group.id}`, {
    schemas: [CORE_GROUP],
    displayName: group.displayName,
    members,
  });
  expect(answer.status).toBe(200);
  expect(await membersOf(okta, group.id)).toEqual(ids);
});
