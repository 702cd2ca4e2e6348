import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Entitlement } from '../../src/core/policy/catalogue.ts';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { credentials } from '../../src/sandbox/seed.ts';
import { letTimePass } from '../../src/sandbox/time-passes.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut } from './journey.ts';

/** Attacks that were found once: each of these gave access, kept it, or lied about it. */
const read = 'orders-api-read';
const READERS = 'Orders API readers';

let stage: Stage;
let walk: Journey;
let entitlements: Entitlement[] = [];
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    objectiveMs: 3_000,
    catalogue: (catalogue) => {
      entitlements = catalogue.entitlements;
      return { ...catalogue, lapseSeconds: 4 };
    },
  }));
  await walk.isQuiet();
});
afterEach(async () => {
  await walk.heal();
  await walk.directory.pausePush(false);
});
afterAll(async () => {
  await stage.close();
});

const unended = () => walk.query('select change_id from grants where ended_at is null and ends_at < now()');

test('a grant that is still on its way when its time is over is ended with a revoke, never forgotten', async () => {
  // given the pushes stand still past the end of two short grants
  await walk.directory.pausePush(true);
  const ids: string[] = [];
  for (const who of ['ines', 'erik']) {
    const asked = await walk.asks(who, { entitlement: read, seconds: 10, reason: `Ten seconds for ${who}` });
    await walk.click('olga', asked.card, 'approve');
    ids.push(asked.id);
  }
  for (const id of ids) await walk.until('its revoke is on the road', () => walk.ending(id), 20_000);
  expect(await unended()).toEqual([]);

  // when the pushes go on
  await walk.directory.pausePush(false);

  // then nothing is left
  for (const id of ids) await walk.endsAs(id, 'inEffect', 20_000);
  for (const who of ['ines', 'erik']) {
    expect(await walk.isInGroup(who, 'anypoint-orders-read')).toBe(false);
    expect(await walk.isInTeam(who, READERS)).toBe(false);
  }
});

