import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Evidence, reconcile } from '../../src/flow/drift/reconcile.ts';
import { lastComparison } from '../../src/store/reconcile/runs.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

const DEPLOY = { group: 'anypoint-orders-deploy', team: 'Orders API deployers' };
const READ = { group: 'anypoint-orders-read', team: 'Orders API readers' };

/** The entitlements that these journeys count. */
const KEYS = ['orders-api-read', 'orders-api-deploy', 'payments-api-read', 'platform-admin', 'everyone-view'];

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    catalogue: (catalogue) => ({
      ...catalogue,
      canary: null,
      bundles: [],
      entitlements: catalogue.entitlements.filter((e) => KEYS.includes(e.key)),
    }),
  }));
  await walk.isQuiet();
});
afterEach(async () => {
  await walk.heal();
  await walk.directory.speaks();
});
afterAll(() => stage?.close());

/** Nobody tells Latchkey anything: no push, no hook, no log. */
async function silence(): Promise<void> {
  await walk.directory.silence();
}

const byHand = (method: 'POST' | 'DELETE', key: string, group = DEPLOY.group) =>
  walk.directory[method === 'POST' ? 'adds' : 'removes'](group, key);
const inAnypointByHand = (method: 'POST' | 'DELETE', key: string, team: string, membershipType = 'member') =>
  walk.request(
    method,
    `/anypoint/sim/teams/${encodeURIComponent(team)}/members/${key}`,
    method === 'POST' ? { membershipType } : undefined,
  );

async function compare(): Promise<Evidence> {
  const evidence = await reconcile(stage.latchkey.context);
  if (evidence === null) throw new Error('somebody else reconciles');
  return evidence;
}

async function noted(type: string, name: string): Promise<Record<string, unknown>> {
  const [entry] = await walk.query<{ data: Record<string, unknown> }>(
    `select data from audit where type = $1 and $2 in (data->>'groupName', data->>'teamName') order by id desc limit 1`,
    [type, name],
  );
  return entry?.data ?? {};
}

