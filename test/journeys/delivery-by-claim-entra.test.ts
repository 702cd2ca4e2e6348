import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut } from './journey.ts';

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';
/** Of whom Anypoint knows the sign-in, and the write before it. */
const CLOCKS_APART_MS = 5_500;

let stage: Stage;
let walk: Journey;
let groupId: string;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    idp: 'entra',
    objectiveMs: 2_000,
    listenEveryMs: 200,
    catalogue: (catalogue) => ({
      ...catalogue,
      entitlements: catalogue.entitlements.map((e) => (e.key === read ? { ...e, delivery: 'claim' } : e)),
    }),
  }));
  const groups = await walk.request<{ id: string; name: string }[]>('GET', '/entra/sim/groups');
  groupId = groups.find(({ name }) => name === GROUP)?.id ?? '';
  await isMapped([groupId]);
  await stage.latchkey.context.catalogue.check();
});
afterAll(() => stage?.close());

const isMapped = (groups: string[]) =>
  walk.request(
    'PUT',
    `/anypoint/sim/teams/${TEAM}/mappings`,
    groups.map((group) => ({ group })),
  );
const claim = (settings: object) => walk.request('POST', '/entra/sim/claim', settings);
const signsIn = (key: string) =>
  walk.request('POST', `/anypoint/sim/users/${key}/sign-in`, { groups: 'entra' });

async function isApproved(as: string, reason: string): Promise<Asked> {
  const asked = await walk.asks(as, { entitlement: read, reason });
  await walk.click('olga', asked.card, 'approve');
  await walk.becomes(asked.id, 'awaitingSignIn', 30_000);
  return asked;
}

/** Long enough for Anypoint's clock and ours to agree that the sign-in came later. */
async function signsInSurely(key: string, asked: Asked): Promise<void> {
  await walk.until('more than the clocks may differ has passed', async () => {
    const { legs } = await walk.change(asked.id);
    return Date.now() - new Date(legs.idpWrittenAt ?? 0).getTime() > CLOCKS_APART_MS;
  });
  await signsIn(key);
}

test('by the group’s object id, which Entra sends: given at the next sign-in, and out of the team at once when it ends', async () => {
  // when
  const asked = await isApproved('ines', 'By the claim of Entra');

  // then nothing is there before the sign-in
  await walk.receives('ines', 'what to do', (m) => m.text.includes('from your next sign-in in Anypoint'));
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);

  // when
  await signsIn('ines');

  // then
  await walk.becomes(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  expect((await walk.change(asked.id)).legs.deliveredAt).toBeNull();

  // when
  await walk.click('ines', await walk.statusOf('ines', asked.id), 'release');

  // then
  await walk.endsAs(asked.id, 'inEffect', 30_000);
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  await signsIn('ines');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
}, 90_000);

test('mapped by its name, which Entra does not send: the alarm says so, and with what to map it', async () => {
  // given
  await isMapped([GROUP]);
  const asked = await isApproved('erik', 'Mapped by its name');

  // when
  await signsInSurely('erik', asked);

  // then
  const late = await walk.becomes(asked.id, 'late', 30_000);
  expect(late.late?.why).toContain(
    `${GROUP} is mapped to the team ${TEAM} by its name, and Entra sends object ids unless its claim is set to names: map ${groupId} instead`,
  );

  // when Entra is set to names
  await claim({ names: 'name' });
  await signsIn('erik');

  // then
  await walk.becomes(asked.id, 'inEffect', 30_000);
  await claim({ names: 'id' });
  await isMapped([groupId]);
}, 90_000);

test('grafana/grafana#43356, argoproj/argo-cd#6595: in more groups than Entra sends, by groups in groups too: the alarm says how many, and how to have this one sent', async () => {
  // given
  const { id: inner } = await walk.request<{ id: string }>('POST', '/entra/sim/groups/new', {
    displayName: 'everybody of orders',
  });
  await walk.request('POST', '/entra/sim/members', {
    group: 'everybody of orders',
    key: 'tom',
    isMember: true,
  });
  for (let n = 0; n < 150; n += 1)
    await walk.request('POST', '/entra/sim/groups/new', { displayName: `project ${n}`, members: [inner] });
  const asked = await isApproved('tom', 'In very many groups');

  // when
  await signsInSurely('tom', asked);

  // then
  const late = await walk.becomes(asked.id, 'late', 30_000);
  expect(late.late?.why).toMatch(
    /they are in 15\d groups, and Entra leaves the whole claim out of a sign-in by SAML above 150 groups.*Groups assigned to the application/,
  );
  await walk.receives('olga', 'the alarm', (m) => m.text.includes('Entra leaves the whole claim out'));

  // when
  await claim({ assigned: [GROUP] });
  await signsIn('tom');

  // then
  await walk.becomes(asked.id, 'inEffect', 30_000);
}, 90_000);

test('who signs in through another of Anypoint’s identity providers than the group is mapped for is told of as that', async () => {
  // given
  await walk.request('PUT', `/anypoint/sim/teams/${TEAM}/mappings`, [
    { group: groupId, provider: 'c2222222-0000-4000-8000-00000000000f' },
  ]);
  const asked = await isApproved('sam', 'Mapped for another');

  // when
  await signsInSurely('sam', asked);

  // then
  const late = await walk.becomes(asked.id, 'late', 30_000);
  expect(late.late?.why).toMatch(
    /sam@acme.example signs in to Anypoint through another of its identity providers than the one for which anypoint-orders-read is mapped/,
  );
}, 90_000);

test('awslabs/ssosync#291: a group that is deleted and made anew is another group, and it is said what to map', async () => {
  // given
  const { catalogue } = stage.latchkey.context;
  await isMapped([groupId]);
  await walk.until('it is offered', async () => {
    await catalogue.check();
    return catalogue.status(read).status === 'ready';
  });

  // when
  await walk.request('POST', '/entra/sim/groups/delete', { group: GROUP });
  const { id } = await walk.request<{ id: string }>('POST', '/entra/sim/groups/new', { displayName: GROUP });
  await reconcile(stage.latchkey.context);
  await catalogue.check();

  // then
  expect(catalogue.status(read)).toMatchObject({
    status: 'refused',
    why: expect.stringContaining(`add the mapping of its object id ${id}`),
  });

  // when
  await isMapped([id]);
  await catalogue.check();

  // then
  expect(catalogue.status(read)).toMatchObject({ status: 'ready', target: { groupId: id } });
}, 60_000);