test('access is gone only when none of the person’s Anypoint users has it', async () => {
  // given a second user of Ines’, made by a changed user name, after the first got the team
  const asked = await walk.isGiven('ines', { entitlement: read, seconds: 3_600, reason: 'Under two names' });
  await walk.request('POST', '/anypoint/sim/users/ines/sign-in', { username: 'ines.moreau' });
  await walk.query(
    `update people set login = 'ines.moreau', email = 'ines.moreau@acme.example' where email = 'ines@acme.example'`,
  );

  // when
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('ines', asked.id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('ines', status, 'release');
  await walk.endsAs(asked.id, 'inEffect');

  // then
  expect(await walk.isInTeam('ines', READERS)).toBe(false);
});

test('an account that merely carries the person’s e-mail is never given their access', async () => {
  const { userId } = await walk.request<{ userId: string }>('POST', '/anypoint/sim/users/ines/sign-in', {
    username: 'mallory',
  });

  await walk.isGiven(
    'ines',
    { entitlement: 'payments-api-read', seconds: 3_600, reason: 'Not for Mallory' },
    'sam',
  );

  const teams = await walk.request<{ name: string; members: { userId: string }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  const members = teams.find((t) => t.name === 'Payments API readers')?.members.map((m) => m.userId);
  expect(members).toEqual(['a0000000-0000-4000-8000-000000000001']);
  expect(members).not.toContain(userId);
});

test('who is deprovisioned loses the team at once, whatever grants say', async () => {
  const asked = await walk.isGiven(
    'erik',
    { entitlement: 'payments-api-read', seconds: 3_600, reason: 'Until I leave' },
    'sam',
  );
  await walk.directory.sets('erik', 'DEPROVISIONED');
  await walk.until(
    'Anypoint no longer has Erik',
    async () => !(await walk.isInTeam('erik', 'Payments API readers')),
  );
  await walk.becomes(asked.id, 'ended');
  await walk.endsAs(asked.id, 'inEffect');
  await walk.directory.sets('erik', 'ACTIVE');
});

test('a revoke that is answered with 404 once is not given up', async () => {
  const asked = await walk.isGiven('tom', { entitlement: read, seconds: 10, reason: 'Until a 404' });
  await walk.fault({
    ...walk.directory.calls.groupsOf,
    kind: 'status',
    status: 404,
    times: 1,
  });
  await walk.endsAs(asked.id, 'inEffect', 30_000);
  expect(await walk.isInGroup('tom', 'anypoint-orders-read')).toBe(false);
  expect(await walk.isInTeam('tom', READERS)).toBe(false);
});

test('a push that comes after the end gives nothing back', async () => {
  // given Tom’s access is gone; when an old push arrives late
  const [ids] = await walk.query<{ g: string; u: string }>(
    `select g.id as g, u.id as u from scim_groups g, scim_users u
     where g.display_name = 'anypoint-orders-read' and u.user_name = 'tom@acme.example'`,
  );
  await walk.until('tom is out', async () => !(await walk.isInTeam('tom', READERS)));
  const answer = await fetch(`${stage.latchkey.url}/scim/v2/Groups/${ids?.g}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${credentials.scimToken}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'members', value: [{ value: ids?.u }] }],
    }),
  });
  expect(answer.ok).toBe(true);
  // The answer comes after the push and its work are stored, so nothing owed is all of it done.
  await walk.isQuiet();

  // then
  expect(await walk.isInTeam('tom', READERS)).toBe(false);
});

test('a request that can’t be put to anybody lapses, and says so, instead of blocking the next', async () => {
  await walk.fault({ ...walk.directory.calls.members, kind: 'status', status: 403 });
  const sent = await walk.ask('sam', {
    entitlement: 'platform-admin',
    seconds: 3_600,
    reason: 'Nobody can be asked',
  });
  expect(sent.sent).toBe(true);
  const change = await walk.until('it is stored', () => walk.changeBecause('Nobody can be asked'));
  await walk.becomes(change.id, 'lapsed', 20_000);
  await walk.receives('sam', 'that it lapsed', (m) => /lapsed/i.test(m.text));
});

test('extending again and again ends at the written maximum from today', async () => {
  const first = await walk.isGiven('sofia', { entitlement: read, seconds: 604_800, reason: 'A whole week' });
  // At once it lengthens nothing, and is not even asked for.
  expect(
    await walk.ask('sofia', { entitlement: read, seconds: 604_800, reason: 'At once another' }),
  ).toMatchObject({ sent: false, errors: { entitlement: expect.stringContaining('held already') } });
  await letTimePass(stage.latchkey.context.db, first.id, 86_400);
  const second = await walk.asks(
    'sofia',
    { entitlement: read, seconds: 604_800, reason: 'And another' },
    { seconds: 604_800 },
  );
  await walk.click('olga', second.card, 'approve');
  const extended = await walk.becomes(second.id, 'inEffect');
  const days = (new Date(extended.grant?.endsAt ?? 0).getTime() - Date.now()) / 86_400_000;
  expect(days).toBeLessThanOrEqual(7);
  expect((await walk.change(first.id)).ended).toMatchObject({ cause: 'extension', extendedBy: second.id });
});

test('what Anypoint shows though nothing gives it is found by comparing the teams', async () => {
  await walk.request('POST', '/anypoint/sim/teams/Orders%20API%20readers/members/tom');
  await reconcile(stage.latchkey.context);
  await walk.until('tom is out again', async () => !(await walk.isInTeam('tom', READERS)));
});

test('giving back access whose group has changed meanwhile takes both groups away', async () => {
  // given the entitlement moves to another group between the grant and its extension
  const asked = await walk.isGiven('ines', {
    entitlement: read,
    seconds: 3_600,
    reason: 'In the first group',
  });
  const moved = entitlements.find((e) => e.key === read);
  if (moved !== undefined)
    Object.assign(moved, { idpGroup: 'anypoint-orders-deploy', team: 'Orders API deployers' });
  await stage.restart();
  const second = await walk.asks(
    'ines',
    { entitlement: read, seconds: 3_600, reason: 'In the second group' },
    { seconds: 3_600 },
  );
  await walk.click('olga', second.card, 'approve');
  await walk.becomes(second.id, 'inEffect');

  // when
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('ines', second.id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('ines', status, 'release');

  // then
  await walk.endsAs(second.id, 'inEffect');
  await walk.endsAs(asked.id, 'inEffect');
  for (const group of ['anypoint-orders-read', 'anypoint-orders-deploy'])
    expect(await walk.isInGroup('ines', group)).toBe(false);
  for (const team of [READERS, 'Orders API deployers']) expect(await walk.isInTeam('ines', team)).toBe(false);
});

test('an alarm names the leg that is stuck now, and is closed when nothing is waited for any more', async () => {
  // given late at the write to the directory, which then goes through while the push stands still
  const { name } = walk.directory;
  await walk.directory.pausePush(true);
  await walk.fault({ ...walk.directory.calls.write, kind: 'status', status: 500 });
  const asked = await walk.asks('sam', {
    entitlement: 'platform-admin',
    seconds: 3_600,
    reason: 'Stuck twice',
  });
  await walk.click('olga', asked.card, 'approve');
  await walk.click('sofia', asked.card, 'approve');
  await walk.receives('olga', 'the first leg', (m) => m.text.includes(`stuck at the write to ${name}`));
  await walk.heal();
  await walk.receives('olga', 'the second leg', (m) => m.text.includes(`stuck at ${name}’s SCIM push`));

  // when it is given back
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf('sam', asked.id);
    return buttonsOf(now).includes('release') && now;
  });
  await walk.click('sam', status, 'release');

  // then
  await walk.receives('olga', 'that the alarm is closed', (m) => m.text.includes('Alarm closed: the grant'));
});