async function finding(key: string, cause: string) {
  const change = await walk.until(`a ${cause} about ${key}`, async () => {
    const rows = await walk.query<{ id: string }>(
      `select c.id from changes c join people p on p.id = c.person_id
       where p.email = $1 and c.doc->>'cause' = $2 and c.state = 'asking'`,
      [`${key}@acme.example`, cause],
    );
    return rows[0];
  });
  return {
    id: change.id,
    card: await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${change.id}:card`),
  };
}

const changes = async () => (await walk.query('select id from changes')).length;
/** Lists of members that were asked for. */
const lists = async () => (await walk.directory.asked('members')).length;
const pathOf = async (group: string) =>
  walk.directory.calls.members.path?.replace('[^/]+', await walk.directory.groupId(group)) ?? '';

test('the first run records who is in a team though no group gives it; nothing is removed, nobody is asked', async () => {
  // given Olga has been in the team since before Latchkey, and so has Erik, whom it does not know yet
  await inAnypointByHand('POST', 'olga', READ.team);
  await inAnypointByHand('POST', 'erik', READ.team);

  // when
  const first = await compare();
  const second = await compare();

  // then
  expect(first).toMatchObject({ unread: [], teams: { read: 5, extra: 0, foundThere: 1, unlinked: 1 } });
  expect(await noted('teamReconciled', READ.team)).toMatchObject({ foundThere: 1, isFirstLook: false });
  expect(second.teams).toMatchObject({ foundThere: 1, extra: 0 });
  await walk.isQuiet();
  expect(await walk.isInTeam('olga', READ.team)).toBe(true);
  expect(await walk.isInTeam('erik', READ.team)).toBe(true);
  expect(await changes()).toBe(0);

  // when Erik becomes known, nothing is taken from him either
  await walk.asks('erik', { entitlement: 'orders-api-deploy', reason: 'To be known' });
  expect((await compare()).teams).toMatchObject({ foundThere: 2, extra: 0, unlinked: 0 });
  await inAnypointByHand('DELETE', 'olga', READ.team);
  await inAnypointByHand('DELETE', 'erik', READ.team);
});

test('checked, all agree: a note for each group and team and one for the run', async () => {
  await walk.isGiven('ines', { entitlement: 'orders-api-read', reason: 'All agree' });
  await walk.isQuiet();

  const evidence = await compare();

  expect(evidence).toMatchObject({
    allAgree: true,
    apart: [],
    unread: [],
    groups: { read: 5, members: 2, differing: 0, unpushed: 0, pushedOnly: 0 },
    teams: { read: 5, members: 2, missing: 0, extra: 0, unlinked: 0 },
  });
  expect(await noted('groupReconciled', READ.group)).toMatchObject({ members: 1, agrees: true });
  expect(await noted('teamReconciled', READ.team)).toMatchObject({ members: 1, agrees: true });
  const [entry] = await walk.query<{ data: Evidence }>(
    `select data from audit where type = 'reconciled' order by id desc limit 1`,
  );
  expect(entry?.data).toEqual(evidence);
  expect((await lastComparison(stage.latchkey.context.db))?.found).toEqual(evidence);
  // nothing that was staged is kept
  expect(
    await walk.query('select 1 from reconcile_members union all select 1 from reconcile_places'),
  ).toEqual([]);
});

test('a hand-added admin whom nobody told of is found by reconcile alone, once, and reverted', async () => {
  await silence();
  await byHand('POST', 'sam');

  const evidence = await compare();
  await compare();

  expect(evidence).toMatchObject({ allAgree: false, groups: { finding: 1, unpushed: 1 } });
  expect(evidence.apart).toContain(DEPLOY.group);
  const found = await finding('sam', 'finding');
  expect(wordsOf(found.card)).toContain('nobody asked for it here');
  // what is in the owner's hands is not told again
  expect((await compare()).groups).toMatchObject({ finding: 0, inHand: 1 });
  expect(
    await walk.query(
      `select 1 from changes where doc->>'cause' = 'finding' and entitlement_key = 'orders-api-deploy'`,
    ),
  ).toHaveLength(1);

  await walk.click('olga', found.card, 'revert');
  await walk.endsAs(found.id, 'inEffect');
  expect(await walk.isInGroup('sam', DEPLOY.group)).toBe(false);
});

test('somebody taken out by hand whom nobody told of is missed, and what was pushed before is named', async () => {
  await walk.isGiven('erik', { entitlement: 'orders-api-read', reason: 'To be lost silently' });
  await walk.isQuiet();
  await silence();
  await byHand('DELETE', 'erik', READ.group);

  const evidence = await compare();

  expect(evidence.groups).toMatchObject({ lost: 1, pushedOnly: 1 });
  expect(await noted('groupReconciled', READ.group)).toMatchObject({
    lost: 1,
    leg: 'scimPush',
    isPushed: true,
  });
  const found = await finding('erik', 'loss');
  await walk.click('olga', found.card, 'approve');
  await walk.becomes(found.id, 'inEffect');
});

test('a removal and an addition that Anypoint lost are repaired', async () => {
  // given somebody is added in Anypoint itself, and somebody with a grant is taken out there
  await inAnypointByHand('POST', 'tom', DEPLOY.team);
  await inAnypointByHand('DELETE', 'ines', READ.team);

  // when
  const evidence = await compare();

  // then
  expect(evidence.teams).toMatchObject({ extra: 1, missing: 1, held: 0 });
  expect(evidence.apart).toEqual(expect.arrayContaining([DEPLOY.team, READ.team]));
  await walk.until('tom is out again', async () => !(await walk.isInTeam('tom', DEPLOY.team)));
  await walk.until('ines is in again', () => walk.isInTeam('ines', READ.team));
});

test('a maintainer made by hand is named and never removed', async () => {
  await inAnypointByHand('POST', 'tom', DEPLOY.team, 'maintainer');
  const evidence = await compare();
  expect(evidence.teams).toMatchObject({ extra: 0, maintainers: 1 });
  await walk.isQuiet();
  expect(await walk.isInTeam('tom', DEPLOY.team)).toBe(true);
  await inAnypointByHand('DELETE', 'tom', DEPLOY.team);
});

test('somebody suspended of whom nobody told is out of the team, and back on return', async () => {
  await silence();
  await walk.directory.sets('ines', 'SUSPENDED');
  // She is looked at anew, or was by then, and is found to be one too many in the team.
  const { peopleLookedAt, teams } = await compare();
  expect(peopleLookedAt + (teams.extra ?? 0)).toBeGreaterThan(0);
  await walk.until('ines is out of the team', async () => !(await walk.isInTeam('ines', READ.team)));
  // Else the first comparison's look at her can end after the second's, and what is true is seen at the third only.
  await walk.isQuiet();

  await walk.directory.sets('ines', 'ACTIVE');
  await compare();
  await walk.until('ines is back', () => walk.isInTeam('ines', READ.team));
});

test('importing everything again and a renamed group give no card and take nothing away', async () => {
  await walk.isQuiet();
  const before = await changes();

  // when the directory pushes every group whole, twice
  for (let n = 0; n < 2; n++) {
    await walk.directory.pushesAll();
    await walk.isQuiet();
  }
  expect((await compare()).allAgree).toBe(true);

  // when it renames one
  const rename = walk.directory.renames;
  await rename(READ.group, 'anypoint-orders-readers');
  await walk.until(
    'it is pushed',
    async () =>
      (await walk.query(`select 1 from scim_groups where display_name = 'anypoint-orders-readers'`))
        .length === 1,
  );
  await walk.isQuiet();
  const evidence = await compare();

  // then it is told as a push that is missing, and nobody is asked
  expect(evidence.groups).toMatchObject({ finding: 0, lost: 0 });
  expect(await noted('groupReconciled', READ.group)).toMatchObject({ leg: 'scimPush', isPushed: false });
  expect(await changes()).toBe(before);
  expect(await walk.isInTeam('ines', READ.team)).toBe(true);
  await rename('anypoint-orders-readers', READ.group);
  await walk.isQuiet();
  expect(await walk.isInTeam('ines', READ.team)).toBe(true);
});

test('a throttled page waits as told, and the run goes on at the same place', async () => {
  await walk.request('DELETE', '/control/requests');
  await walk.fault({ ...walk.directory.calls.members, kind: 'status', status: 429, times: 1 });

  const evidence = await compare();

  expect(evidence).toMatchObject({ allAgree: true, unread: [] });
  expect(await lists()).toBe(6);
});

test('a group that can’t be read is named, and the others are compared', async () => {
  await walk.fault({
    ...walk.directory.calls.members,
    path: await pathOf(READ.group),
    kind: 'status',
    status: 403,
  });
  const evidence = await compare();
  expect(evidence).toMatchObject({ allAgree: false, unread: [`${READ.group}: idp.forbidden`] });
  await walk.isQuiet();
  expect(await walk.isInTeam('ines', READ.team)).toBe(true);
});

test('a run that was stopped is taken up where it was by the next process, and finished', async () => {
  // given a run that is told to stop while it reads the third group
  const stop = new AbortController();
  await walk.request('DELETE', '/control/requests');
  const path = await pathOf('anypoint-payments-read');
  await walk.fault({ ...walk.directory.calls.members, path, kind: 'latency', ms: 1_500 });
  const running = reconcile(stage.latchkey.context, stop.signal).catch((error: Error) => error.name);
  await walk.until('it has read two groups', async () => {
    const [row] = await walk.query<{ n: number }>(
      `select count(*)::int as n from reconcile_places where kind = 'group' and compared_at is not null`,
    );
    return row?.n === 2;
  });
  stop.abort();
  expect(await running).toBe('AbortError');
  await walk.heal();

  // when another process starts, and looks for what is due
  await stage.restart();
  stage.latchkey.context.reconcileSoon();

  // then it finishes that run, and reads only what was left
  const finished = await walk.until(
    'the run is finished',
    async () => {
      const rows = await walk.query<{ found: Evidence }>(
        `select found from reconcile_runs where cause = 'everything' order by id desc limit 1`,
      );
      return rows[0]?.found;
    },
    40_000,
  );
  expect(finished).toMatchObject({ allAgree: true, groups: { read: 5, members: 3 } });
  // Entra’s groups are listed once more when the catalogue is checked at a start.
  expect((await lists()) - (walk.directory.system === 'entra' ? KEYS.length - 1 : 0)).toBe(5);
}, 60_000);

test('down for an hour: back again, Latchkey finds what it missed', async () => {
  // given Latchkey goes down, and much happens there meanwhile
  await stage.restart(async () => {
    await silence();
    await byHand('POST', 'sofia');
    await byHand('DELETE', 'erik', READ.group);
    await walk.query(`update reconcile_runs set started_at = started_at - interval '1 hour'`);
  });
  stage.latchkey.context.reconcileSoon();

  // then
  const added = await finding('sofia', 'finding');
  const lost = await finding('erik', 'loss');
  await walk.click('olga', added.card, 'revert');
  await walk.click('olga', lost.card, 'approve');
  await walk.endsAs(added.id, 'inEffect');
  expect(await walk.isInGroup('sofia', DEPLOY.group)).toBe(false);
  await walk.until('erik is in the group again', () => walk.isInGroup('erik', READ.group));
}, 90_000);
