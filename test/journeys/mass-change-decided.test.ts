import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Stage } from '../stage.ts';
import { buttonsOf, type Journey, setOut, wordsOf } from './journey.ts';
import { PATIENCE_MS, type StormWalk, walkInStorms } from './mass-change-walk.ts';

/** People in the storm; the last few are of a department that may not have what the others may. */
const CROWD = 300;
const ELSEWHERE = 5;
const READERS = { group: 'anypoint-orders-read', team: 'Orders API readers' };
const DEPLOYERS = { group: 'anypoint-orders-deploy', team: 'Orders API deployers' };
const PAYMENTS = { group: 'anypoint-payments-read', team: 'Payments API readers' };
const ADMINS = { group: 'anypoint-platform-admin', team: 'Platform admins' };

/** As many as are processed in one commit (src/flow/drift/process-observations.ts). */
const BATCH = 100;

const NEVER_SIGNED_IN = 280;
const people = Array.from({ length: CROWD }, (_, n) => ({
  ...crowdPerson(n),
  department: n < CROWD - ELSEWHERE ? 'Orders' : 'Payments',
  ...(n === NEVER_SIGNED_IN ? { anypointId: null } : {}),
}));
const crowd = people.map((person) => person.key);

let stage: Stage;
let walk: Journey;
let storms: StormWalk;
beforeAll(async () => {
  ({ stage, walk } = await setOut({ people: [...seeded, ...people] }));
  storms = walkInStorms(walk, stage.latchkey.url);
  await walk.isQuiet();
  await storms.provision(people);
}, PATIENCE_MS);
afterAll(async () => {
  await stage.close();
});

/** Grants that the owner gave with one decision. */
const grantsOf = (entitlement: string) =>
  walk.query<{ by: string; seconds: number }>(
    `select c.doc->'decision'->>'byName' as by, extract(epoch from g.ends_at - g.starts_at)::int as seconds
     from grants g join changes c on c.id = g.change_id join people p on p.id = g.person_id
     where g.entitlement_key = $1 and g.ended_at is null and p.login like 'crowd%'`,
    [entitlement],
  );

test('a group replaced at once is one card; another storm adds to it; who is taken out again drops out; reverted, all is gone', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // when
  await storms.storm(READERS.group, crowd.slice(0, 200));

  // then
  const card = await storms.massCard(READERS.group, '200 people were put into');
  expect(wordsOf(card)).toContain('nobody asked for it here');
  expect(wordsOf(card)).toContain('200 in Orders');
  expect(wordsOf(card)).toContain('Waiting for <@U0000004>');
  expect(buttonsOf(card)).toEqual(['mass_keep', 'mass_revert', 'mass_show']);
  await walk.until('the model advises', async () =>
    wordsOf((await storms.massCard(READERS.group, 'people')) ?? card).includes('Advice of the model'),
  );

  // when a second storm comes while it is asked
  await storms.storm(READERS.group, crowd.slice(200));
  await storms.massCard(READERS.group, '300 people were put into');

  // when some are taken out again
  await storms.storm(READERS.group, crowd.slice(0, 10), 'DELETE');
  await storms.massCard(READERS.group, '290 people were put into');
  expect((await storms.masses()).map((m) => m.kind)).toEqual(['finding']);
  await storms.nothingElseIsTold();

  // when somebody presses who may not
  await walk.click('tom', card, 'mass_revert');
  await walk.until('tom is told', async () =>
    (await walk.whispers('tom')).some((text) => text.includes('not among those who may decide')),
  );

  // when the owner looks, and reverts
  await walk.click('olga', card, 'mass_show');
  const shown = await walk.until('the names are shown', async () => {
    const { views } = await walk.workspace('olga');
    return views.find((view) => JSON.stringify(view.blocks).includes('Crowd 110 (Orders)'));
  });
  expect(JSON.stringify(shown.blocks)).toContain('And 190 more');
  // All of the advice stands there too.
  expect(JSON.stringify(shown.blocks)).toContain('rule or an import gone wrong');
  await walk.click('olga', card, 'mass_revert');
  await walk.click('olga', card, 'mass_revert');

  // then
  await storms.isDone(card.id);
  expect(wordsOf(await storms.massCard(READERS.group, '290 of 290 gone in MuleSoft'))).toContain(
    'Reverted by Olga Brandt',
  );
  expect(await storms.inBoth(READERS)).toEqual({ directory: 0, anypoint: 0 });
  await storms.nothingElseIsTold();
});

test('one that the end of a batch divides, or that is told apart bit by bit, is one card from the start', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // given what other groups' members do is told before it, so that the first batch ends among the first few of it
  const { locks } = stage.latchkey.context;
  const few = 6;
  await locks.withLock('processObservations', async () => {
    await storms.storm(READERS.group, crowd.slice(0, BATCH - few));
    await storms.storm(ADMINS.group, crowd.slice(0, 20));
  });

  // then nothing was taken away at once, as the catalogue has it for one
  const card = await storms.massCard(ADMINS.group, '20 people were put into');
  await walk.isQuiet();
  expect((await storms.inBoth(ADMINS)).directory).toBe(20);
  await storms.nothingElseIsTold();
  for (const each of [card, await storms.massCard(READERS.group, `${BATCH - few} people were put into`)]) {
    await walk.click('olga', each, 'mass_revert');
    await storms.isDone(each.id);
  }
});

