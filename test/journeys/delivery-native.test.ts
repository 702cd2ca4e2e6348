import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import { anypointTeams } from '../../src/sandbox/seed.ts';
import type { Stage } from '../stage.ts';
import { type Asked, type Journey, setOut, wordsOf } from './journey.ts';

const read = 'orders-api-read';
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';
const TEAM_ID = anypointTeams.find(({ name }) => name === TEAM)?.id;
const OBJECTIVE_MS = 6_000;

let stage: Stage;
let walk: Journey;
const connector = (settings: object) => walk.request('POST', '/okta/sim/connector', settings);
beforeAll(async () => {
  ({ stage, walk } = await setOut({
    objectiveMs: OBJECTIVE_MS,
    catalogue: (catalogue) => ({
      ...catalogue,
      entitlements: catalogue.entitlements.map((e) => (e.key === read ? { ...e, delivery: 'native' } : e)),
    }),
  }));
  await connector({ teams: { [GROUP]: TEAM } });
  await walk.isQuiet();
});
afterEach(() => connector({ leavesMembers: false, paused: false }));
afterAll(() => stage?.close());

/** Calls with which Latchkey wrote into the team. */
async function writesOfLatchkey(method: string): Promise<number> {
  const seen = await walk.request<unknown[]>(
    'GET',
    `/control/requests?vendor=anypoint&method=${method}&path=/teams/${TEAM_ID}/members/`,
  );
  return seen.length;
}

async function isGivenBack(as: string, asked: Asked): Promise<void> {
  const status = await walk.until('the message offers it', async () => {
    const now = await walk.statusOf(as, asked.id);
    return wordsOf(now).includes('I’m done') && now;
  });
  await walk.click(as, status, 'release');
}

test('the connector carries there and back: Latchkey writes nothing into Anypoint and reads that it is so', async () => {
  // when
  const asked = await walk.isGiven('ines', { entitlement: read, reason: 'Carried by the connector' }, 'olga');

  // then
  expect(await walk.isInTeam('ines', TEAM)).toBe(true);
  expect((await walk.change(asked.id)).legs.deliveredAt).toBeNull();

  // when
  await isGivenBack('ines', asked);

  // then
  const revoke = await walk.endsAs(asked.id, 'inEffect');
  expect(await walk.isInTeam('ines', TEAM)).toBe(false);
  expect(revoke.legs.deliveredAt).toBeNull();
  expect(await writesOfLatchkey('PUT')).toBe(0);
  expect(await writesOfLatchkey('DELETE')).toBe(0);
});

test('the connector stands still: the alarm names it and says where to push, and Latchkey does not write in its place', async () => {
  // given
  await connector({ paused: true });
  const asked = await walk.asks('erik', { entitlement: read, reason: 'The connector stands still' });

  // when
  await walk.click('olga', asked.card, 'approve');

  // then
  await walk.becomes(asked.id, 'late');
  await walk.receives('olga', 'the alarm', (m) =>
    /stuck at Okta’s own Anypoint connector[\s\S]*Push Groups, Active, and push anypoint-orders-read now/.test(
      m.text,
    ),
  );
  expect(await writesOfLatchkey('PUT')).toBe(0);

  // when
  await connector({ paused: false });

  // then
  await walk.becomes(asked.id, 'inEffect');
  await walk.receives('olga', 'that it is over', (m) => m.text.includes('Alarm cleared'));
}, 40_000);

