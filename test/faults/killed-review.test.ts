import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CardSeen, Journey } from '../journeys/journey.ts';
import { momentsOfRun } from '../seed-of-run.ts';
import { type Killable, setKillable } from './killable.ts';

/** Latchkey is started four times, which is most of it. */
const TEST_MS = 240_000;
const PEOPLE = 2_500;
const GROUPS = ['anypoint-orders-read', 'anypoint-orders-deploy'];
const LINES = PEOPLE * GROUPS.length;

const momentWithin = momentsOfRun('kills in a review');

let killable: Killable;
let walk: Journey;
beforeAll(async () => {
  killable = await setKillable();
  walk = killable.walk;
  await walk.isQuiet();
  await heldBefore();
}, TEST_MS);
afterAll(() => killable?.close());

/** So many were in the groups before Latchkey, and a comparison has just been carried to its end. */
async function heldBefore(): Promise<void> {
  await walk.query(
    `insert into people (id, email, login, name, status, title, department, manager)
     select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'held' || n || '@acme.example', 'held' || n || '@acme.example',
       'Held ' || n, 'active', 'Engineer', 'Orders', null from generate_series(1, $1::int) n`,
    [PEOPLE],
  );
  const groups = await walk.request<{ id: string; name: string }[]>('GET', '/okta/sim/groups');
  for (const { id, name } of groups.filter((g) => GROUPS.includes(g.name)))
    await walk.query(
      `insert into baseline_members (person_id, group_id, group_name, recorded_at)
       select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, $2, $3, now() from generate_series(1, $1::int) n`,
      [PEOPLE, id, name],
    );
  await walk.query(
    `insert into reconcile_runs (cause, started_at, finished_at, found) values ('everything', now(), now(), '{"allAgree": true}')`,
  );
}

const dm = (as: string, fits: (m: CardSeen) => boolean) =>
  walk.until(`${as} has a message`, async () => (await walk.messages(as, 'dm')).find(fits), 30_000);

const isCard = (m: CardSeen) => m.metadata?.event_payload?.marker?.endsWith(':card') === true;

const counted = async (sql: string) =>
  (await walk.query<{ n: number }>(`select count(*)::int as n from ${sql}`))[0]?.n;

test('killed while a review is prepared, started and submitted, it goes on; nobody is told twice and nothing counts twice', {
  timeout: TEST_MS,
}, async () => {
  // when it is killed while it is prepared
  const form = await walk.openForm('sam', 'review');
  await walk.submit('sam', form, {
    name: { name: 'Killed' },
    entitlements: { entitlements: ['orders-api-read', 'orders-api-deploy'] as never },
  });
  await sleep(momentWithin(800));
  await killable.killAndStart();

  // then its preview is whole
  const preview = await dm('sam', (m) => m.text.includes('prepared, not started'));
  expect(await counted('campaign_lines')).toBe(LINES);
  expect(await counted('campaign_lines where facts is null or reviewer_id is null')).toBe(0);
  expect(await counted(`audit where type = 'snapshotTaken'`)).toBe(1);
  expect(await counted(`audit where type = 'campaignPrepared'`)).toBe(1);

  // when it is killed as it is started
  await walk.click('sam', preview, 'campaign_start');
  await sleep(momentWithin(150));
  await killable.killAndStart();

  // then the reviewer is told once
  const message = await dm('olga', (m) => m.text.startsWith('Access review: Killed'));
  await sleep(1_000);
  const told = (await walk.messages('olga', 'dm')).filter(
    (m) => m.text.startsWith('Access review: Killed') && isCard(m),
  );
  expect(told.length).toBe(1);

  // when it is killed as three are submitted
  await walk.click('olga', message, 'review_open');
  for (const n of [0, 1, 2]) {
    const view = await walk.until('the review is open', () => walk.topView('olga'));
    const blocks = view.blocks.map((block) => String(block.block_id)).filter((id) => id.startsWith('line:'));
    await walk.request('POST', '/slack/sim/view/action', {
      as: 'olga',
      viewId: view.id,
      actionId: 'review_choose',
      blockId: blocks[n],
      value: 'revoke',
    });
  }
  expect(await counted(`campaign_lines where draft = 'revoke'`)).toBe(3);
  const view = await walk.until('the review is open', () => walk.topView('olga'));
  await walk.submit('olga', view, {});
  const confirm = await walk.until('the count is shown', async () => {
    const top = await walk.topView('olga');
    return top?.callback_id === 'review_confirm' && top;
  });
  await walk.submit('olga', confirm, {});
  await sleep(momentWithin(120));
  await killable.killAndStart();

  // then the three are decided once, and each has one revoke
  await walk.until(
    'the three are on their way',
    async (saw) =>
      saw(await counted(`campaign_lines where decision = 'revoke' and revoke_id is not null`)) === 3,
    60_000,
  );
  expect(await counted(`audit where type = 'linesSubmitted'`)).toBe(1);
  expect(await counted(`changes where kind = 'revoke' and doc->>'cause' = 'review'`)).toBe(3);
});