test('kept, each becomes a grant with the approver and an end; who may not hold it is taken out', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // given people of Orders, and some of Payments who may not deploy
  await storms.storm(DEPLOYERS.group, crowd.slice(-30));
  const card = await storms.massCard(DEPLOYERS.group, '30 people were put into');
  expect(wordsOf(card)).toMatch(/policy does not allow 5 of them to hold it/i);

  // when one says so of the two whom the catalogue takes to give it
  await walk.click('olga', card, 'mass_keep');
  const waiting = await storms.massCard(DEPLOYERS.group, 'Olga Brandt: Keep all');
  expect(wordsOf(waiting)).toContain('It takes 2 people to keep them');
  expect((await grantsOf('orders-api-deploy')).length).toBe(0);
  await walk.click('sam', waiting, 'mass_keep');

  // then all is in effect but for one who has never signed in to Anypoint
  await storms.massCard(DEPLOYERS.group, '24 of 25 in effect in MuleSoft; 5 of 5 gone in MuleSoft; 1 waits');
  await walk.request('POST', `/anypoint/sim/users/${crowd[NEVER_SIGNED_IN]}/sign-in`, {});
  await storms.isDone(card.id);
  const grants = await grantsOf('orders-api-deploy');
  expect(grants).toHaveLength(30 - ELSEWHERE);
  expect(grants.every((g) => g.by === 'Sam Whitaker' && g.seconds === 8 * 3_600)).toBe(true);
  await storms.massCard(DEPLOYERS.group, '25 of 25 in effect in MuleSoft; 5 of 5 gone in MuleSoft');
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 25, anypoint: 25 });
  await storms.nothingElseIsTold();
});

test('sent again, renamed and re-imported by the IdP, it is no storm', { timeout: PATIENCE_MS }, async () => {
  const before = await storms.masses();
  await storms.putGroup(DEPLOYERS.group);
  await walk.directory.pushesAll(DEPLOYERS.group);
  const { Resources } = await storms.scim<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?filter=${encodeURIComponent(`displayName eq "${DEPLOYERS.group}"`)}`,
  );
  for (const displayName of ['anypoint-orders-release', DEPLOYERS.group])
    await storms.scim('PATCH', `/Groups/${Resources[0]?.id}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', value: { displayName } }],
    });
  await walk.isQuiet();
  expect(await storms.masses()).toEqual(before);
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 25, anypoint: 25 });
});

test('many taken out at once are one card: put back, and the next time let end', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // given those who were kept
  const held = crowd.slice(-30, -ELSEWHERE);

  // when
  await storms.storm(DEPLOYERS.group, held, 'DELETE');
  const card = await storms.massCard(DEPLOYERS.group, '25 people were taken out of');
  expect(wordsOf(card)).toContain('though access was granted');
  await walk.click('olga', card, 'mass_keep');

  // then
  await storms.isDone(card.id);
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 25, anypoint: 25 });

  // when
  await walk.isQuiet();
  await storms.storm(DEPLOYERS.group, held, 'DELETE');
  const second = await storms.massCard(DEPLOYERS.group, /25 people were taken out of[\s\S]*Waiting for/);
  await walk.click('olga', second, 'mass_revert');

  // then
  await storms.isDone(second.id);
  expect(await grantsOf('orders-api-deploy')).toEqual([]);
  expect(await storms.inBoth(DEPLOYERS)).toEqual({ directory: 0, anypoint: 0 });
});

test('what is reverted at once when it is one is asked when it is many', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  await storms.storm(ADMINS.group, crowd.slice(0, 20));
  const card = await storms.massCard(ADMINS.group, /20 people were put into[\s\S]*Waiting for/);
  expect((await storms.inBoth(ADMINS)).directory).toBe(20);
  await walk.click('olga', card, 'mass_revert');
  await storms.isDone(card.id);
  expect(await storms.inBoth(ADMINS)).toEqual({ directory: 0, anypoint: 0 });
});

test('one that trickles in begins as findings of their own, and ends up on one card all the same', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  // when every event source tells of one after the other
  for (const key of crowd.slice(100, 115)) {
    await walk.directory.adds(PAYMENTS.group, key);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  // then
  const card = await storms.massCard(PAYMENTS.group, '15 people were put into');
  const alone = await walk.until('nothing else is asked', async () => {
    const rows = await walk.query<{ id: string; state: string }>(
      `select id, state from changes where entitlement_key = 'payments-api-read' and doc->>'cause' = 'finding'`,
    );
    return rows.every((row) => row.state === 'withdrawn') && rows;
  });
  for (const { id } of alone)
    await walk.until('its card says where it is asked', async () =>
      (await walk.messages('olga', 'access-requests')).some(
        (m) =>
          m.metadata?.event_payload?.marker === `${id}:card` &&
          wordsOf(m).includes('Asked about with many others'),
      ),
    );

  // when
  await walk.click('sam', card, 'mass_revert');

  // then
  await storms.isDone(card.id);
  expect(await storms.inBoth(PAYMENTS)).toEqual({ directory: 0, anypoint: 0 });
});
