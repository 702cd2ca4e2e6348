import { afterAll, beforeAll, expect, test } from 'vitest';
import { people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import { wordsOf } from '../journeys/journey.ts';
import { scimUserOf } from '../journeys/scim-wire.ts';
import { type Killable, setKillable } from './killable.ts';

const PATIENCE_MS = 120_000;
const CROWD = 60;
const GROUP = 'anypoint-orders-read';
const TEAM = 'Orders API readers';
/** Okta takes so long for one: a set of them takes seconds, so that a kill hits it half-way. */
const SLOW_MS = 150;

const crowd = Array.from({ length: CROWD }, (_, n) => crowdPerson(n));
const [refused] = crowd;

let killable: Killable;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, ...crowd] });
  for (const person of crowd) await killable.scim('POST', '/Users', scimUserOf(person));
});
afterAll(() => killable?.close());

const inIt = async (path: string, name: string) => {
  const lists = await killable.walk.request<{ name: string; members: { key: string | null }[] }[]>(
    'GET',
    path,
  );
  return lists.find((one) => one.name === name)?.members.filter(({ key }) => key?.startsWith('crowd')).length;
};
const inGroup = () => inIt('/okta/sim/groups', GROUP);
const inTeam = () => inIt('/anypoint/sim/teams', TEAM);

test(
  'killed when half of a set is written: its rows finish it, and one whom Okta refuses to take out holds up nobody',
  async () => {
    // given all of them on one card
    const { walk } = killable;
    for (const { key } of crowd) await walk.request('POST', `/okta/sim/groups/${GROUP}/members/${key}`);
    const { id } = await walk.until(
      'all are on one card',
      async () =>
        (
          await walk.query<{ id: string }>(
            `select m.id from mass_changes m where m.state = 'asking' and m.kind = 'finding' and ${CROWD} =
             (select count(*) from mass_change_items i where i.mass_change_id = m.id and i.outcome is null)`,
          )
        )[0],
      PATIENCE_MS,
    );
    const card = await walk.until(
      'the card says how many',
      async () =>
        (await walk.messages('olga', 'access-requests')).find(
          (m) =>
            m.metadata?.event_payload?.marker === `${id}:card` &&
            wordsOf(m).includes(`${CROWD} people were put into`),
        ),
      PATIENCE_MS,
    );

    // when it is reverted, and Latchkey is killed half-way through the writes
    const removal = { vendor: 'okta', method: 'DELETE' } as const;
    await walk.fault({ ...removal, path: `/users/${refused?.oktaId}$`, kind: 'status', status: 500 });
    await walk.fault({ ...removal, path: '/groups/', kind: 'latency', ms: SLOW_MS });
    expect((await walk.click('olga', card, 'mass_revert')).acked).toBe(true);
    await walk.until('some are written', async () => ((await inGroup()) ?? 0) < CROWD - 15, PATIENCE_MS);
    await killable.killAndStart();
    expect(await inGroup()).toBeGreaterThan(5);

    // then all others are gone, and the card is not done
    await walk.until('all others are gone', async () => (await inTeam()) === 1, PATIENCE_MS);
    const seen = await walk.query(`select 1 from audit where type = 'changeSeen'`);
    expect(await walk.query(`select 1 from mass_changes where state = 'done'`)).toEqual([]);
    expect(seen.length).toBeLessThan(CROWD);

    // when Okta takes that one too
    await walk.heal();
    await walk.until(
      'it is done',
      async () => (await walk.query(`select 1 from mass_changes where state = 'done'`)).length === 1,
      PATIENCE_MS,
    );

    // then each was taken out once, with entries of its own
    await killable.isWhole();
    expect([await inGroup(), await inTeam()]).toEqual([0, 0]);
    const removed = (await killable.logged('group.user_membership.remove')).map(({ target }) =>
      target.map((one) => one.id).join(' '),
    );
    expect([removed.length, new Set(removed).size]).toEqual([CROWD, CROWD]);
    const entries = await walk.query<{ types: string[] }>(
      `select array_agg(type order by type) as types from audit a join changes c on c.id = a.change_id
       where c.kind = 'revoke' and type not in ('scimPushed', 'changeLate') group by c.id`,
    );
    expect(entries).toHaveLength(CROWD);
    for (const { types } of entries)
      expect(types).toEqual(['changeApproved', 'changeReceived', 'changeSeen', 'delivered', 'idpWritten']);
  },
  3 * PATIENCE_MS,
);
