import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Evidence } from '../../src/flow/drift/reconcile.ts';
import { type Person, people as seeded } from '../../src/sandbox/seed.ts';
import { crowdPerson } from '../bench/crowd.ts';
import type { Journey } from '../journeys/journey.ts';
import { type Killable, setKillable } from './killable.ts';

const PATIENCE_MS = 90_000;
/** More than come on one page. */
const CROWD = 1_020;
const GROUP = 'anypoint-orders-read';
const GROUP_ID = '00gordersread00001';

const crowd = Array.from({ length: CROWD }, (_, n): Person => {
  const id = String(n).padStart(5, '0');
  return {
    ...crowdPerson(0),
    key: `many${id}`,
    name: `Many ${id}`,
    email: `many${id}@acme.example`,
    slackId: `U00${id}00`,
    slackKind: 'none',
    oktaId: `00umany0000000${id}0`,
    anypointId: null,
  };
});

let killable: Killable;
let walk: Journey;
beforeAll(async () => {
  killable = await setKillable({ people: [...seeded, ...crowd], isAsleep: true });
  walk = killable.walk;
  await killable.silence();
  for (let at = 0; at < CROWD; at += 20)
    await Promise.all(
      crowd
        .slice(at, at + 20)
        .map(({ key }) => walk.request('POST', `/okta/sim/groups/${GROUP}/members/${key}`)),
    );
});
afterAll(() => killable?.close());

/** The list of the large group comes slowly from here on. */
const slow = () =>
  walk.fault({ vendor: 'okta', path: `^/api/v1/groups/${GROUP_ID}/users$`, kind: 'latency', ms: 1_200 });
const heal = async () => {
  await walk.heal();
  await killable.silence();
};

/** Dead once the first page of the large group is stored, while the second is on its way. */
async function killedInTheList(cause: 'baseline' | 'everything'): Promise<void> {
  await walk.until(
    `the ${cause} has a page of the large group`,
    async () => {
      // Before the first start has made the tables there is nothing to ask.
      const rows = await walk
        .query<{ pages: number }>(
          `select p.pages from reconcile_places p join reconcile_runs r on r.id = p.run_id
           where r.cause = $1 and r.finished_at is null and p.external_id = $2`,
          [cause, GROUP_ID],
        )
        .catch(() => []);
      return rows[0]?.pages === 1;
    },
    40_000,
  );
  await killable.kill();
}

/** How often a page of a group's members was asked for, by the group's id. */
async function pagesRead(): Promise<Record<string, number>> {
  const seen = await walk.requests({ vendor: 'okta', method: 'GET', path: '/groups/[^/]+/users$' });
  const ids = seen.map(({ path }) => path.split('/').at(-2) ?? '');
  return Object.fromEntries([...new Set(ids)].map((id) => [id, ids.filter((one) => one === id).length]));
}

const noted = async (type: string) =>
  (
    await walk.query<{ data: Record<string, unknown> }>(
      `select data from audit where type = $1 order by id`,
      [type],
    )
  ).map(({ data }) => data);

test(
  'killed in the middle of the first baseline, it goes on where it was; everybody is recorded once, and nobody is asked about',
  async () => {
    // when
    await walk.request('DELETE', '/control/requests');
    await slow();
    killable.latchkey.launch();
    await killedInTheList('baseline');
    const before = await noted('baselineTaken');
    await heal();
    await killable.latchkey.start();
    await walk.until('the baseline is taken', async () => {
      const rows = await walk.query('select 1 from baselines where group_id = $1', [GROUP_ID]);
      return rows.length === 1;
    });
    await killable.isWhole();

    // then what was taken is not taken again, and of the large group only the page that was missing is read again
    const taken = await noted('baselineTaken');
    expect(taken).toHaveLength(new Set(taken.map(({ groupId }) => groupId)).size);
    expect(taken.slice(0, before.length)).toEqual(before);
    expect(taken.find(({ groupId }) => groupId === GROUP_ID)).toMatchObject({ recorded: CROWD });
    const { [GROUP_ID]: ofLarge, ...others } = await pagesRead();
    expect(ofLarge).toBe(3);
    for (const { groupId } of before) expect(others[String(groupId)], String(groupId)).toBe(1);
    expect(
      await walk.query('select 1 from baseline_members where group_id = $1 and ended_at is null', [GROUP_ID]),
    ).toHaveLength(CROWD);
    expect(await walk.query('select 1 from changes union all select 1 from mass_changes limit 1')).toEqual(
      [],
    );
  },
  PATIENCE_MS,
);

test(
  'killed in the middle of a comparison, the run is taken up where it was, ends, and leaves its evidence once',
  async () => {
    // given somebody added by hand of whom nobody tells, and a last comparison that is long ago
    await walk.request('POST', '/okta/sim/groups/anypoint-orders-deploy/members/erik');
    await walk.query(
      `insert into reconcile_runs (cause, started_at, finished_at, found)
       values ('everything', now() - interval '1 hour', now() - interval '1 hour', '{}')`,
    );

    // when
    await walk.request('DELETE', '/control/requests');
    await slow();
    await killable.killAndStart();
    await killedInTheList('everything');
    const compared = await noted('groupReconciled');
    await heal();
    await killable.latchkey.start();

    // then
    const evidence = await walk.until(
      'the comparison is finished',
      async () => (await noted('reconciled'))[0] as Evidence | undefined,
      40_000,
    );
    expect(evidence).toMatchObject({ unread: [], groups: { finding: 1, lost: 0 } });
    expect(evidence.groups.members).toBeGreaterThanOrEqual(CROWD);
    const found = await walk.until('erik is found', async () => {
      const rows = await walk.query<{ state: string }>(
        `select c.state from changes c join people p on p.id = c.person_id where p.login like 'erik@%'`,
      );
      return rows[0]?.state === 'asking' && rows;
    });
    await killable.isWhole();
    expect(found).toHaveLength(1);
    expect(await noted('reconciled')).toHaveLength(1);
    const groups = (await noted('groupReconciled')).map(({ groupId }) => groupId);
    expect(groups).toHaveLength(new Set(groups).size);
    expect(groups.length).toBeGreaterThan(compared.length);
    expect((await pagesRead())[GROUP_ID]).toBe(3);
    expect(
      await walk.query(
        `select 1 from reconcile_runs where finished_at is null
         union all select 1 from reconcile_members union all select 1 from reconcile_places`,
      ),
    ).toEqual([]);
  },
  PATIENCE_MS,
);