test('what the connector leaves behind, Latchkey takes out within the objective, and says which leg failed', async () => {
  // given
  const asked = await walk.isGiven('sam', { entitlement: read, reason: 'Left behind' }, 'olga');
  await connector({ leavesMembers: true });

  // when it is given back, and Latchkey ends before the connector has had its time
  await isGivenBack('sam', asked);
  await walk.until('it is out of the group', async () => !(await walk.isInGroup('sam', GROUP)));
  await stage.restart();

  // then
  const revoke = await walk.endsAs(asked.id, 'inEffect', 30_000);
  expect(await walk.isInTeam('sam', TEAM)).toBe(false);
  const audit = (await walk.audit(asked.id)).filter((e) =>
    ['idpWritten', 'changeLate', 'delivered', 'changeSeen'].includes(e.type),
  );
  expect(audit.slice(-4).map((e) => e.type)).toEqual(['idpWritten', 'changeLate', 'delivered', 'changeSeen']);
  expect(audit.at(-3)?.data).toMatchObject({
    leg: 'delivery',
    why: 'Okta’s own Anypoint connector left Sam Whitaker in the team Orders API readers, so Latchkey takes them out itself',
  });
  // The connector had its third first.
  const at = (of: Date | null) => new Date(of ?? 0).getTime();
  expect(at(revoke.legs.deliveredAt) - at(revoke.legs.idpWrittenAt)).toBeGreaterThanOrEqual(OBJECTIVE_MS / 3);
  await walk.receives('olga', 'the alarm, cleared', (m) =>
    /Alarm cleared[\s\S]*stuck at Okta’s own Anypoint connector/.test(m.text),
  );
  await walk.cardSays(asked, 'Latchkey took out what was left behind');
}, 60_000);

test('a leaver is not left to the connector', async () => {
  // given
  const asked = await walk.isGiven('tom', { entitlement: read, reason: 'Leaves soon' }, 'olga');
  await connector({ leavesMembers: true });

  // when
  await walk.request('POST', '/okta/sim/users/tom/status', { status: 'DEPROVISIONED' });

  // then
  await walk.until('he is out of the team', async () => !(await walk.isInTeam('tom', TEAM)));
  await walk.endsAs(asked.id, 'inEffect', 30_000);
}, 40_000);

const inAnypoint = (method: 'POST' | 'DELETE', key: string) =>
  walk.request(method, `/anypoint/sim/teams/${TEAM}/members/${key}`, method === 'POST' ? {} : undefined);

test('whom the connector has not pushed is missed by the comparison, told of at its second look, and never written by Latchkey', async () => {
  // given
  const asked = await walk.isGiven('ines', { entitlement: read, reason: 'Lost in Anypoint later' }, 'olga');
  await walk.owesNothing();
  await inAnypoint('DELETE', 'ines');
  const writes = await writesOfLatchkey('PUT');

  // when
  const first = await reconcile(stage.latchkey.context);

  // then
  expect(first?.teams).toMatchObject({ missingElsewhere: 1 });
  expect(first?.apart).toContain(TEAM);
  expect(await walk.query('select 1 from delivery_troubles where told_at is not null')).toEqual([]);

  // when
  await reconcile(stage.latchkey.context);

  // then
  for (const who of ['olga', 'sam'])
    await walk.receives(who, 'who is missed', (m) =>
      /Okta’s own Anypoint connector has not put 1 person into the team Orders API readers[\s\S]*Ines Moreau[\s\S]*Push Groups, Active, and push anypoint-orders-read now/.test(
        m.text,
      ),
    );
  expect((await walk.change(asked.id)).state).toBe('inEffect');
  expect(await writesOfLatchkey('PUT')).toBe(writes);

  // when
  await inAnypoint('POST', 'ines');
  await reconcile(stage.latchkey.context);

  // then
  await walk.receives('olga', 'that she is there', (m) =>
    m.text.includes('Everybody who should be in the team'),
  );
}, 60_000);

test('metabase/metabase#48276: whom the connector left in the team long after their access has gone, the comparison has taken out', async () => {
  // given nobody asked for it, and the group in the IdP does not have him
  await inAnypoint('POST', 'sam');

  // when
  const found = await reconcile(stage.latchkey.context);

  // then
  expect(found?.teams).toMatchObject({ extra: 1 });
  await walk.until('he is out of the team', async () => !(await walk.isInTeam('sam', TEAM)));
}, 40_000);
