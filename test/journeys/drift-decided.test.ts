import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcile } from '../../src/flow/drift/reconcile.ts';
import type { Stage } from '../stage.ts';
import { type Journey, setOut, wordsOf } from './journey.ts';

const GROUP = 'anypoint-orders-deploy';
const TEAM = 'Orders API deployers';

let stage: Stage;
let walk: Journey;
beforeAll(async () => {
  ({ stage, walk } = await setOut());
  await walk.isQuiet();
});
afterAll(async () => {
  await stage.close();
});

const byHand = (method: 'POST' | 'DELETE', key: string, group = GROUP) =>
  walk.directory[method === 'POST' ? 'adds' : 'removes'](group, key);

async function finding(key: string, cause: string) {
  const change = await walk.until(`a ${cause} about ${key}`, async () => {
    const rows = await walk.query<{ id: string }>(
      `select c.id from changes c join people p on p.id = c.person_id
       where p.email = $1 and c.doc->>'cause' = $2 and c.state = 'asking'`,
      [`${key}@acme.example`, cause],
    );
    return rows[0];
  });
  const card = await walk.card('olga', (m) => m.metadata?.event_payload?.marker === `${change.id}:card`);
  return { id: change.id, card };
}

test('somebody added by hand is found, and is kept by as many as the catalogue takes: a grant with approvers and an end', async () => {
  // when an admin adds Erik to the deployers
  await byHand('POST', 'erik');

  // then the owner is asked
  const found = await finding('erik', 'finding');
  expect(wordsOf(found.card)).toContain('nobody asked for it here');

  // when one of the two says so whom the catalogue takes to give it
  await walk.click('olga', found.card, 'approve');

  // then it waits for the other
  await walk.cardSays(found, 'Approved by Olga Brandt; still needed: manager (Tom Okafor)');
  expect((await walk.change(found.id)).state).toBe('asking');

  // when
  await walk.click('tom', await walk.cardNow(found), 'approve');

  // then
  const kept = await walk.becomes(found.id, 'inEffect');
  expect(kept.approvals.map((a) => a.name)).toEqual(['Olga Brandt', 'Tom Okafor']);
  expect(new Date(kept.grant?.endsAt ?? 0).getTime()).toBeGreaterThan(Date.now());
  expect(await walk.isInTeam('erik', TEAM)).toBe(true);
});

test('somebody added by hand is found, and reverted: gone from the directory and from MuleSoft', async () => {
  await byHand('POST', 'tom');
  const found = await finding('tom', 'finding');
  await walk.until('the bridge has carried it', () => walk.isInTeam('tom', TEAM));

  await walk.click('olga', found.card, 'revert');

  await walk.endsAs(found.id, 'inEffect');
  expect(await walk.isInGroup('tom', GROUP)).toBe(false);
  expect(await walk.isInTeam('tom', TEAM)).toBe(false);
  await walk.cardSays(found, /Ended: nobody asked for it; gone from MuleSoft after/);
});

test('who was found can’t settle it for themselves, nor take the question back', async () => {
  await byHand('POST', 'sofia');
  const found = await finding('sofia', 'finding');
  await walk.click('sofia', found.card, 'approve');
  await walk.until('sofia is told', async () =>
    (await walk.whispers('sofia')).some((text) => text.includes('can’t decide on it')),
  );
  expect((await walk.change(found.id)).state).toBe('asking');
  await walk.click('olga', found.card, 'revert');
  await walk.endsAs(found.id, 'inEffect');
});

test('somebody taken out by hand while a grant is live is missed, and put back', async () => {
  // given
  const asked = await walk.isGiven('ines', {
    entitlement: 'orders-api-read',
    seconds: 3_600,
    reason: 'Until put back',
  });

  // when
  await byHand('DELETE', 'ines', 'anypoint-orders-read');

  // then
  const found = await finding('ines', 'loss');
  expect(wordsOf(found.card)).toContain('was taken out of anypoint-orders-read');

  // when
  await walk.click('olga', found.card, 'approve');

  // then
  await walk.becomes(found.id, 'inEffect');
  expect(await walk.isInGroup('ines', 'anypoint-orders-read')).toBe(true);
  expect((await walk.change(asked.id)).ended).toBeNull();
});

test('somebody taken out by hand, and the owner lets it end: the grant ends and MuleSoft agrees', async () => {
  const asked = await walk.isGiven('erik', {
    entitlement: 'orders-api-read',
    seconds: 3_600,
    reason: 'Until let go',
  });
  await byHand('DELETE', 'erik', 'anypoint-orders-read');
  const found = await finding('erik', 'loss');

  await walk.click('olga', found.card, 'revert');

  await walk.endsAs(asked.id, 'inEffect');
  expect((await walk.change(asked.id)).state).toBe('ended');
  expect(await walk.isInTeam('erik', 'Orders API readers')).toBe(false);
});

test('what was there before Latchkey is no finding, and may go as it came', async () => {
  // given olga has been a platform admin since before; when an admin takes her out
  await byHand('DELETE', 'olga', 'anypoint-platform-admin');

  // then she is out, and nobody is asked
  await walk.until(
    'the bridge has carried it',
    async () => !(await walk.isInTeam('olga', 'Platform admins')),
  );
  await walk.isQuiet();
  const rows = await walk.query(`select 1 from changes where entitlement_key = 'platform-admin'`);
  expect(rows).toEqual([]);
});

test('what no notification told is found by comparing the groups, and what agrees is evidence', async () => {
  // given nothing is told, and an admin adds Nadia
  await walk.directory.silence();
  await byHand('POST', 'nadia');

  // when
  await reconcile(stage.latchkey.context);

  // then
  const found = await finding('nadia', 'finding');
  const [entry] = await walk.query<{ data: Record<string, unknown> }>(
    `select data from audit where type = 'groupReconciled' and data->>'groupName' = $1 order by id desc limit 1`,
    [GROUP],
  );
  expect(entry?.data).toMatchObject({ differing: 1 });

  // when reverted, the directory is written at once, and MuleSoft never had it
  await walk.click('olga', found.card, 'revert');
  await walk.until('she is out of the group', async () => !(await walk.isInGroup('nadia', GROUP)));
  await walk.endsAs(found.id, 'inEffect');
  await walk.heal();
  await walk.directory.speaks();
});

test('where the catalogue says so, what nobody asked for is reverted at once, and the owner is told', async () => {
  await byHand('POST', 'tom', 'anypoint-platform-admin');

  const told = await walk.receives(
    'olga',
    'the revert',
    (m) => m.text.includes('is taken away again'),
    'access-requests',
  );
  expect(told.text).toContain('<@U0000004>');
  await walk.until('tom is out again', async () => !(await walk.isInGroup('tom', 'anypoint-platform-admin')));
  await walk.until('Anypoint agrees', async () => !(await walk.isInTeam('tom', 'Platform admins')));
  await walk.receives(
    'olga',
    'that it is gone',
    (m) => /Anypoint platform administration is gone from MuleSoft/.test(m.text),
    'access-requests',
  );
});
