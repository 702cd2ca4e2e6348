import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { type CardSeen, type Journey, wordsOf } from '../journeys/journey.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { momentsOfRun } from '../seed-of-run.ts';
import { type Killable, setKillable } from './killable.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const PATIENCE_MS = 90_000;
/** Latchkey is started six times, which is most of it. */
const TEST_MS = 300_000;
/** More than one batch of what is decided on one card, and far more than the mass guard lets pass. */
const CROWD = 120;
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';

const crowd = Array.from({ length: CROWD }, (_, n) => crowdPerson(n));

let redis: RedisServer | null = null;
const momentWithin = momentsOfRun('kills in a storm');

let killable: Killable;
let walk: Journey;
beforeAll(async () => {
  redis = hasRedis() ? await startRedis() : null;
  killable = await setKillable({ people: [...seeded, ...crowd], redisUrl: redis?.url ?? null });
  walk = killable.walk;
  for (const person of crowd) await killable.scim('POST', '/Users', scimUserOf(person));
});
afterAll(async () => {
  await killable?.close();
  await redis?.stop();
});

/** Killed, Redis emptied where there is one, and up again. */
async function killFlushed(): Promise<void> {
  await killable.kill();
  await redis?.flush();
  await killable.latchkey.start();
}

/** All of the crowd put into the group at once, and told by one PUT of the whole group. */
async function storm(): Promise<void> {
  await killable.silence();
  for (const { key } of crowd) await walk.request('POST', `/okta/sim/groups/${GROUP}/members/${key}`);
  const users = await walk.query<{ id: string }>(
    `select id from scim_users where user_name like 'crowd%' order by user_name`,
  );
  const { Resources } = await killable.scim<{ Resources: { id: string }[] }>(
    'GET',
    `/Groups?filter=${encodeURIComponent(`displayName eq "${GROUP}"`)}`,
  );
  await killable.scim('PUT', `/Groups/${Resources[0]?.id}`, {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: GROUP,
    members: users.map(({ id }) => ({ value: id })),
  });
}

const mass = async () =>
  (
    await walk.query<{ id: string; state: string }>(
      `select id, state from mass_changes where kind = 'finding' order by opened_at`,
    )
  ).at(-1) ?? null;

const cardSays = (id: string, words: string): Promise<CardSeen> =>
  walk.until(`the card says ${words}`, async () =>
    (await walk.messages('olga', 'access-requests')).find(
      (m) => m.metadata?.event_payload?.marker === `${id}:card` && wordsOf(m).includes(words),
    ),
  );

const left = async () => {
  const lists = await walk.request<{ name: string; members: { key: string | null }[] }[]>(
    'GET',
    '/anypoint/sim/teams',
  );
  return lists.find(({ name }) => name === TEAM)?.members.filter(({ key }) => key?.startsWith('crowd'))
    .length;
};

const carriedOut = async (id: string) =>
  Number(
    (
      await walk.query<{ n: string }>(
        'select count(*) as n from mass_change_items where mass_change_id = $1 and outcome is not null',
        [id],
      )
    )[0]?.n,
  );

test(
  'killed while a storm arrives, put on its card and reverted, with Redis emptied each time: one card, each taken out once',
  async () => {
    // when the storm arrives, and Latchkey is killed as soon as that is answered, and while the group is looked at
    await storm();
    await killFlushed();
    await walk.until('the group is looked at', async () => {
      const rows = await walk.query(`select 1 from reconcile_runs where cause = 'checkGroup'`);
      return rows.length > 0;
    });
    await sleep(momentWithin(100));
    await killFlushed();

    // then
    const { id } = await walk.until('there is a card', mass);
    const card = await cardSays(id, `${CROWD} people were put into`);

    // when Okta speaks again, the owner reverts it, and Latchkey is killed after the click, in the first batches and
    // while Anypoint is worked off
    await killable.unsilence();
    expect((await walk.click('olga', card, 'mass_revert')).acked).toBe(true);
    await killFlushed();
    await walk.until('some are worked off', async () => (await carriedOut(id)) > 0);
    await sleep(momentWithin(100));
    await killFlushed();
    await walk.until('some are out', async () => ((await left()) ?? CROWD) < CROWD - 10);
    await killFlushed();

    // then
    await walk.until('it is done', async () => (await mass())?.state === 'done', PATIENCE_MS);
    await killable.isWhole();
    await cardSays(id, `${CROWD} of ${CROWD} gone in MuleSoft`);
    expect(await left()).toBe(0);
    for (const { key } of crowd.slice(0, 3)) expect(await walk.isInGroup(key, GROUP)).toBe(false);
    expect(await walk.query('select 1 from mass_changes')).toHaveLength(1);
    const removed = (await killable.logged('group.user_membership.remove')).map(({ target }) =>
      target.map((one) => one.id).join(' '),
    );
    expect(removed).toHaveLength(CROWD);
    expect(new Set(removed).size).toBe(CROWD);
    const twice = await walk.query(
      `select person_id, doc->>'kind' as kind from changes group by 1, 2 having count(*) > 1`,
    );
    expect(twice).toEqual([]);
    const told = await walk.query(
      `select 1 from messages m join changes c on c.id = m.about_id join people p on p.id = c.person_id
       where p.login like 'crowd%'`,
    );
    expect(told).toEqual([]);
    const types = await walk.query<{ type: string; n: number }>(
      `select type, count(*)::int as n from audit where data->>'massChangeId' = $1
       and type in ('massOpened', 'massDecided', 'massDone') group by 1 order by 1`,
      [id],
    );
    expect(types).toEqual([
      { type: 'massDecided', n: 1 },
      { type: 'massDone', n: 1 },
      { type: 'massOpened', n: 1 },
    ]);
  },
  TEST_MS,
);
